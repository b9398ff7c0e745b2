"""Reports as JSON (the contract of `bailiwick skill scan`) and SARIF 2.1.0 (OASIS), and back from JSON for a baseline."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from bailiwick.decision.skill_verdict import SkillReport, SkillVerdict
from bailiwick.model.access import Confidence
from bailiwick.model.skill import Capability, Source
from bailiwick.rules.page import page_of
from bailiwick.rules.rule import Severity
from bailiwick.rules.skill.catalogue import SKILL_CATALOGUE
from bailiwick.rules.skill.rule import SkillFinding

_RULES = {rule.id: rule for rule in SKILL_CATALOGUE}
_LEVEL = {
    Severity.LOW: "note",
    Severity.MEDIUM: "warning",
    Severity.HIGH: "error",
    Severity.CRITICAL: "error",
}
_SECURITY_SEVERITY = {
    Severity.LOW: "3.0",
    Severity.MEDIUM: "5.5",
    Severity.HIGH: "8.0",
    Severity.CRITICAL: "9.5",
}


def to_json(reports: Sequence[SkillReport]) -> dict[str, Any]:
    """Every report as one object."""
    return {"skills": [skill(report) for report in reports]}


def skill(report: SkillReport) -> dict[str, Any]:
    """One report. Paths of evidence are below the skill's own path."""
    said: dict[str, Any] = {
        "path": report.root,
        "name": report.name,
        "kind": report.kind,
        "digest": report.digest,
        "verdict": report.verdict.label,
        "manifest": list(_manifest(report)),
        "findings": [_finding(finding) for finding in report.findings],
        "partial": [{"path": part.path, "reason": part.reason} for part in report.partial],
    }
    if report.unsound:
        said["no_digest"] = report.unsound
    if report.suppressed:
        said["suppressed"] = [
            {
                **_finding(finding),
                "suppression": {
                    "owner": by.owner,
                    "reason": by.reason,
                    "ticket": by.ticket,
                    "expires": by.expires,
                },
            }
            for finding, by in report.suppressed
        ]
    if report.known:
        said["baseline"] = [_finding(finding) for finding in report.known]
    return said


def _manifest(report: SkillReport) -> Iterator[dict[str, Any]]:
    for origin, listed in (
        ("declared", report.manifest.declared),
        ("denied", report.manifest.denied),
        ("used", report.manifest.used),
    ):
        yield from ({"origin": origin, **merged} for merged in merged_capabilities(listed))
    for claim in report.manifest.claims:
        yield {
            "origin": "documented",
            "kind": "claim",
            "target": claim.kind,
            "detail": claim.target,
            "role": "instructed",
            "evidence": [_place(claim.source)],
        }
    for purpose in report.manifest.purposes:
        yield {
            "origin": "documented",
            "kind": "purpose",
            "target": purpose,
            "detail": "",
            "role": "instructed",
            "evidence": [],
        }


def merged_capabilities(listed: Sequence[Capability]) -> Iterator[dict[str, Any]]:
    """The same capability at several places is one, with all of them."""
    places: dict[tuple[str, str, str, str], list[Source]] = {}
    for one in listed:
        places.setdefault((one.kind.value, one.target, one.detail, one.role.value), []).append(one.source)
    for (kind, target, detail, role), sources in places.items():
        evidence = list(dict.fromkeys(sources))[:20]
        yield {
            "kind": kind,
            "target": target,
            "detail": detail,
            "role": role,
            "evidence": [_place(source) for source in evidence],
        }


def _finding(finding: SkillFinding) -> dict[str, Any]:
    rule = _RULES.get(finding.rule)
    said: dict[str, Any] = {
        "rule": finding.rule,
        "severity": finding.severity.name.lower(),
        "confidence": finding.confidence.value,
        "message": finding.message,
        "evidence": [_place(source) for source in finding.evidence],
    }
    if finding.why_not:
        said["why_not"] = finding.why_not
    if rule is not None:
        said["standards"] = {
            "owasp_ast": list(rule.standards.ast),
            "owasp_asi": list(rule.standards.asi),
            "atlas": list(rule.standards.atlas),
        }
    return said


def _place(source: Source) -> dict[str, Any]:
    return {"path": _text(source.path), "line": source.line}


def _text(path: str) -> str:
    return path.encode("utf-8", "backslashreplace").decode()


def dumped(value: Any) -> str:
    """JSON text; names that are no Unicode are written with escapes."""
    return json.dumps(value, indent=1, ensure_ascii=False).encode("utf-8", "backslashreplace").decode()


def known_in(report: Mapping[str, Any]) -> dict[str, frozenset[tuple[str, str, str]]]:
    """The fingerprints of an earlier report, by the skill's name. Raises ValueError when it isn't one."""
    found: dict[str, frozenset[tuple[str, str, str]]] = {}
    try:
        for one in report["skills"]:
            listed = [*one["findings"], *one.get("baseline", ())]
            prints = frozenset(
                (item["rule"], item["evidence"][0]["path"], item["message"]) for item in listed
            )
            found[one["name"]] = found.get(one["name"], frozenset()) | prints
    except (KeyError, TypeError, IndexError) as error:
        lacks = f": no {error}" if isinstance(error, KeyError) else ""
        raise ValueError(f"not a report of `bailiwick skill scan --format json`{lacks}") from error
    return found


MAX_DESCRIPTION = 1024
"""Characters that code scanning takes of a rule's full description."""


def to_sarif(reports: Sequence[SkillReport], *, version: str, base: str) -> dict[str, Any]:
    """One SARIF run. ``base`` is the directory that addresses are relative to."""
    used = sorted({finding.rule for report in reports for finding in report.findings} | set(_RULES))
    index = {rule: number for number, rule in enumerate(used)}
    results = [_result(report, finding, index, base) for report in reports for finding in report.findings]
    notes = [
        {
            "level": "error",
            "message": {"text": f"{report.name}: {part.path} was not looked at: {part.reason}"},
        }
        for report in reports
        for part in report.partial
    ]
    return {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "bailiwick",
                        "version": version,
                        "rules": [_rule(rule) for rule in used],
                    }
                },
                "invocations": [{"executionSuccessful": not notes, "toolExecutionNotifications": notes}],
                "results": results,
                "columnKind": "unicodeCodePoints",
            }
        ],
    }


def _rule(rule_id: str) -> dict[str, Any]:
    rule = _RULES.get(rule_id)
    if rule is None:
        return {"id": rule_id}
    tags = [
        "security",
        *(f"OWASP-{one}" for one in (*rule.standards.ast, *rule.standards.asi)),
        *(f"MITRE-ATLAS-{one}" for one in rule.standards.atlas),
    ]
    page = page_of(rule)
    help_text = f"{page.why}\n\nWhat to do instead: {page.instead}"
    return {
        "id": rule.id,
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": page.why[:MAX_DESCRIPTION]},
        "help": {"text": help_text, "markdown": help_text},
        "defaultConfiguration": {"level": _LEVEL[rule.severity]},
        "properties": {"tags": tags, "security-severity": _SECURITY_SEVERITY[rule.severity]},
    }


def _result(
    report: SkillReport, finding: SkillFinding, index: Mapping[str, int], base: str
) -> dict[str, Any]:
    places = [_location(report, source, base) for source in finding.evidence]
    return {
        "ruleId": finding.rule,
        "ruleIndex": index[finding.rule],
        "level": _LEVEL[finding.severity],
        "message": {"text": finding.message + (f" (but: {finding.why_not})" if finding.why_not else "")},
        "locations": places[:1],
        **({"relatedLocations": places[1:]} if len(places) > 1 else {}),
        "partialFingerprints": {
            "bailiwick/v1": "|".join(
                (report.name, *(finding.rule, _text(finding.evidence[0].path), finding.message))
            )
        },
        "properties": {
            "severity": finding.severity.name.lower(),
            "confidence": finding.confidence.value,
            "skill": report.name,
            "verdict": report.verdict.label,
        },
    }


def _location(report: SkillReport, source: Source, base: str) -> dict[str, Any]:
    path = "/".join(
        part for part in (report.root, _text(source.path).split("!")[0].split("#")[0]) if part != "."
    )
    path = path.removeprefix(base.rstrip("/") + "/")
    address = f"file://{quote(path)}" if path.startswith("/") else quote(path)
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": address},
            "region": {"startLine": max(source.line, 1)},
        }
    }


def worst(reports: Sequence[SkillReport]) -> SkillVerdict:
    """The verdict over all of them."""
    return max((report.verdict for report in reports), default=SkillVerdict.PASS)


__all__ = ["Confidence", "dumped", "known_in", "merged_capabilities", "skill", "to_json", "to_sarif", "worst"]
