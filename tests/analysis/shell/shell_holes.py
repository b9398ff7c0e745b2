"""Places of a script with a hole, filled with a few characters or with what another generator makes, and nested.

Where the other generators seldom make a word of odd characters in a given place, this one tries every place.
"""

import random
from collections.abc import Iterator

import shell_joints
import shell_soup

_CHARACTERS = "aA'\"\\$`(){}[]<>&|;\n #=+~!*?1-_:,.^%@é"
_PLACES = (
    "\0", "a \0", "\0 a", "a \0 b", "a\0b", "x=\0", "x=\0 b", "x=(\0)", "x=(a \0 b)", "a >\0", "a > \0 b", "a <<\0\nE\n",
    "case a in \0) b;; esac", "case a in (\0) b;; esac", "case \0 in a) b;; esac", "case a in a) \0;; esac", "[[ \0 ]]",
    "[[ a == \0 ]]", "[[ -f \0 ]]", "for i in \0; do b; done", "for \0; do b; done", "{ \0; }", "{ a \0}", "(\0)", "( \0 )",
    'a "\0"', "a ${x\0}", "a ${x:-\0}", 'a "${x:-\0}"', "a $(\0)", 'a "$(\0)"', "a <(\0)", "a >(\0)", "((\0))", "a $((\0))",
    "a <<E\n\0\nE\n", "a <<'E'\n\0\nE\n", "f\0 { a; }", "f() \0", "function \0 { a; }", "if \0 then b; fi", "if a; then b; \0",
    "while a\0do b; done", "a\0\nb", "! \0", "time \0", "\0 | b", "a | \0", "\0 && b", "a && \0", "\0 &", "export \0", "export x\0",
    "'a'\0", "a $x\0", "a ${x}\0", "a $(b)\0", "a `b`\0", "a 2\0", "a $'\0'", "a `\0`", 'a "`\0`"', "(a)\0", "{ a; }\0", "((1))\0",
    "[[ a ]]\0", "x=1\0", "x=1 \0", "f() { a; }\0", "a {\0}", "a [\0]", "a *\0", "a ~\0", "{\0", "a $\0", "case a in a)\0",
    "case a in (a)\0", "for i in a\0do b; done", "for ((\0)); do b; done", "for ((a;b;c))\0", "a >f\0", "a >(b)\0", "a <(b) \0",
    "a $$\0", "a $?\0", "a $#\0", "a $1\0", "a $*\0", "\0 # it's (\nb", "a # \0\nb", "a \\\n\0", "x=$(\0)", "[[ $(\0) == a ]]",
    "case $(\0) in a) b;; esac", "a $(($(\0)+1))", "a <<E\n$(\0)\nE\n", "a <<E; b\n\0\nE\nc", "f() { \0\n}", "\0 <<E\nb\nE\n", "\0 > f",
)  # fmt: skip


def holes(seed: int, *, zsh: bool = False) -> Iterator[str]:
    """Endless such strings; the same for the same seed."""
    source = random.Random(seed)  # noqa: S311 - reproducible, not secret
    others = (
        shell_joints.joints(seed, zsh=zsh),
        shell_joints.joints(seed + 1, zsh=zsh),
        shell_soup.mutants(seed + 2, zsh=zsh),
    )
    while True:
        if source.random() < 0.5:
            text = "".join(source.choices(_CHARACTERS, k=source.randint(1, 6)))
        else:
            text = next(source.choice(others)).rstrip(" ")
        for _ in range(source.choice((1, 1, 2, 2, 3))):
            text = source.choice(_PLACES).replace("\0", text)
        if source.random() < 0.3:
            place = source.randrange(len(text) + 1)
            text = text[:place] + source.choice(_CHARACTERS) + text[place:]
        yield text
