"""Strings for the oracles: soups of shell fragments, and scripts of a small grammar with a few of their pieces changed.

All names are harmless, and no string holds a slash, so nothing outside the working directory can be named.
"""

import random
from collections.abc import Iterator

FRAGMENTS = [
    "aa", "bb", "pp", "qq", " ", " ", " ", " ", "  ", "\n", "\n", "\\\n", "\\", "'", '"', "`", "`", "$(", "$(", ")",
    ")", "(", "{ ", "; }", "{", "}", "${x:-", "${x}", "$x", "${x#", "}", "$'", "'", "\\x41", "&&", "||", "|", "|&",
    ";", ";", "&", ">f", "<f", ">&2", "2>f", "<<E\n", "\nE\n", "<<'E'\n", "#", "[", "]", "[[ ", " ]]", "((", "))",
    "if ", "then ", "fi", "do ", "done", "while ", "for i in ", " in ", "case ", "esac", ";;", "! ", "time ",
    "coproc ", "function ", "f()", "ff()", "=", "x=", "x=(", "y=1 ", "*", "?", "~", "\t", "\r", "!", "$", '"', '$"',
    "<(", ">(", "$((", "1", "+", "a[", "a[1]=", "eval ", "select ", "else ", "elif ", "until ", "echo ", "\\`",
    '\\"', "\\'", "\\$", "aa bb", "pp qq", "{a,b}", "{1..2}", "-", "--", ",", '"$(', '")', "'`", "`'", "command ",
    "exec ", "\\\\", "$[", "]", "@", "^", "%", "!(", "\x0b", "\u00a0", "$''", '""', "''", "<<-E\n", "\tE\n", "&>f",
    "$#", "$!", "# c\n", "\\\n#", "${#x}", "${!x}", "declare ", "export ", "[ ", " ]", "test ", "aa;", "; bb",
    "x=qq;", "$x ", '"$x"', "bash -c ", "'aa bb'", "set -- ", '"$@"', "$1 ", "shift;", "cd .;", "f(){ ", "f ",
    "break;", "return;", "local ", "unset x;", "read x;", "true ", "false ", ": ", "${x%V}", "${x:=pp}", "${y-qq}",
    "printf ", "%s ", "X'V ", "{a,b}{c,d}", "{aa,'b b'}", "$'\\t'", "y+=2 ", "x=aa bb ", "env ", "let ", "x++ ",
    "<<\\E\n", '<<"E"\n', "<<<", "$_ ", "${x/V/q}", "${x,,}", "${x^}", "${x:1}", "${@}", "$*", "${1-aa}", "|| {",
    "aa&", ">|f", "<>f", ">>f", "3>f", "{v}>f", ">&-", "2>&1 ", "a=(1 2)", "${a[0]}", "${a[@]}", '"${a[@]}"', "a[0]",
    "=~ ", "== ", "-f ", "-z ", "< ", "> ", "&& [[ ", "return 1;", "continue;", "exit;", "esac;", "in x) ", "x|y) ",
    ";&", ";;&", "(aa) ", "done;", "fi;", "do aa;", "then bb;", "trap aa EXIT;", "pushd .;", "umask;", "é", "\u200b",
    "{3..1}", "{1..9..3}", "{a..e..2}", "{z..}", "{-1..1}", "{1..01}", "{,a}", "{a,}", "{{a,b},c}", "{a,$x}", "{a..C}", "}b",
]  # fmt: skip
ZSH_FRAGMENTS = [
    "=aa", "=", "=(", ">!f", ">>!f", "&|", "&!", "(N)", "(#q", "(e:'aa':)", "(+f)", "^aa", "~f", "#", "##", "<1-3>", "<->",
    "${(e)x}", "${(P)x}", "${=x}", "${~x}", "${^x}", "$=x", "$~x", "$^x", "$+x", "${+x}", "${x:h}", "$x:t", "$x[1]", "$x[(e)a]",
    "~[x]", "~+", "~-", "~aa", "repeat 2 ", "repeat 2 { ", "noglob ", "nocorrect ", "- ", "foreach ", "end ", "always {", "} always { ",
    "function { ", "() { ", "(){ ", "{ aa }", "if [[ x ]] { ", "for x (aa bb) ", "for x y in ", "while [[ ", "aa() bb", "f g() { ",
    "time ", "builtin ", "[[ x =~ ", "[[ x == ", "print ", "setopt extendedglob;", "setopt shwordsplit;", "emulate sh;", "zmodload ",
    "autoload ", "typeset x=", "integer i=", "float ", "x=(aa bb) ", "x+=aa", "$x ", "${x}", "{aa,bb}", "{a-c}", "'a''b'", "$'\\e'",
    "coproc ", "select x in ", "case x { ", "x) ", "(x) ", ";|", "|&", "<<<", "<<E\n", "<(", ">(", "=(aa)", "$(<f)", "$((x))",
    "[aa]", "!aa", "!!", "!$", "%1", "%aa", "^a^b", "*(.)", "**", "a~b", "(aa|bb)", "aa(bb)", "@(aa)", "[^a]", "{", "}", ";", "\n",
    "$#x", "$#aa", "$12", "12>f", ">&p", "$'\\C-a'", "$'\\q'", "x=a:=b ", "a}b", "chpwd(){ ", "argv=aa;", "path=aa;", "$argv ", "cd -1;", "zz[1]=a ",
]  # fmt: skip
_INTO = [
    "'",
    '"',
    "\\",
    "\n",
    " ",
    ";",
    "&",
    "|",
    "(",
    ")",
    "{",
    "}",
    "$",
    "`",
    "#",
    "<",
    ">",
    "=",
    "!",
    "\\\n",
    "$(",
    "${",
    "[",
    "]",
    "*",
    "~",
]


def soup(seed: int, *, zsh: bool = False) -> Iterator[str]:
    """Endless strings of fragments in any order; the same for the same seed."""
    source = random.Random(seed)  # noqa: S311 - reproducible, not secret
    while True:
        words = [
            source.choice(ZSH_FRAGMENTS if zsh and source.random() < 0.3 else FRAGMENTS)
            for _ in range(source.randint(2, 13))
        ]
        yield "".join(words)


def mutants(seed: int, *, zsh: bool = False) -> Iterator[str]:
    """Endless scripts of a small grammar, most with one to three changes; the same for the same seed."""
    source = random.Random(seed)  # noqa: S311 - reproducible, not secret
    while True:
        text = _list(source, 2)
        for _ in range(source.choice((0, 1, 1, 2, 3))):
            place = source.randrange(len(text) + 1)
            match source.randrange(4):
                case 0:
                    text = text[:place] + source.choice(_INTO) + text[place:]
                case 1:
                    text = text[:place] + text[place + 1 :]
                case 2:
                    text = text[:place] + source.choice(ZSH_FRAGMENTS if zsh else FRAGMENTS) + text[place:]
                case _:
                    other = source.randrange(len(text) + 1)
                    text = text[:place] + text[other : other + source.randint(1, 12)] + text[place:]
        yield text


_DATA = (
    "'a[$(aa)]'", "'($(aa))'", "'([0]=$(aa))'", "'([$(aa)]=1)'", "'$(aa)'", "'`aa`'", '"(\\$(aa))"', "'x=($(aa))'", "'x[$(aa)]=1'",
    "'x[$(aa)]'", "'a[$(aa)]'bb", "'x+=($(aa))'", "' ($(aa))'", "'aa'", "1",
)  # fmt: skip
"""Texts that run something only where a shell evaluates them once more."""
_BEFORE = (
    "",
    "",
    "x=(); ",
    "declare -a x; ",
    "declare -A x=(); ",
    "declare -i x; ",
    "x=1; ",
    "y='$(aa)'; ",
    "set -- q; ",
)
_DECLARED = ("", "", "-a ", "-A ", "-i ", "-x ", "-ga ", "-r ", "-n ", "$o ")
_EVALUATING = (
    "declare {o}x={d}", "declare {o}{d}", "typeset {o}x={d}", "export {o}x={d}", "readonly {o}x={d}", "f() {{ local {o}x={d}; }}; f",
    "declare {o}x+={d}", "y={d}; declare {o}x=$y", 'y={d}; declare {o}"x=$y"', "y={d}; declare {o}$y", "command declare {o}x={d}",
    "x={d}; ((x))", "x={d}; echo $((x + 1))", "x={d}; let x", "let {d}", "[[ {d} -eq 1 ]]", "[ {d} -eq 1 ]", "x={d}; [[ $x -lt 1 ]]",
    "x={d}; [[ x -lt 1 ]]", "test -v {d}", "[[ -v {d} ]]", "[[ -t {d} ]]", "printf -v {d} q", "read {d} <<< q", "read -a {d} <<< q",
    "read -n {d} y <<< q", "read -t {d} y <<< q", "unset {d}", "RANDOM={d}", "OPTIND={d}", "SECONDS={d}", "HISTCMD={d}", "LINENO={d}",
    "RANDOM={d} aa", "for RANDOM in {d}; do :; done", "read RANDOM <<< {d}", "echo ${{x:{d}}}", "echo ${{x:0:{d}}}", "echo ${{x[{d}]}}",
    "echo ${{@:{d}}}", "x[{d}]=1", "x=([{d}]=1)", "y={d}; echo ${{x[y]}}", "y={d}; echo ${{x[$y]}}", "y={d}; x[y]=1", "y={d}; echo ${{x:y}}",
    "mapfile -O {d} y <<< q", "mapfile -C {d} -c 1 y <<< q", "trap {d} EXIT", "eval {d}", "y={d}; eval $y", "y={d}; echo ${{y@P}}",
    "y={d}; echo ${{!y}}", "wait -p {d} 1", "getopts a {d}", "shift {d}", "exit {d}", "f() {{ return {d}; }}; f", "while :; do break {d}; done", "printf %d {d}", "printf %i {d}", "printf '%*s' {d} q", "echo {{1..{d}}}", "umask {d}", "hash {d}",
    "for ((i={d}; i < 1; i++)); do :; done", "select {d} in a; do :; done", "x={d}; $x", 'x={d}; "$x"', "x={d}; bb $x", "bb <<< {d}",
    "bb <<E\n{d}\nE", "PS4={d}; set -x; bb", "echo ${{x:-{d}}}", 'echo "${{x:-{d}}}"', "echo ${{x/q/{d}}}", "echo ${{x#{d}}}", "case {d} in aa) bb;; esac",
)  # fmt: skip


def evaluated(seed: int) -> Iterator[str]:
    """Endless scripts that hand data to what may evaluate it; the same for the same seed."""
    source = random.Random(seed)  # noqa: S311 - reproducible, not secret
    while True:
        form = source.choice(_EVALUATING).format(d=source.choice(_DATA), o=source.choice(_DECLARED))
        yield source.choice(_BEFORE) + form


def distinct(strings: Iterator[str], count: int) -> list[str]:
    """The next ``count`` different strings that may be run, fewer where there are no more."""
    found: dict[str, None] = {}
    for text in strings:
        if text.strip() and "/" not in text and "\0" not in text:
            found[text] = None
            if len(found) == count:
                break
    return list(found)


def _list(r: random.Random, depth: int) -> str:
    return r.choice(["; ", " && ", " || ", "\n", " | ", " & ", ";", "\n\n"]).join(
        _command(r, depth) for _ in range(r.randint(1, 3))
    )


def _command(r: random.Random, depth: int) -> str:
    if depth == 0 or r.random() < 0.45:
        return _simple(r, depth)
    inner = [_list(r, depth - 1) for _ in range(3)]
    return r.choice([
        "( {0} )", "{{ {0}; }}", "if {0}; then {1}; fi", "if {0}; then {1}; else {2}; fi", "if {0}; then {1}; elif {2}; then {0}; fi",
        "while {0}; do {1}; break; done", "until {0}\ndo {1}\nbreak\ndone", "for i in aa 'b c' $x *.py; do {0}; done", "for i; do {0}; done",
        "case $x in a|XV) {0};; (*) {1} ;; esac", "case aa in\naa) {0}\n;;\nesac", "f() {{ {0}; }}; f aa", "function g {{ {0}\n}}\ng 1", "! {0}",
        "time {0}", "[[ -f x && $x == X* ]] || {0}", "if ((x > 1)); then {0}; else {1}; fi", "{{ {0}; }} > out 2>&1", "( {0} ) < in &\n{1}",
        "for ((i=0; i<2; i++)); do {0}; done", "[[ a =~ ^(b|c)+$ ]] || {0}", "coproc {{ {0}; }}", "x=aa; {0}", "set -- aa 'b b'; {0}",
        "aa <<E\n{0}\nE\n{1}", "aa <<'E'\n{0}\nE\n{1}", "aa <<-E | bb\n\t{0}\n\tE\n{1}", "eval '{0}'" if "'" not in inner[0] else "{0}",
        "cd . && {0}", "{0} # {1}", "a=(1 'b b' $x); {0}", "local x; {0}", "x=1 {0}", "true && {0} || {1}", "f() ( {0} ); f",
    ]).format(*inner)  # fmt: skip


def _simple(r: random.Random, depth: int) -> str:
    words = [
        r.choice(
            [
                "aa",
                "bb",
                "pp",
                "qq",
                "y=1 aa",
                "'aa'",
                'a"a"',
                "\\aa",
                "echo",
                "command bb",
                "$x",
                ":",
                "printf",
                "aa",
            ]
        )
    ]
    words += [_word(r, depth) for _ in range(r.randint(0, 3))]
    if r.random() < 0.3:
        words.append(
            r.choice(
                [
                    "> out",
                    ">> 'a b'",
                    "2>&1",
                    "< out",
                    "&> all",
                    "2> n",
                    ">| f",
                    "<<< text",
                    "3<> f",
                    ">&2",
                    "<<E\nw $x\nE",
                ]
            )
        )
    return " ".join(words)


def _word(r: random.Random, depth: int) -> str:
    if depth and r.random() < 0.25:
        inner = _list(r, depth - 1)
        if "`" not in inner and r.random() < 0.3 and not any(c in inner for c in "\\$\"'"):
            return f"`{inner}`"
        return r.choice(
            ["$({0})", '"$( {0} )"', "<( {0} )", "${{v:-$( {0} )}}", '"${{x:+$({0})}}"', ">({0})"]
        ).format(inner)
    return r.choice([
        "a", "-n", "--opt=val", "'single $x'", '"double $x"', "$x", "${y}", '"${a[@]}"', "${#x}", "a{b,c}d", "{1..3}", "{a,'b c'}",
        "*.txt", "~", "a\\ b", "$'tab\\t'", '"a\\"b"', "$((1 + 2))", "${x%.*}", "${x:-def}", "[a-z]*", "a=b", "#no", "x#y", "${x:-a b}",
        "!", "a]b", "%", "@", "${x,,}", "$?", "$#", '""', "''", "ab'c'\"d\"", "\\$x", "=", "+", "2", "{}", "--", '"$@"', "$*", "$1",
        '"${x:-"q r"}"', "${x#X}", '"`echo a`"', "$(echo aa bb)", '"$(echo "a  b")"', "$y", "a$x", '"$x"$x', "é", "{a..c}", "{01..03}",
    ])  # fmt: skip
