"""Commands of every form of the shells, taken to tokens, with some of the tokens and of the gaps between them changed.

Where soup seldom makes a whole compound command, this one tries what stands between and beside its words.
"""

import random
from collections.abc import Iterator

_FORMS = (
    "for i in aa bb ; do aa ; done", "for i ; do aa ; done", "for i do aa ; done", "select i in aa ; do aa ; break ; done",
    "while aa ; do bb ; done", "until aa ; do bb ; done", "if aa ; then bb ; fi", "if aa ; then bb ; else pp ; fi",
    "if aa ; then bb ; elif pp ; then qq ; fi", "case $x in aa ) bb ;; esac", "case $x in ( aa | bb ) pp ;; * ) qq ;; esac",
    "case aa in aa ) ;; esac", "case aa in esac", "{ aa ; }", "( aa )", "( aa ; bb )", "f ( ) { aa ; }", "function f { aa ; }",
    "function f ( ) { aa ; }", "f ( ) ( aa )", "f ( ) if aa ; then bb ; fi", "! aa", "time aa", "time -p aa", "! ! aa",
    "aa | bb", "aa |& bb", "aa && bb", "aa || bb", "aa &", "aa & bb", "[[ aa ]]", "[[ -f aa ]]", "[[ aa == bb ]]",
    "[[ aa =~ b+ ]]", "[[ aa && bb ]]", "[[ ( aa ) ]]", "[[ ! aa ]]", "[[ aa -eq 1 ]]", "(( x ))", "(( x + 1 ))",
    "for (( i=0 ; i<2 ; i++ )) ; do aa ; done", "for (( ; ; )) ; do aa ; break ; done", "coproc aa", "coproc { aa ; }",
    "coproc f { aa ; }", "coproc ( aa )", "x=1 aa", "x=( aa bb )", "x+=( aa )", "declare x=( aa )", "declare -a x=( 'b b' )",
    "x[1]=aa", "x= aa", "export x=1 y", "aa > f", "> f aa", "aa 2>&1", "aa <<< bb", "aa >& f", "aa &> f", "{ aa ; } > f",
    "( aa ) 2> f", "if aa ; then bb ; fi < f", "aa <<E\nbb $x\nE\n", "aa <<'E'\nbb\nE\n", "aa <<E | bb\npp\nE\n", "aa $( bb )",
    'aa "$( bb )"', "aa ` bb `", "aa <( bb )", "aa $(( 1 + 2 ))", "aa ${x:- bb }", "aa ${x/ b / c }", "aa ${x: 1 : 2 }",
    "aa {a, b}", "aa * ? [a-z]", 'aa \'b b\' "$x"', "aa $'b'", "aa # c\nbb", "aa \\\nbb", "eval 'aa bb'", "set -- aa",
    "aa ${#x} $# $? $! $$ $- $0 $@ $*", "echo $x$y", "trap 'aa' EXIT", "[ aa = bb ]", "test aa", "let x=1", "break", "return 1",
    "f", "!", "aa !", "aa {", "aa }", "{aa", "aa then", "then=1", "aa do done",
)  # fmt: skip
_ZSH_FORMS = (
    "for x in aa bb ; { aa ; }", "for x ( aa bb ) { aa ; }", "for x ( aa ) bb", "foreach x ( aa ) bb ; end",
    "repeat 2 do aa ; done", "repeat 2 aa", "repeat 2 { aa ; }", "if [[ aa ]] { bb ; }", "if ( aa ) { bb ; } else { pp ; }",
    "while ( aa ) { bb ; }", "case x { aa ) bb ;; }", "case x in ( aa | bb ) pp ;| esac", "{ aa ; } always { bb ; }",
    "f ( ) aa", "function f aa", "( ) { aa ; } bb", "function { aa ; } bb", "f g ( ) { aa ; }", "function f g { aa ; }",
    "select x in aa ; aa", "aa &!", "aa &|", "aa >! f", "aa >>| f", "aa > f > g", "< f", "noglob aa *", "- aa", "nocorrect aa",
    "time", "time ( aa )", "coproc aa", "x=( [1]=aa )", "aa =( bb )", "aa *(N) b^c a~b",
    "aa <1-2> ${(f)x} $x[1] ${x[1,2]} ${x:t}", "typeset x=( aa )", "typeset -A x=( a b )", "x[1]=aa", "x[1,2]=( aa )",
    "print -r -- aa", "! [[ aa ]]", "[[ aa -nt bb ]]", "[[ aa < bb ]]", "(( x ))", "for (( i=0 ; i<2 ; i++ )) { aa ; }",
    "for (( i=0 ; i<2 ; i++ )) aa", "until ( aa ) { bb ; }", "if aa ; then bb ; fi > f", "aa ; }", "aa }", "{ aa }", "{aa}",
    "( aa ) bb", "exec aa", "command -v aa", "local x", "aa 2>&1 | bb", "aa |& bb", "aa >& f", "aa &>> f", "aa <<< bb",
    "declare -x x=1 aa",
)  # fmt: skip
_TOKENS = (
    "for", "in", "do", "done", "while", "if", "then", "elif", "else", "fi", "case", "esac", "select", "until", "function",
    "time", "coproc", "{", "}", "(", ")", "((", "))", "[[", "]]", "!", ";", ";;", ";&", ";;&", "&", "&&", "|", "||", "|&", "\n",
    "\n", "\n", "# c\n", "\\\n", "aa", "bb", "i", "f", "x=1", "x=", "x+=1", "x=(", "x[1]=1", "x[1]", "$x", '"$x"', "'aa'",
    '"aa"', "\\aa", "aa=1", "-p", "--", "-f", "=", "==", "=~", "<", ">", "> f", "2>&1", "< f", ">&-", ">& f", "&> f", "<<< aa",
    "<<E\naa\nE\n", "<<E", "\nE\n", "$(", "`", "${", "$((", "<(", "1", "2>", "{x}>f", "*", "?", "[a]", "~", "{a,b}", "#", "$",
    '"', "'", "f()", "()", "$(aa)", "`aa`", "<(aa)", "$((1))", "${x}", "export", "declare", "command", "builtin", "exec",
    "eval", "-a", "$'a'", '$"a"', "''", '""', "+=", "]", "[", ",", ":", "%", "@", "^", "1>", "é",
)  # fmt: skip
_ZSH_TOKENS = (
    "repeat", "foreach", "end", "always", "nocorrect", "noglob", "-", "&|", "&!", ";|", ">!", ">>|", "=aa", "=(aa)", "(N)",
    "<1-2>", "$x[1]", "^", "~", "#", "() {", "function {", "{fd}>", "$+x", "${(f)x}", "1 2", "**", "*(.)", "(a|b)", "[[ x ]]",
    "typeset", "integer", "local", "let", "print", "print -P", "x y", "!!", "!aa", "%1",
)  # fmt: skip
_GAPS = (
    " ", " ", " ", " ", " ", " ", " ", " ", " ", " ", "", "", "\n", "  ", "\t", " \n", "\n ", "\\\n", " # c\n", "#", ";", " ;",
    "; ", "&", " & ", "\n\n", " \\\n",
)  # fmt: skip


_NAMES = frozenset(("aa", "bb", "pp"))
"""Tokens of a form in whose place another form may stand."""


def joints(seed: int, *, zsh: bool = False) -> Iterator[str]:
    """Endless such strings; the same for the same seed."""
    source = random.Random(seed)  # noqa: S311 - reproducible, not secret
    forms, tokens = (_FORMS + _ZSH_FORMS, _TOKENS + _ZSH_TOKENS) if zsh else (_FORMS, _TOKENS)
    while True:
        found = source.choice(forms).split(" ")
        for _ in range(source.choice((0, 0, 1, 1, 2))):
            names = [place for place, token in enumerate(found) if token in _NAMES]
            if names:
                place = source.choice(names)
                found[place : place + 1] = source.choice(forms).split(" ")
        for _ in range(source.choice((0, 1, 1, 1, 2, 2))):
            place = source.randrange(len(found) + 1)
            match source.randrange(5):
                case 0:
                    del found[place : place + 1]
                case 1:
                    found[place : place + 1] = [source.choice(tokens)]
                case 2:
                    found[place : place + 2] = found[place : place + 2][::-1]
                case _:
                    found.insert(place, source.choice(tokens))
        odd = source.random() < 0.6
        yield "".join(
            token + (source.choice(_GAPS) if odd and source.random() < 0.35 else " ") for token in found
        )
