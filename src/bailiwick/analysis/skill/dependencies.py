"""Files of package managers: what they install, from where, and what they run meanwhile."""

import json
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any

from bailiwick.analysis.address import web_address
from bailiwick.analysis.skill import packages
from bailiwick.analysis.skill.facts import Inventory, Mark
from bailiwick.analysis.skill.sensitive import belongs
from bailiwick.analysis.skill.shell import SkillShell
from bailiwick.model.skill import CapabilityKind, Role, Source

MAX_KEYS = 200
"""Parts of a dotted key."""

MAX_LISTED = 500
"""Packages of one file that are looked at."""

MAX_NESTED = 20
"""Mappings inside each other that are looked into."""

_LIFECYCLE = ("preinstall", "install", "postinstall", "prepare", "prepublish", "preprepare", "postprepare")
_USUAL = re.compile(
    r"\s*(?:husky(?: install)?|(?:npm|pnpm|yarn|bun) run [\w:-]+|tsc\b.*|patch-package|node-gyp\b.*|is-ci .*|lefthook install|npx husky.*|prisma generate|(?:npm|pnpm) run build.*)\s*"
)
_CONFIGURATION = (".npmrc", "npmrc", "pip.conf", "pip.ini", ".yarnrc", ".yarnrc.yml", "bunfig.toml")
_REGISTRIES = frozenset(("index", "indexes", "source", "sources", "index-url", "extra-index-url", "find-links", "registries", "registry"))  # fmt: skip
"""Keys under which the address of a registry stands in TOML."""
_LOCKS = ("package-lock.json", "npm-shrinkwrap.json", "yarn.lock", "pnpm-lock.yaml", "bun.lock", "poetry.lock", "uv.lock", "pdm.lock", "pipfile.lock", "cargo.lock", "gemfile.lock", "composer.lock")  # fmt: skip
_LOCKED = re.compile(
    r"(?:\"?resolved\"?:?|tarball:|\b(?:url|registry|git)\s*=|\"url\":|\bsource = \"(?:registry|git)\+|^ {2}remote:)[ ]*[\"']?((?:https?|git|ssh)(?:\+\w+)?://[^\s\"'#?]+)",
    re.MULTILINE,
)
_ELSEWHERE = (
    (re.compile(r"gradle-wrapper\.properties"), re.compile(r"distributionUrl\s*=\s*(\S+)")),
    (
        re.compile(r"pom\.xml|settings\.xml"),
        re.compile(r"<(?:mirror|repository|pluginRepository)>[\s\S]{0,400}?<url>\s*([^<\s]+)"),
    ),
    (
        re.compile(r".*\.gradle(?:\.kts)?"),
        re.compile(r"\b(?:maven|ivy)\s*(?:\(|\{)[\s\S]{0,120}?(https?://[^\"'\s)]+)"),
    ),
    (re.compile(r"gemfile"), re.compile(r"^\s*source[ (]+[\"'](https?://[^\"']+)", re.MULTILINE)),
    (re.compile(r"nuget\.config"), re.compile(r"<add\s+key=[^>]{0,200}?value=\"(https?://[^\"]+)")),
    (re.compile(r"\.?condarc"), re.compile(r"(https?://\S+)")),
)
"""Names of files of other package managers, and where in them the address stands from which packages come."""
_REQUIREMENT = re.compile(r"([A-Za-z0-9][\w.-]*)\s*(?:\[[^\]]*\])?\s*(.*)")
"""The name of a Python package, and what is asked of it (PEP 508)."""
_INLINE = re.compile(r"^# /// script\s*$\n((?:^#(?: .*)?$\n){1,200}?)^# ///\s*$", re.MULTILINE)
_COMMENT = re.compile(r"^\s*//.*$", re.MULTILINE)
_LAST_COMMA = re.compile(r",(\s*[}\]])")
_NPM_RUNS = re.compile(
    r"^\s*(script-shell|node-options|git|init-module|onload-script)\s*=\s*(\S.*)$", re.MULTILINE
)
"""Settings of npm that name what runs with each of its commands."""


_REPLACED = re.compile(
    r"^(?:replace[ \t]+|[ \t]+)([\w./-]+)(?:[ \t]+v\S+)?[ \t]+=>[ \t]+([\w.-]+/\S+)", re.MULTILINE
)
_UNCHECKED = re.compile(
    r"^(?:export[ \t]+)?(?:GONOSUMDB|GONOSUMCHECK|GOINSECURE|GONOPROXY)=(?:\*|1)|^(?:export[ \t]+)?GO(?:SUMDB=off|FLAGS=\S*-insecure)",
    re.MULTILINE,
)


class Dependencies:
    """Reads what package managers are told in one skill into its inventory."""

    def __init__(self, into: Inventory, shell: SkillShell) -> None:
        self._into = into
        self._shell = shell

    def file(self, path: str, text: str, role: Role) -> bool:
        """Read a file if its name says that a package manager does; whether that was so."""
        name = path.rpartition("/")[2].lower()
        if name == "package.json":
            mapping(path, text, role, self._into, self._package)
        elif name in _LOCKS:
            self._locked(path, text, role)
        elif name in _CONFIGURATION:
            self._configured(path, text, role)
        elif re.fullmatch(r"(?:requirements|constraints)[\w.-]*\.txt|requirements\.in", name):
            self._requirements(path, text, role)
        elif name in ("pyproject.toml", "uv.toml", "pipfile", "config.toml", "cargo.toml") and (
            name != "config.toml" or "/.cargo/" in f"/{path}"
        ):
            self._toml(path, text, role)
        elif name in ("deno.json", "deno.jsonc", "import_map.json"):
            mapping(path, text, role, self._into, self._deno)
        elif name == "go.mod":
            self._modules(path, text, role)
        elif name == "go.env" or (name.endswith(".env") and _UNCHECKED.search(text)):
            self._unchecked(path, text, role)
            return False
        elif name == "setup.cfg":
            for number, line in enumerate(text.split("\n"), 1):
                if match := re.match(r"\s*([A-Za-z0-9][\w.-]*)\s*@\s*(\S+)", line):
                    self.package("pip", match[1], match[2], Source(path=path, line=number), role)
            return False
        else:
            for names, addresses in _ELSEWHERE:
                if names.fullmatch(name):
                    self._addresses(path, text, role, addresses)
            return False
        return True

    def inline(self, path: str, text: str, role: Role) -> None:
        """What a Python script says of its own packages (PEP 723)."""
        for match in islice(_INLINE.finditer(text), 1):
            plain = re.sub(r"^# ?", "", match[1], flags=re.MULTILINE)
            self._toml(path, "\n" * text.count("\n", 0, match.start(1)) + plain, role)

    # --- npm

    def _package(self, path: str, text: str, value: Mapping[str, Any], role: Role) -> None:
        scripts = value.get("scripts")
        for name in _LIFECYCLE:
            command = scripts.get(name) if isinstance(scripts, dict) else None
            if isinstance(command, str):
                source = Source(path=path, line=line_of(text, f'"{name}"'))
                self._shell.script(
                    command,
                    path,
                    source.line,
                    Role.EXECUTABLE if role is not Role.FIXTURE else role,
                    "lifecycle",
                )
                self._into.notice(
                    Mark.LIFECYCLE,
                    f"runs {command[:80]!r} when it is installed",
                    source,
                    role,
                    sure=not _USUAL.fullmatch(command),
                    target=command[:80],
                )
        for key in (
            "dependencies",
            "devDependencies",
            "optionalDependencies",
            "peerDependencies",
            "overrides",
            "resolutions",
        ):
            listed = value.get(key)
            for name, version in (
                self._into.first(_versions(listed), MAX_LISTED, path) if isinstance(listed, dict) else ()
            ):
                source = Source(path=path, line=line_of(text, f'"{name}"'))
                self.package("npm", name, version, source, role)

    def _deno(self, path: str, text: str, value: Mapping[str, Any], role: Role) -> None:
        """Tasks, and addresses from which Deno imports."""
        tasks, imports = value.get("tasks"), value.get("imports")
        for name, said in tasks.items() if isinstance(tasks, dict) else ():
            command = said.get("command") if isinstance(said, dict) else said
            if isinstance(command, str):
                self._shell.script(command, path, line_of(text, f'"{name}"'), role, "task")
        for name, said in _versions(imports) if isinstance(imports, dict) else ():
            if said.startswith("http"):
                packages.taken_from(said, name, Source(path=path, line=line_of(text, said)), role, self._into)

    def _configured(self, path: str, text: str, role: Role) -> None:
        for number, line in enumerate(text.split("\n"), 1):
            scoped = re.match(r"\s*@([\w.-]+):registry\s*=\s*(\S+)", line)
            host = web_address(scoped[2]) if scoped else None
            if scoped and host and host.host.count(".") and belongs(scoped[1], host.host):
                continue  # what a scope is called after gives out its own packages
            plain = line.replace("npmRegistryServer:", "registry =")
            packages.redirect(plain, Source(path=path, line=number), role, self._into)
        for match in (
            self._into.first(_NPM_RUNS.finditer(text), MAX_LISTED, path) if path.endswith(".npmrc") else ()
        ):
            if match[1] == "node-options" and not re.search(r"--(?:require|import|loader)|-r\b", match[2]):
                continue
            self._into.notice(
                Mark.LIFECYCLE,
                f"has every command of npm run {match[2][:80]} ({match[1]})",
                Source(path=path, line=text.count("\n", 0, match.start(1)) + 1),
                role,
                target=match[2][:80],
            )

    # --- Go

    def _modules(self, path: str, text: str, role: Role) -> None:
        """Modules that are replaced by those of another host, under the same name there."""
        for match in self._into.first(_REPLACED.finditer(text), MAX_LISTED, path):
            host, _, name = match[2].partition("/")
            if "." in host and host != match[1].partition("/")[0] and name:
                source = Source(path=path, line=text.count("\n", 0, match.start(1)) + 1)
                packages.taken_from(f"https://{host}/", match[1], source, role, self._into)

    def _unchecked(self, path: str, text: str, role: Role) -> None:
        """Modules that are taken without the checksums that everybody else gets."""
        if match := _UNCHECKED.search(text):
            source = Source(path=path, line=text.count("\n", 0, match.start(0)) + 1)
            said = f"takes modules of Go without comparing their checksums ({match[0].strip()})"
            self._into.notice(Mark.REGISTRY, said, source, role, sure=False, target="*")

    # --- Python, Rust

    def _requirements(self, path: str, text: str, role: Role) -> None:
        for number, line in enumerate(text.split("\n"), 1):
            source = Source(path=path, line=number)
            plain = line.split(" #")[0].strip()
            if plain.startswith("-"):
                packages.redirect(plain, source, role, self._into)
                plain = re.sub(r"^(?:-e|--editable)[ =]+", "", plain)
            if re.match(r"(?:git\+)?(?:https?|git|ssh)://", plain):
                self.package("pip", plain.rpartition("/")[2] or plain, plain, source, role)
            elif match := _REQUIREMENT.match(plain):
                self.package("pip", match[1], match[2], source, role)

    def _toml(self, path: str, text: str, role: Role) -> None:
        if any(line.partition("=")[0].count(".") > MAX_KEYS for line in text.split("\n")):
            self._into.leave(
                f"a key of more than {MAX_KEYS} parts", path
            )  # its reader would take the square of that
            return
        try:
            value = tomllib.loads(text)
        except (tomllib.TOMLDecodeError, RecursionError):
            self._into.notice(Mark.MALFORMED, f"{path} is no TOML", Source(path=path), role)
            return
        for key, said in self._into.first(_leaves(value, ()), 10 * MAX_LISTED, path):
            last, above = key[-1], key[:-1]
            source = Source(path=path, line=line_of(text, said[:200]))
            if "://" in said and _REGISTRIES & set(key):
                if "git" not in key[-2:]:
                    address = said.removeprefix("sparse+")
                    packages.redirect(f"--index-url {address} ", source, role, self._into)
            elif last in ("dependencies", "requires", "dev-dependencies", "dev") or set(above) & {
                "optional-dependencies",
                "dependency-groups",
            }:
                if match := _REQUIREMENT.match(said):
                    self.package("pip", match[1], match[2], source, role)
            elif last in ("rustc-wrapper", "rustc", "linker", "runner") and path.endswith("config.toml"):
                self._shell.script(said, path, source.line, role, "cargo")
            elif {"poe", "taskipy", "scripts", "pdm", "hatch"} & set(above) and "tool" in key[:1]:
                self._shell.script(said, path, source.line, role, "task")
            elif last in ("url", "git") and above[-2:-1] in (("dependencies",), ("sources",), ("packages",)):
                ecosystem = "pip" if "cargo" not in path.lower() else "cargo"
                self.package(ecosystem, above[-1], said, source, role)

    # --- all

    def _locked(self, path: str, text: str, role: Role) -> None:
        """Where a lock file takes packages from: each host once."""
        seen: set[str] = set()
        for match in _LOCKED.finditer(text):
            host = packages.elsewhere(match[1])
            if host and host not in seen:
                seen.add(host)
                line = text.count("\n", 0, match.start(1)) + 1
                packages.taken_from(match[1], "packages", Source(path=path, line=line), role, self._into)

    def _addresses(self, path: str, text: str, role: Role, addresses: re.Pattern[str]) -> None:
        for match in self._into.first(addresses.finditer(text), MAX_LISTED, path):
            source = Source(path=path, line=text.count("\n", 0, match.start(1)) + 1)
            packages.taken_from(match[1].replace("\\:", ":"), "packages", source, role, self._into)

    def package(self, ecosystem: str, name: str, version: str, source: Source, role: Role) -> None:
        """A package that is installed: what it is called, and where it comes from."""
        package = packages.Package(f"{ecosystem}:{name}", version)
        self._into.capability(
            CapabilityKind.INSTALL, package.name, source, role, detail=version, by="dependencies"
        )
        packages.judge(package, source, role, self._into)
        if alias := re.match(r"npm:(@?[^@]+)", version):
            packages.judge(packages.Package(f"npm:{alias[1]}"), source, role, self._into)
            if packages.disguised(name, alias[1]):
                said = f"{alias[1]} is installed under the name of {name}"
                self._into.notice(Mark.TYPOSQUAT, said, source, role, target=alias[1])
        if address := re.search(r"(?:git\+)?(?:https?|git|ssh)://[^\s;#]+", version):
            packages.taken_from(address[0], name, source, role, self._into)


def mapping(
    path: str,
    text: str,
    role: Role,
    into: Inventory,
    reader: Callable[[str, str, Mapping[str, Any], Role], None],
) -> None:
    """Hand a file of JSON, comments and all, to a reader; what is none is noticed."""
    value = None
    for one in (text, _COMMENT.sub("", text), _LAST_COMMA.sub(r"\1", _COMMENT.sub("", text))):
        try:
            value = json.loads(one)
        except (ValueError, RecursionError):
            continue
        break
    else:
        into.notice(Mark.MALFORMED, f"{path} is no JSON", Source(path=path), role)
    if isinstance(value, dict):
        reader(path, text, value, role)


def line_of(text: str, piece: str) -> int:
    """The line on which something is said first, 1 when it isn't."""
    at = text.find(piece)
    return text.count("\n", 0, at) + 1 if at >= 0 else 1


def _versions(listed: Mapping[str, Any], depth: int = 0) -> Iterator[tuple[str, str]]:
    """Names and versions, of overrides of overrides too."""
    for name, said in listed.items():
        if isinstance(said, str):
            yield str(name), said
        elif isinstance(said, dict) and depth < 8:
            yield from _versions(said, depth + 1)


def _leaves(value: Any, key: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    """Every text in a mapping, under the keys that lead to it."""
    match value:
        case str():
            yield key, value
        case dict() if len(key) < MAX_NESTED:
            for name, inner in value.items():
                yield from _leaves(inner, (*key, str(name)))
        case list():
            for inner in value:
                yield from _leaves(inner, key)
        case _:
            pass
