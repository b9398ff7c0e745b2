"""What kind of file a file of a skill is: by its path, and by its first line where that decides."""

import posixpath
import re

DOCUMENT = frozenset(
    (".md", ".mdx", ".markdown", ".mdc", ".txt", ".rst", ".adoc", ".org", ".html", ".htm", ".prompt")
)
FIXTURES = re.compile(
    r"(?:^|/)(?:tests?|__tests__|testdata|test-?data|fixtures?|evals?|spec|specs|mocks?|__mocks__|samples/malicious|examples?/(?:malicious|bad|vulnerable|attacks?))(?:/|$)|(?:^|/)(?:test_[\w-]+\.\w+|[\w-]+[._](?:test|spec)\.\w+)$"
)
BACKGROUND = re.compile(
    r"(?:^|/)(?:LICENSE|NOTICE|CODE_OF_CONDUCT|AUTHORS|THIRD_PARTY\w*)(?:\.\w+)?$",
    re.IGNORECASE,
)
OTHER = frozenset((".ps1", ".bat", ".cmd", ".rb", ".pl", ".php", ".applescript", ".lua", ".go"))
MAKERS = ("Makefile", "Dockerfile", "Justfile", "makefile")
CODE = frozenset(
    (
        ".py",
        ".sh",
        ".bash",
        ".js",
        ".ts",
        ".mjs",
        ".cjs",
        ".tsx",
        ".jsx",
        ".json",
        ".yaml",
        ".yml",
        ".toml",
        ".cfg",
        ".ini",
        ".rb",
        ".pl",
        ".ps1",
        ".bat",
        ".php",
    )
)


def language_of(path: str, text: str) -> str:
    """The language of a script that has a reader, ``""`` for all else."""
    ending = posixpath.splitext(path)[1].lower()
    if ending in (".sh", ".bash", ".zsh", ".ksh", ".command"):
        return "shell"
    if ending in (".py", ".pyw"):
        return "python"
    if ending in (".js", ".mjs", ".cjs", ".ts", ".mts", ".cts", ".tsx", ".jsx"):
        return "javascript"
    if ending in ("", ".txt", ".run", ".tmpl", ".hook") and text.startswith("#!"):
        first = text.split("\n", 1)[0]
        return (
            "python"
            if "python" in first
            else "javascript"
            if "node" in first or "bun" in first or "deno" in first
            else "shell"
            if re.search(r"\b(?:ba|z|k|da)?sh\b", first)
            else ""
        )
    return ""


def module_of(path: str) -> str:
    """The name by which other scripts of the skill import a Python file."""
    return (
        posixpath.splitext(path)[0]
        .replace("/", ".")
        .removeprefix("scripts.")
        .removeprefix("src.")
        .removeprefix("lib.")
    )


def instructs(path: str) -> bool:
    """Whether the client takes the file for instructions by where it lies."""
    return bool(
        re.search(
            r"(?:^|/)(?:commands|agents|rules)/[^/]+\.md$|(?:^|/)(?:CLAUDE(?:\.local)?|AGENTS|GEMINI|SKILL)\.md$",
            path,
            re.IGNORECASE,
        )
    )
