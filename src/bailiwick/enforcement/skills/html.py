"""A report as one HTML page without scripts or addresses, to attach to a ticket. Everything from a skill is escaped."""

from collections.abc import Iterator, Sequence
from html import escape

from bailiwick.administration.skill_difference import rows
from bailiwick.decision.skill_verdict import SkillReport, SkillVerdict

_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;max-width:64rem;margin:2rem auto;padding:0 1rem;color:#1d2329;background:#fff}
h1{font-size:1.5rem}h2{font-size:1.1rem;margin:2rem 0 .3rem}code{font:13px ui-monospace,monospace;overflow-wrap:anywhere}
table{border-collapse:collapse;width:100%;margin:.4rem 0}td,th{text-align:left;padding:.25rem .6rem .25rem 0;border-bottom:1px solid #e3e6e9;vertical-align:top}
.v{display:inline-block;min-width:4rem;text-align:center;border-radius:3px;padding:0 .4rem;color:#fff;font-weight:600}
.block{background:#b3261e}.review{background:#9a6700}.pass{background:#1a7f37}.dim{color:#5b6670}
@media (prefers-color-scheme:dark){body{background:#14181c;color:#dfe4e8}td,th{border-color:#2b333a}.dim{color:#93a0ab}}
""".strip()


def page(reports: Sequence[SkillReport], *, title: str) -> str:
    """The page; worst skills first."""
    return "\n".join(_lines(reports, title)) + "\n"


def _lines(reports: Sequence[SkillReport], title: str) -> Iterator[str]:
    yield f'<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{escape(title)}</title>'
    yield f"<style>{_STYLE}</style></head><body><h1>{escape(title)}</h1>"
    counts = {verdict: sum(report.verdict is verdict for report in reports) for verdict in SkillVerdict}
    yield (
        "<p>" + ", ".join(f"{counts[verdict]} {verdict.label}" for verdict in reversed(SkillVerdict)) + "</p>"
    )
    for report in sorted(reports, key=lambda one: (-one.verdict, one.name)):
        yield f'<h2><span class="v {report.verdict.label}">{report.verdict.label}</span> {escape(_text(report.name))}</h2>'
        yield f'<p class="dim"><code>{escape(_text(report.root))}</code><br><code>{escape(report.digest or "no digest: " + report.unsound)}</code></p>'
        if report.findings or report.partial:
            yield "<table><tr><th>severity<th>rule<th>what<th>where</tr>"
            for finding in report.findings:
                doubt = "" if finding.confidence.value == "high" else " (not sure)"
                why = (
                    f'<br><span class="dim">but: {escape(finding.why_not)}</span>' if finding.why_not else ""
                )
                places = "<br>".join(
                    f"<code>{escape(_text(str(place)))}</code>" for place in finding.evidence[:4]
                )
                yield f"<tr><td>{finding.severity.name.lower()}{doubt}<td><code>{escape(finding.rule)}</code><td>{escape(_text(finding.message))}{why}<td>{places}</tr>"
            for part in report.partial:
                yield f"<tr><td>partial<td><td>{escape(_text(part.reason))}<td><code>{escape(_text(part.path))}</code></tr>"
            yield "</table>"
        active = [row for row in rows(report.manifest) if any(role.active for role in row.roles)]
        if active:
            yield f"<details><summary>{len(active)} capabilities</summary><table><tr><th>kind<th>target<th>declared<th>documented<th>where</tr>"
            for row in active[:300]:
                yield f"<tr><td>{row.kind.value}<td><code>{escape(_text(row.target))}</code> {escape(row.detail)}<td>{'yes' if row.declared else ''}<td>{'yes' if row.documented else ''}<td><code>{escape(_text(', '.join(map(str, row.places[:3]))))}</code></tr>"
            yield "</table></details>"
    yield "</body></html>"


def _text(text: str) -> str:
    return "".join(c if c.isprintable() or c == " " else f"\\u{ord(c):04x}" for c in text)
