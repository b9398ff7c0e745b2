"""Paths as text: absolute, lexically normal, and as glob patterns. Nothing here looks at a file system."""

import posixpath
import re
import unicodedata
from collections.abc import Mapping, Sequence

from bailiwick.model.access import PathTarget
from bailiwick.model.regex import regex

_MAGIC = regex(r"[\\*?\[\]{},]")
_ESCAPED = regex(r"\\(.)", re.DOTALL)
_PROCESS_LINK = regex(r"/proc/[^/]+/(?:task/[^/]+/)?(?:root|cwd|fd|map_files|exe)(?:/|\Z)")
_SIGNPOST = regex(r"/\.git(?:/(?:.+/)?(?:commondir|gitdir|[\w.-]*todo[\w.-]*))?\Z", re.DOTALL)
_EXCLUSION = regex(r"!(?:\{([^{}]+)\}|[^{},]+)")
_ANY_DEPTH = regex(r"(?:\*\*/(?=.)|(?!.*/))(?!.*\*\*)([\w.@+*-]+(?:/[\w.@+*-]+)*)", re.ASCII)
_SPACE = "\t\n\v\f\r \xa0\u1680\u2028\u2029\u202f\u205f\u3000\ufeff" + "".join(
    map(chr, range(0x2000, 0x200B))
)
"""What the client trims from a path (ECMAScript white space)."""


RIPGREP_TYPES: Mapping[str, tuple[str, ...]] = {
    "css": ("css", "scss"),
    "go": ("go",),
    "html": ("htm", "html", "ejs"),
    "js": ("js", "jsx", "mjs", "cjs", "vue"),
    "md": ("markdown", "md", "mdown", "mdwn", "mdx", "mkd", "mkdn"),
    "py": ("py", "pyi"),
    "rust": ("rs",),
    "ts": ("ts", "tsx", "mts", "cts"),
    "yaml": ("yaml", "yml"),
}
"""File name endings of ripgrep's own types (``rg --type-list``, 14.1); a type that is not listed narrows nothing."""


def absolute(path: str, *, cwd: str, home: str) -> str:
    """``path`` as the kernel would look it up from ``cwd``, with ``~`` expanded and ``.``/``..`` removed.

    Removing ``..`` lexically differs from the kernel where a parent is a symbolic link, which is why every
    path is also judged by its real path.
    """
    if path == "~" or path.startswith("~/"):
        path = home + path[1:]
    joined = posixpath.join(cwd or "/", path)
    return "/" + posixpath.normpath(joined).lstrip("/")


def escaped(path: str) -> str:
    """``path`` as a glob that matches just itself."""
    return _MAGIC.sub(r"\\\g<0>", path)


def tree(path: str, *, without: Sequence[str] = ()) -> PathTarget:
    """``path`` and everything below it but what the globs ``without``, relative to it, match."""
    base = escaped(path.rstrip("/"))
    return PathTarget(path=f"{base}/**", pattern=True, excluded=tuple(f"{base}/{glob}" for glob in without))


def left_out(glob: str) -> tuple[str, ...]:
    """What an exclusion of ripgrep (``!**/.env``, ``!{.env,**/keys/*.pem}``) leaves out, as globs below where it looks.

    Empty where ``glob`` is none, or its meaning depends on where it is read from.
    """
    exclusion = _EXCLUSION.fullmatch(glob)
    if exclusion is None:
        return ()
    names = [any_depth(name) for name in (exclusion[1] or glob[1:]).split(",")]
    return tuple(f"{name}/**" for name in names) if all(names) else ()


def any_depth(glob: str) -> str:
    """A file name's glob of a search tool as one for any depth below where it looks; empty if it is more than that.

    Only what ripgrep, ``fnmatch`` and this house's dialect all take the same way counts as one.
    """
    name = _ANY_DEPTH.fullmatch(glob)
    return f"**/{name[1]}" if name else ""


def spellings(path: str, *, cwd: str, home: str) -> tuple[str, ...]:
    """The absolute paths that a tool may take ``path`` for: as spelled, and as the client mends it.

    The client trims white space and composes characters (NFC) before it looks a path up.
    """
    mended = unicodedata.normalize("NFC", path.strip(_SPACE))
    both = (absolute(mended, cwd=cwd, home=home), absolute(path, cwd=cwd, home=home))
    return tuple(dict.fromkeys(both))


def in_process(path: str) -> bool:
    """Whether a path goes through a link of proc(5) that only the process it belongs to can be asked about.

    To us ``/proc/self`` is another process than to whoever uses the path.
    """
    return path.startswith("/proc/") and _PROCESS_LINK.match(path) is not None


def is_signpost(path: str) -> bool:
    """Whether git takes from this file where its configuration and hooks lie, or what it runs next; it writes them itself."""
    return "/.git" in path and _SIGNPOST.search(path) is not None


def fixed_part(pattern: str) -> tuple[str, str]:
    """The deepest directory that every match of a glob lies in or is, as a path, and the rest of the glob."""
    segments = pattern.split("/")
    fixed: list[str] = []
    for segment in segments:
        if set("*?[{") & set(_ESCAPED.sub("", segment)):
            break
        fixed.append(_ESCAPED.sub(r"\1", segment))
    return "/".join(fixed) or "/", "/".join(segments[len(fixed) :])


def under(directory: str, rest: str) -> str:
    """The glob ``rest`` below the plain path ``directory``; just that path when ``rest`` is empty."""
    base = escaped(directory.rstrip("/"))
    return f"{base}/{rest}" if rest else base or "/"
