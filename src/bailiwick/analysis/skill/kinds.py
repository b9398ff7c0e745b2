"""What kind of file a file of a skill is: by its path, and by its first line where that decides."""

import posixpath
import re

DOCUMENT = frozenset(
    (".md", ".mdx", ".markdown", ".mdc", ".txt", ".rst", ".adoc", ".org", ".html", ".htm", ".prompt")
)
FIXTURES = re.compile(
    r"(?:^|/)(?:tests?|__tests__|testdata|test-?data|fixtures?|evals?|spec|specs|mocks?|__mocks__|samples/malicious|examples?/(?:malicious|bad|vulnerable|attacks?))(?:/|$)|(?:^|/)(?:test_[\w-]+\.\w+|[\w-]+[._](?:test|spec)\.\w+)$"
)
TESTS = re.compile(r"(?:^|/)(?:test_[\w-]+|[\w-]+[._](?:test|spec)|setup|global[_-]?setup|conftest)\.\w+$")
"""Code that a test runner runs."""
BACKGROUND = re.compile(
    r"(?:^|/)(?:LICENSE|NOTICE|CODE_OF_CONDUCT|AUTHORS|THIRD_PARTY\w*)(?:\.\w+)?$",
    re.IGNORECASE,
)
OTHER = frozenset(
    (".ps1", ".psm1", ".bat", ".cmd", ".rb", ".rake", ".gemspec", ".pl", ".pm", ".php", ".applescript", ".scpt", ".lua", ".go", ".rs", ".java", ".kt", ".kts", ".groovy", ".gradle", ".scala", ".swift", ".cs", ".fs", ".vb", ".vbs", ".r", ".jl", ".sql", ".tex", ".sty", ".awk", ".ex", ".exs", ".clj", ".dart", ".nim", ".c", ".cc", ".cpp", ".mk", ".cmake", ".bzl", ".nix", ".tcl", ".bas", ".vba", ".cls", ".vim", ".el", ".fish", ".nu", ".hs", ".ml", ".cr", ".zig", ".sol", ".vy", ".m", ".mm")
)  # fmt: skip
"""Endings of code without a reader of its own: its statements are followed by name."""

CONFIGURED = frozenset(
    (".yml", ".yaml", ".toml", ".ini", ".cfg", ".conf", ".xml", ".plist", ".service", ".timer", ".desktop", ".tf", ".hcl", ".json", ".json5", ".jsonc", ".properties", ".tmpl", ".j2", ".erb", ".ejs", ".hbs", ".env", ".code-workspace", ".csproj", ".vbproj", ".fsproj", ".props", ".targets")
)  # fmt: skip
"""Endings of configuration, which holds commands that other programs run."""

MAKERS = ("Makefile", "Dockerfile", "Justfile", "makefile", "justfile", "Jenkinsfile", "Vagrantfile", "Rakefile", "Gemfile", "Procfile", "Podfile", "Brewfile", "CMakeLists.txt", "Containerfile")  # fmt: skip
STARTS = (".envrc", ".bashrc", ".bash_profile", ".zshrc", ".profile", ".zprofile", ".xprofile", "PKGBUILD")
"""Names of files that a shell reads."""

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


SOURCE = re.compile(
    r"(?i)\.(?:py|[cm]?[jt]sx?|sh|bash|rb|go|rs|java|kt|cs|c|cc|cpp|h|php|sql|vue)(?:\.\w+)?$"
)
"""Paths of source code that people read, and of templates of it."""


_JAVASCRIPT = (".js", ".mjs", ".cjs", ".ts", ".mts", ".cts", ".tsx", ".jsx")
_TEMPLATES = (
    ".tpl",
    ".tmpl",
    ".template",
    ".j2",
    ".jinja",
    ".jinja2",
    ".hbs",
    ".handlebars",
    ".mustache",
    ".ejs",
    ".liquid",
)


def language_of(path: str, text: str) -> str:
    """The language of a script that has a reader, ``""`` for all else."""
    ending = posixpath.splitext(path)[1].lower()
    if ending in (".sh", ".bash", ".zsh", ".ksh", ".command") or posixpath.basename(path) in STARTS:
        return "shell"
    if ending in (".py", ".pyw"):
        return "python"
    if ending in _JAVASCRIPT or (
        # The reader of JavaScript goes on behind what it can't read, so that a template's own marks cost no more than they hold.
        ending in _TEMPLATES and posixpath.splitext(path[: -len(ending)])[1].lower() in _JAVASCRIPT
    ):
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
            r"(?:^|/)(?:commands|agents|rules|output-styles)/[^/]+\.md$|(?:^|/)(?:CLAUDE(?:\.local)?|AGENTS|GEMINI|SKILL)\.md$",
            path,
            re.IGNORECASE,
        )
    )
