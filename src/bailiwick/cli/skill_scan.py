"""`bailiwick skill inspect`, `scan` and `rules`: reading skills without running anything in them."""

import argparse
import json
import os
import shutil
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from shlex import quote

from bailiwick import __version__
from bailiwick.administration.skill_policy import load_scan_policy
from bailiwick.cli.skill_lock import ProblemError, located
from bailiwick.cli.skill_why import in_use
from bailiwick.decision.skill_verdict import ScanPolicy, SkillReport, SkillVerdict, judge
from bailiwick.enforcement.skills import html, text
from bailiwick.enforcement.skills.report import dumped, known_in, skill, to_json, to_sarif, worst
from bailiwick.policy.errors import PolicyErrors, nearest
from bailiwick.policy.load import SCAN_POLICY
from bailiwick.rules.page import page_of
from bailiwick.rules.skill.catalogue import SKILL_CATALOGUE
from bailiwick.service.rule_database import load, warm
from bailiwick.service.scan_cache import ScanCache
from bailiwick.service.skill_files import NoSkillError, SkillPlace, find_skills
from bailiwick.service.skill_scan import look, scan

DONE, BLOCKED, USAGE, ENVIRONMENT = 0, 1, 2, 3

MANY = 20
"""Skills from which on it is worth two seconds to compile the filters of the text rules, where they aren't kept yet."""

MAX_POLICY = 1_048_576
MAX_BASELINE = 256 * 2**20

_SCAN_EXAMPLES = """examples:
  bailiwick skill scan .                                   # every skill, plugin and client setting below here
  bailiwick skill scan ~/.claude /etc/claude-code
  bailiwick skill scan plugins --format sarif > skills.sarif
  bailiwick skill scan . --format json > baseline.json; bailiwick skill scan . --baseline baseline.json

Nothing of a skill is run and nothing is fetched. Exit codes: 0 nothing blocks, 1 something does, 2 usage or policy
error, 3 there is nothing to scan or it can't be read. A part that could not be looked at blocks unless policy says otherwise."""


def register(inner: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verbs below ``bailiwick skill``."""
    shown = inner.add_parser(
        "inspect",
        help="what one skill can do, with evidence; declared, documented and used side by side",
        description="Show what a skill can do and where it says so, against what it declares and what its description tells; what is wrong with it; and a narrower declaration.",
    )
    shown.add_argument(
        "path",
        metavar="NAME|PATH",
        help="a skill's directory, its SKILL.md, or an archive of it; or its name among the skills here",
    )
    shown.add_argument("--format", choices=("text", "json"), default="text", help="text if left out")
    _json(shown)
    _policy(shown)
    shown.set_defaults(func=_inspect)
    scanned = inner.add_parser(
        "scan",
        help="look for what is wrong with skills; exit code 1 if one is blocked",
        description="Scan skills, plugins, marketplaces and the client's own files below the paths.",
        epilog=_SCAN_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    scanned.add_argument(
        "paths", nargs="+", metavar="PATH", help="files or directories; everything below is looked for"
    )
    scanned.add_argument(
        "--format", choices=("text", "json", "sarif", "html"), default="text", help="text if left out"
    )
    _json(scanned)
    _policy(scanned)
    scanned.add_argument(
        "--baseline", metavar="FILE", help="an earlier JSON report: what it lists already blocks nothing"
    )
    scanned.add_argument(
        "--jobs",
        type=int,
        default=os.cpu_count() or 1,
        metavar="N",
        help="processes; one for each core if left out",
    )
    scanned.add_argument(
        "--cache",
        metavar="DIR",
        help="keep results here, and read them for skills and rules that did not change",
    )
    scanned.add_argument("--all", action="store_true", help="in text, list skills too that pass")
    scanned.add_argument("--no-progress", action="store_true", help="no bar on standard error")
    scanned.set_defaults(func=_scan)
    listed = inner.add_parser(
        "rules",
        help="the rules, and the standards they stand for",
        description="List the rules about skills, or say what one is for and what to do instead.",
    )
    listed.add_argument(
        "rules",
        nargs="*",
        metavar="RULE",
        help="such as skill/persistence: what it is for, what to do instead",
    )
    listed.add_argument("--json", action="store_true", help="as JSON")
    listed.set_defaults(func=_rules)


def _json(verb: argparse.ArgumentParser) -> None:
    verb.add_argument(
        "--json",
        dest="format",
        action="store_const",
        const="json",
        default="text",
        help="the same as --format json",
    )


def _policy(verb: argparse.ArgumentParser) -> None:
    verb.add_argument(
        "--policy",
        metavar="P",
        help=f"a policy repository with {SCAN_POLICY}, or such a file: what findings get, and suppressions",
    )


def _inspect(asked: argparse.Namespace) -> int:
    policy = _loaded(asked.policy)
    if policy is None:
        return USAGE
    try:
        named = Path(asked.path)
        place, *more = find_skills(named if named.exists() else located(asked.path))
    except (NoSkillError, ProblemError) as error:
        return _failed(str(error), ENVIRONMENT)
    if more:
        told = f"this is the first of {len(more) + 1} here; `bailiwick skill scan {quote(asked.path)} --all` lists them"
        print(f"bailiwick: {told}", file=sys.stderr)
    load()
    report = _judged(policy, {})(place)
    used = in_use(asked, place.path.resolve().name, place.path.absolute(), report.manifest)
    if asked.format == "json":
        held = {} if used.approvals is None else {"approvals": list(used.approvals)}
        print(dumped(skill(report) | held))
    else:
        print("\n".join([*text.inspection(report, _page()), *used.lines]))
    return BLOCKED if report.verdict is SkillVerdict.BLOCK else DONE


def _judged(
    policy: ScanPolicy, known: dict[str, frozenset[tuple[str, str, str]]]
) -> Callable[[SkillPlace], SkillReport]:
    def judged(place: SkillPlace) -> SkillReport:
        seen = look(place)
        return judge(
            seen.tree,
            seen.manifest,
            seen.findings,
            seen.partial,
            policy,
            now=int(time.time()),
            known=known.get(seen.manifest.name, frozenset()),
        )

    return judged


def _scan(asked: argparse.Namespace) -> int:
    policy = _loaded(asked.policy)
    known = _baseline(asked.baseline)
    if policy is None or known is None:
        return USAGE
    if asked.jobs < 1:
        return _failed("--jobs takes 1 or more", USAGE)
    places: dict[SkillPlace, None] = {}
    for path in asked.paths:
        try:
            places.update(dict.fromkeys(find_skills(Path(path))))
        except (NoSkillError, OSError) as error:
            return _failed(str(error), ENVIRONMENT)
    accelerate = warm if len(places) >= MANY else load
    accelerate()
    store = ScanCache(Path(asked.cache)) if asked.cache else None
    if store is not None and (problem := store.problem()):
        return _failed(problem, USAGE)
    bar = _Bar(on=sys.stderr.isatty() and not asked.no_progress)
    now = int(time.time())
    reports = [
        judge(
            seen.tree,
            seen.manifest,
            seen.findings,
            seen.partial,
            policy,
            now=now,
            known=known.get(seen.manifest.name, frozenset()),
        )
        for seen in scan(list(places), jobs=asked.jobs, progress=bar.show, store=store)
    ]
    bar.end()
    _print(reports, asked.format, quiet=not asked.all)
    here = {report.digest for report in reports}
    for one in policy.suppressions:
        if one.digest not in here:  # no finding: a policy may speak of skills of other repositories
            told = f"{one.origin}: the suppression of {one.rule} by {one.owner} is for no skill that was scanned ({one.digest[:12]})"
            print(f"bailiwick: {told}", file=sys.stderr)
    return BLOCKED if worst(reports) is SkillVerdict.BLOCK else DONE


def _print(reports: Sequence[SkillReport], form: str, *, quiet: bool) -> None:
    here = str(Path.cwd())
    match form:
        case "json":
            print(dumped(to_json(reports)))
        case "sarif":
            print(dumped(to_sarif(reports, version=__version__, base=here)))
        case "html":
            sys.stdout.write(html.page(reports, title="Skills").encode("utf-8", "backslashreplace").decode())
        case _:
            print("\n".join(text.scan(reports, _page(), base=here, quiet=quiet)))


def _rules(asked: argparse.Namespace) -> int:
    known = {rule.id: rule for rule in SKILL_CATALOGUE}
    if unknown := [name for name in asked.rules if name not in known]:
        meant = nearest(unknown[0], known) or "`bailiwick skill rules` lists them"
        return _failed(f"there is no rule {unknown[0]!r}; {meant}", USAGE)
    chosen = [known[name] for name in asked.rules] or SKILL_CATALOGUE
    if asked.json:
        print(
            json.dumps(
                [
                    {
                        "id": rule.id,
                        "title": rule.title,
                        "severity": rule.severity.name.lower(),
                        "owasp_ast": rule.standards.ast,
                        "owasp_asi": rule.standards.asi,
                        "atlas": rule.standards.atlas,
                    }
                    for rule in chosen
                ],
                indent=1,
            )
        )
        return DONE
    for rule in chosen:
        print(
            f"{rule.id:30} {rule.severity.name.lower():9} {' '.join((*rule.standards.ast, *rule.standards.asi)):22} {rule.title}"
        )
        if asked.rules:
            page = page_of(rule)
            print(f"\n{page.why}\n\nInstead: {page.instead}\n")
    return DONE


def _loaded(given: str | None) -> ScanPolicy | None:
    """The policy that was asked for; None with an error on standard error."""
    if given is None:
        return ScanPolicy()
    path = Path(given)
    if path.is_dir():
        if not (path / SCAN_POLICY).exists() and (path / "organisation.yaml").is_file():
            print(
                f"bailiwick: {path} has no {SCAN_POLICY}, so what findings get is the default",
                file=sys.stderr,
            )
            return ScanPolicy()
        path /= SCAN_POLICY
    try:
        with path.open("rb") as opened:
            data = opened.read(MAX_POLICY + 1)
        if len(data) <= MAX_POLICY:
            return load_scan_policy(str(path), data.decode("utf-8"), now=int(time.time()))
        _failed(f"{path}: longer than {MAX_POLICY} bytes", USAGE)
    except OSError as error:
        _failed(f"{path}: {error.strerror}", USAGE)
    except UnicodeDecodeError:
        _failed(f"{path}: not UTF-8", USAGE)
    except PolicyErrors as errors:
        _failed(str(errors), USAGE)
    return None


def _baseline(given: str | None) -> dict[str, frozenset[tuple[str, str, str]]] | None:
    if given is None:
        return {}
    try:
        with Path(given).open("rb") as opened:
            return known_in(json.loads(opened.read(MAX_BASELINE)))
    except OSError as error:
        _failed(f"{given}: {error.strerror}", USAGE)
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError):
        _failed(f"{given}: no JSON; `bailiwick skill scan --format json` writes a baseline", USAGE)
    except ValueError as error:
        _failed(f"{given}: {error}", USAGE)
    return None


def _failed(message: str, code: int) -> int:
    print(f"bailiwick: {message}", file=sys.stderr)
    return code


def _page() -> text.Page:
    on = sys.stdout.isatty()
    return text.Page(
        width=min(shutil.get_terminal_size((100, 24)).columns, 140),
        colour=on and "NO_COLOR" not in os.environ,
    )


class _Bar:
    """A line on standard error that says how far it is."""

    def __init__(self, *, on: bool) -> None:
        self._on = on
        self._shown = 0.0

    def show(self, done: int, all_of: int) -> None:
        """Draw it again, at most ten times a second."""
        now = time.monotonic()
        if not self._on or (now - self._shown < 0.1 and done < all_of):  # noqa: PLR2004 - what fits and what is enough
            return
        self._shown = now
        filled = 30 * done // max(all_of, 1)
        sys.stderr.write(f"\r[{'#' * filled}{'.' * (30 - filled)}] {done}/{all_of} skills")
        sys.stderr.flush()

    def end(self) -> None:
        """Remove it."""
        if self._on:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
