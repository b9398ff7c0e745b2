"""Packages that a skill installs: names, where from, and names that are nearly another's."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from bailiwick.analysis.address import web_address
from bailiwick.analysis.skill.facts import Inventory, Mark
from bailiwick.analysis.skill.package_names import POPULAR, nearly, slipped
from bailiwick.analysis.skill.sensitive import is_address, is_drop, is_local, is_paste
from bailiwick.model.access import ProgramTarget
from bailiwick.model.skill import Role, Source

INSTALLERS = frozenset(
    [
        "pip",
        "pip3",
        "pipx",
        "uv",
        "uvx",
        "npm",
        "npx",
        "pnpm",
        "yarn",
        "bun",
        "bunx",
        "brew",
        "apt",
        "apt-get",
        "dnf",
        "yum",
        "apk",
        "cargo",
        "gem",
        "go",
        "conda",
        "mamba",
        "poetry",
        "composer",
        "dotnet",
    ]
)

_VERBS = {
    "pip": ("install", "download"), "pip3": ("install", "download"), "pipx": ("install", "run"), "uv": ("add", "pip", "tool"), "npm": ("install", "i", "add", "exec", "ci"), "pnpm": ("add", "install", "dlx"),
    "yarn": ("add", "dlx", "global"), "bun": ("add", "install", "x"), "brew": ("install",), "apt": ("install",), "apt-get": ("install",), "dnf": ("install",), "yum": ("install",), "apk": ("add",),
    "cargo": ("install", "add"), "gem": ("install",), "go": ("install", "get"), "conda": ("install",), "mamba": ("install",), "poetry": ("add",), "npx": (), "bunx": (), "uvx": (),
}  # fmt: skip
_ECOSYSTEM = {
    "pip": "pip",
    "pip3": "pip",
    "pipx": "pip",
    "uv": "pip",
    "uvx": "pip",
    "poetry": "pip",
    "npm": "npm",
    "npx": "npm",
    "pnpm": "npm",
    "yarn": "npm",
    "bun": "npm",
    "bunx": "npm",
    "apt-get": "apt",
    "mamba": "conda",
}
_FROM = re.compile(r"(?:--from|--spec|--with)[ =]((?:git\+|https?://)\S+)")
_BARE = re.compile(r"^(?:git|sparse|registry|hg|svn)\+")
_CODE = re.compile(
    r"(?:^|\.)(?:github\.com|githubusercontent\.com|gitlab\.\w+|bitbucket\.org|codeberg\.org|sr\.ht)$"
)
"""Hosts of repositories, from which packages come by name."""
_KNOWN_INDEX = re.compile(
    r"(?:^|\.)(?:pypi\.org|pythonhosted\.org|npmjs\.(?:org|com)|yarnpkg\.com|pytorch\.org|nvidia\.com|pkg\.github\.com|jsr\.io|pkg\.dev|jfrog\.io|artifactory\.\S+|gitlab\.com|azure\.com|visualstudio\.com|amazonaws\.com|tuna\.tsinghua\.edu\.cn|aliyun\.com|ustc\.edu\.cn|npmmirror\.com|huggingface\.co|anaconda\.org|cloudsmith\.io|gemfury\.io|fury\.io|googleapis\.com|wheels\.vllm\.ai|buf\.build|crates\.io|rubygems\.org|microsoft\.com|databricks\.com|gradle\.org|apache\.org|maven\.org|google\.com|jitpack\.io|nuget\.org|deno\.land|jsr\.io|esm\.sh|unpkg\.com|jsdelivr\.net|skypack\.dev|golang\.org|packagist\.org|rust-lang\.org|example\.(?:com|org))$"
)
_INDEX = re.compile(
    r"(?:--(?:index-url|extra-index-url|registry|find-links|default-index|index)|(?<![\w-])-i)[ =]+[\"']?(\S+?)[\"']?(?:\s|$)|\b(?:registry|index-url|extra-index-url)\s*[= ]\s*[\"']?(https?://[^\s\"']+)"
)


@dataclass(frozen=True, slots=True)
class Package:
    """One package: ``pip:requests``, and its version or the index it is taken from."""

    name: str
    detail: str = ""
    index: str = ""


def installed(program: ProgramTarget) -> Iterator[Package]:
    """The packages that a command installs or runs from a registry."""
    name = program.name
    if name not in _VERBS:
        return
    for match in _FROM.finditer(" ".join(word or "?" for word in program.argv)):
        yield Package(f"{_ECOSYSTEM.get(name, name)}:{match[1]}", "from an address", match[1])
    words = [word or "" for word in program.words]
    verbs = _VERBS[name]
    if verbs:
        while words and words[0] in verbs:
            words.pop(0)
        if len(words) == len(program.words):
            return
        if words[:1] == ["install"]:
            words.pop(0)
    else:
        words = words[:1]
    argv = " ".join(word or "?" for word in program.argv)
    index = _INDEX.search(argv)
    for word in words:
        if (
            not word
            or word.startswith(("-", ".", "/", "$", "http", "git+"))
            or word.endswith((".txt", ".whl", ".toml"))
        ):
            if word.startswith(("http", "git+")):
                yield Package(f"{_ECOSYSTEM.get(name, name)}:{word}", "from an address", word)
            continue
        bare, version = _split(word)
        if bare and bare != "PLACEHOLDER":
            yield Package(
                f"{_ECOSYSTEM.get(name, name)}:{bare}", version, (index[1] or index[2] or "") if index else ""
            )


def _split(word: str) -> tuple[str, str]:
    if word.startswith("@"):
        name, at, version = word[1:].partition("@")
        return f"@{name}", version if at else ""
    match = re.match(r"([A-Za-z0-9._-]+)(?:\[[^\]]*\])?\s*(?:(?:[=<>~!]=?=?|@)\s*(\S+))?", word)
    return (match[1], match[2] or "") if match else ("", "")


def judge(package: Package, source: Source, role: Role, into: Inventory) -> None:
    """Notice a name that is nearly another's, and a source that is nobody's registry."""
    ecosystem, _, name = package.name.partition(":")
    near = nearly(ecosystem, name)
    if near:
        into.notice(Mark.TYPOSQUAT, f"{name} is one slip away from {near}", source, role, target=name)
    if package.index:
        redirect(f"--index-url {package.index} ", source, role, into)


def disguised(name: str, meant: str) -> bool:
    """Whether another package stands behind a name that everybody knows: not a fork that says so, nor another known one."""
    known = POPULAR["npm"]
    if slipped(name, meant):
        return True
    return name in known and meant not in known and name not in meant and not meant.startswith("@")


def redirect(text: str, source: Source, role: Role, into: Inventory) -> None:
    """Notice a registry that packages are taken from instead of the public one."""
    for match in _INDEX.finditer(text + " "):
        address = match[1] or match[2] or ""
        taken_from(address, "packages", source, role, into)


def taken_from(address: str, what: str, source: Source, role: Role, into: Inventory) -> None:
    """Notice an address of nobody's registry that ``what`` is taken from."""
    shown = elsewhere(address)
    if shown is not None:
        bad = (
            is_address(shown)
            or is_drop(shown)
            or is_paste(shown)
            or _BARE.sub("", address).startswith("http://")
        )
        into.notice(Mark.REGISTRY, f"takes {what} from {shown}", source, role, sure=bad, target=shown)


def elsewhere(address: str) -> str | None:
    """The host of an address, unless it is a registry, a host of repositories, or this machine; plain HTTP protects none."""
    plain = _BARE.sub("", address)
    host = web_address(re.sub(r"^(?:git|ssh)://(?:[\w.-]+@)?", "https://", plain))
    if host is None or is_local(host.host):
        return None
    known = _KNOWN_INDEX.search(host.host) or _CODE.search(host.host)
    return None if known and not plain.startswith("http://") else host.host
