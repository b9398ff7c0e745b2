"""Reports about skills as people read them in a terminal. Pure: lines for a width, with or without colour."""

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bailiwick.administration.skill_difference import Row, narrower, pre_approves, rows
from bailiwick.decision.skill_verdict import SkillReport, SkillVerdict
from bailiwick.model.skill import Manifest, Role, Source
from bailiwick.rules.rule import Severity
from bailiwick.rules.skill.rule import SkillFinding

_COLOURS = {
    "block": "31;1",
    "review": "33;1",
    "pass": "32",
    "critical": "31;1",
    "high": "31",
    "medium": "33",
    "low": "2",
    "dim": "2",
    "bold": "1",
}
MAX_PLACES = 3
"""Places of one capability that are listed; the rest are counted."""

MAX_ROWS = 14
"""Capabilities of one kind that are listed; the JSON report has all of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """How lines are laid out."""

    width: int = 100
    colour: bool = False

    def paint(self, text: str, name: str) -> str:
        """Text in a colour, where colours are wanted."""
        return f"\x1b[{_COLOURS[name]}m{text}\x1b[0m" if self.colour and name in _COLOURS else text

    def wrapped(self, text: str, indent: int) -> list[str]:
        """Text in lines that fit behind an indentation."""
        return textwrap.wrap(_plain(text), max(self.width - indent, 30), break_on_hyphens=False) or [""]


def _plain(text: str) -> str:
    """Text that can't move the cursor or hide anything."""
    return "".join(c if c.isprintable() else f"\\u{ord(c):04x}" if c not in "\n\t" else " " for c in text)


def scan(reports: Sequence[SkillReport], page: Page, *, base: str, quiet: bool) -> Iterator[str]:
    """Every skill in a line, its findings below it, and how many there are of each."""
    for report in reports:
        if (
            report.verdict is SkillVerdict.PASS
            and quiet
            and not any(one.severity > Severity.LOW for one in report.findings)
        ):
            continue
        yield from _one(report, page, base)
    counts = {verdict: sum(report.verdict is verdict for report in reports) for verdict in SkillVerdict}
    said = [f"{counts[verdict]} {verdict.label}" for verdict in reversed(SkillVerdict) if counts[verdict]]
    yield f"{len(reports)} {'skill' if len(reports) == 1 else 'skills'}: {', '.join(said) or 'none'}"
    answered = sum(len(report.suppressed) for report in reports)
    known = sum(len(report.known) for report in reports)
    if answered or known:
        parts = [f"{answered} answered by a suppression"] if answered else []
        parts += [f"{known} known from the baseline"] if known else []
        yield f"findings that block nothing: {', '.join(parts)}" + ("; --all lists them" if quiet else "")


def _one(report: SkillReport, page: Page, base: str) -> Iterator[str]:
    shown = report.root.removeprefix(base.rstrip("/") + "/") or report.root
    verdict = page.paint(f"{report.verdict.label:6}", report.verdict.label)
    yield f"{verdict}  {page.paint(_plain(report.name), 'bold')}  {page.paint(_plain(shown), 'dim')}"
    for finding in report.findings:
        if finding.severity > Severity.LOW:
            yield from findings([finding], page)
    for part in report.partial[:10]:
        yield from _hanging("        partial   ", f"{part.path}: {part.reason}", page)
    for finding, by in report.suppressed:
        yield from _hanging(
            "        answered  ",
            f"{finding.rule} in {finding.evidence[0].path}: {by.owner}, {by.ticket}: {by.reason}",
            page,
        )
    if report.known:
        yield f"        {len(report.known)} known from the baseline"


def findings(listed: Sequence[SkillFinding], page: Page) -> Iterator[str]:
    """Findings with their evidence."""
    for finding in listed:
        severity = finding.severity.name.lower()
        doubt = "" if finding.confidence.value == "high" else ", not sure"
        yield f"        {page.paint(f'{severity:9}', severity)} {finding.rule}{doubt}"
        for line in page.wrapped(finding.message, 18):
            yield f"                  {line}"
        if finding.why_not:
            yield from _hanging("                  but: ", finding.why_not, page)
        yield f"                  {page.paint(', '.join(_plain(str(place)) for place in finding.evidence[:4]), 'dim')}"


def _hanging(head: str, text: str, page: Page) -> Iterator[str]:
    first, *rest = page.wrapped(text, len(head))
    yield head + first
    yield from (" " * len(head) + line for line in rest)


def inspection(report: SkillReport, page: Page) -> Iterator[str]:
    """One skill: who it says it is, what it does and where, the three sides, what is wrong, what it could declare."""
    manifest = report.manifest
    yield page.paint(_plain(manifest.name), "bold") + f"  ({report.kind})"
    for line in page.wrapped(manifest.description, 2):
        yield f"  {line}" if line else ""
    yield ""
    yield f"  verdict   {page.paint(report.verdict.label, report.verdict.label)}"
    yield f"  digest    {report.digest or 'none: ' + _plain(report.unsound)[: page.width]}"
    yield f"  purposes  {', '.join(manifest.purposes) or 'none that is known'}"
    grants = ", ".join(grant.target for grant in manifest.declared) or (
        "nothing" if manifest.scoped else "no tools (the front matter does not speak of them)"
    )
    yield from _hanging("  declares  ", grants, page)
    for claim in manifest.claims[:5]:
        yield from _hanging("  promises  ", f"{claim.kind}: “{claim.target}”  {claim.source}", page)
    yield ""
    yield from _table(report, page)
    yield page.paint("Findings", "bold")
    if not report.findings and not report.partial:
        yield "  none"
    shown = [
        finding
        for finding in report.findings
        if finding.severity > Severity.LOW or len(report.findings) <= 5  # noqa: PLR2004 - what fits and what is enough
    ]
    yield from findings(shown, page)
    if len(shown) < len(report.findings):
        yield f"        {len(report.findings) - len(shown)} more of low severity; --format json lists them"
    for part in report.partial:
        yield from _hanging("        partial   ", f"{part.path}: {part.reason}", page)
    suggested = narrower(manifest)
    # What is blocked should not be pre-approved, and only skills and commands have a front matter that does that.
    fits = report.kind in {"skill", "command"} and report.verdict is not SkillVerdict.BLOCK
    if fits and suggested and set(suggested) != {grant.target for grant in manifest.declared}:
        yield ""
        yield page.paint(
            "A narrower declaration" if manifest.scoped else "A declaration of what it uses", "bold"
        )
        yield from (f"  {line}" for line in _declaration(suggested, manifest))


def _declaration(suggested: Sequence[str], manifest: Manifest) -> Iterator[str]:
    declared = [grant.target for grant in manifest.declared]
    yield "allowed-tools:"
    for tool in suggested[:40]:
        new = manifest.scoped and not any(pre_approves(wide, tool) for wide in declared)
        yield f"  - {tool}{'   # not declared now' if new else ''}"
    if len(suggested) > 40:  # noqa: PLR2004 - what fits and what is enough
        yield f"  # and {len(suggested) - 40} more"


_ORDER = (
    "net",
    "install",
    "spawn",
    "mcp",
    "config.write",
    "memory.write",
    "env",
    "exec",
    "fs.write",
    "fs.read",
    "tool",
)
"""Kinds as they matter to a reader."""

_COMMON = frozenset(
    [
        "[",
        "awk",
        "basename",
        "cat",
        "cd",
        "chmod",
        "command",
        "cp",
        "cut",
        "date",
        "dirname",
        "du",
        "echo",
        "env",
        "exit",
        "export",
        "expr",
        "false",
        "find",
        "getopt",
        "grep",
        "head",
        "jq",
        "kill",
        "ls",
        "mkdir",
        "mktemp",
        "mv",
        "od",
        "paste",
        "printf",
        "ps",
        "pwd",
        "read",
        "realpath",
        "rm",
        "rmdir",
        "sed",
        "seq",
        "set",
        "sleep",
        "sort",
        "stat",
        "tail",
        "tee",
        "test",
        "touch",
        "tr",
        "true",
        "type",
        "uname",
        "uniq",
        "unzip",
        "wait",
        "wc",
        "which",
        "xargs",
        "zip",
    ]
)
"""Programs of which one line is enough."""


def _table(report: SkillReport, page: Page) -> Iterator[str]:
    listed = list(rows(report.manifest))
    active = [row for row in listed if any(role.active for role in row.roles)]
    yield page.paint("What it can do", "bold") + page.paint(
        "     D declared   T told of in its description   ! neither", "dim"
    )
    if not active:
        yield "  nothing beyond its text"
    for kind in _ORDER:
        of_kind = [row for row in active if row.kind.value == kind]
        common = [row for row in of_kind if kind == "exec" and row.target in _COMMON]
        vague = [row for row in of_kind if kind.startswith("fs.") and row.target.startswith("*")]
        rest = [row for row in of_kind if row not in common and row not in vague]
        rest.sort(key=lambda row: (row.declared or row.documented, row.target))
        for number, row in enumerate(rest[:MAX_ROWS]):
            yield _row(row, page, first=number == 0)
        folded = [f"and {len(rest) - MAX_ROWS} more"] if len(rest) > MAX_ROWS else []
        folded += [f"and {', '.join(row.target for row in common)}"] if common else []
        told = tuple(dict.fromkeys(place for row in vague for place in row.places))
        folded += [f"and what it is told when it runs, in the project: {_places(told)}"] if vague else []
        for number, line in enumerate(folded):
            head = "" if rest or number else kind
            yield from _hanging(f"     {head:13} ", line, page)
    talked = [row for row in listed if not any(role.active for role in row.roles)]
    if talked:
        yield ""
        yield page.paint("Only spoken of", "bold") + page.paint("     quoted, forbidden or test data", "dim")
        for row in talked[:8]:
            yield f"     {row.kind.value:13} {_plain(row.target)[:52]:52} {page.paint(f'{row.roles[0].value}  {_places(row.places)}', 'dim')}"
        if len(talked) > 8:  # noqa: PLR2004 - enough to see
            yield f"     and {len(talked) - 8} more"
    yield ""


def _row(row: Row, page: Page, *, first: bool) -> str:
    mark = ("D" if row.declared else " ") + ("T" if row.documented else " ")
    sign = page.paint(" !", "medium") if not mark.strip() else mark
    what = _plain(row.target) + (f"  {row.detail}" if row.detail else "")
    role = "" if Role.EXECUTABLE in row.roles or Role.INSTRUCTED in row.roles else f" ({row.roles[0].value})"
    kind = row.kind.value if first else ""
    return f"  {sign} {kind:13} {what[:52]:52} {page.paint(_places(row.places) + role, 'dim')}"


def _places(places: Sequence[Source]) -> str:
    more = f" +{len(places) - MAX_PLACES}" if len(places) > MAX_PLACES else ""
    return ", ".join(_plain(str(place)) for place in places[:MAX_PLACES]) + more
