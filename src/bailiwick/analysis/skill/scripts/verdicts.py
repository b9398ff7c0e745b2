"""Results of tests and checks that are made up: failures taken out, an end that is always good, a state set whatever came out."""

import re

from bailiwick.analysis.skill.facts import Inventory, Mark
from bailiwick.analysis.skill.scripts.places import meant, place
from bailiwick.analysis.skill.scripts.safeguards import Found
from bailiwick.analysis.text.form import Wide
from bailiwick.model.skill import Role

_FAILED = r"(?:failures?|errors?|failed|numFailed\w*|errorCount|tests_failed)"
_ZEROED = Wide(
    rf"(?:\.set|\.setAttribute|\.attr)\(\s*[\"']{_FAILED}[\"']\s*,\s*(?:[\"']0[\"']|0)\s*\)|\.(?:attrib|attributes)\[\s*[\"']{_FAILED}[\"']\s*\]\s*=\s*[\"']?0\b|\bsetattr\(\s*\w+\s*,\s*[\"']{_FAILED}[\"']\s*,\s*0|\bjq\b[^\n]{{0,300}}\.(?:{_FAILED}|critical|high|vulnerabilities|total)\s*\|?=\s*(?:0|\[\]|\{{\}})(?![\d.])"
)
_PASSED = Wide(
    r"\b(?:rep|report|result|test|t|case|tc|r|item|res|outcome|testResult|assertionResult|testCase)\w{0,20}(?:\.(?:outcome|status|state|result|passed|success|ok)|\[\s*[\"'](?:outcome|status|state|result|passed|success)[\"']\s*\])\s*=\s*(?:[\"'](?:passed|pass|success|ok|PASSED|PASS)[\"']|[Tt]rue\b)"
)
_OF_TESTS = re.compile(
    r"pytest_(?:runtest_\w+|report_\w+|sessionfinish|terminal_summary)|hookwrapper|onTestResult|onRunComplete|testResults|assertionResults|numFailedTests|junit|testsuite|testcase|TestResult\b|\.trx\b|mocha\b|allure|cucumber|\baudit\b|vulnerabilit|\bscan\w*\b|trivy|grype|semgrep|coverage",
    re.IGNORECASE,
)
_ENDS = Wide(
    r"\bsession\.exitstatus\s*=\s*0\b|\bpytest_(?:sessionfinish|unconfigure)\b[\s\S]{0,400}?\bos\._exit\(\s*0\s*\)|\batexit\.register\(\s*(?:lambda\s*:\s*)?os\._exit(?:\(\s*0|,\s*0)|\bprocess\.on\(\s*[\"'](?:exit|beforeExit)[\"'][\s\S]{0,120}?(?:process\.(?:exit|reallyExit)\(\s*0\s*\)|process\.exitCode\s*=\s*0)|\bprocess\.exit\s*=\s*\(?\w*\)?\s*=>|\bm\.Run\(\)\s*[;\n][\s\S]{0,80}?\bos\.Exit\(\s*0\s*\)|\bat_exit\s*(?:\{|do)[^}]{0,120}\bexit!\s*\(?\s*0|\bsys\.exit\s*=\s*lambda|\bglobal(?:This)?(?:\s+as\s+any\))?\.(?:expect|it|test)\s*=(?!=)(?=[\s\S]{0,400}catch\s*(?:\([^)\n]*\)\s*)?\{\s*\})"
)
_RENAMED = Wide(
    r"\bsed\b[^\n]{0,120}[\"']?s([/|#,])(?:(?!\1)[^\n]){0,80}?\b(?:failed|failures?|FAILED|FAIL|ERRORS?|not ok)\b(?:(?!\1)[^\n]){0,40}\1(?:(?!\1)[^\n]){0,60}?\b(?:passed|PASSED|PASS|ok|0 (?:failed|failures|errors))(?![\w-])(?:(?!\1)[^\n]){0,40}\1|\bgsub\(\s*/[^/\n]{0,40}\b(?:FAILED|FAIL|failed|not ok)\b[^/\n]{0,20}/\s*,\s*\"[^\"\n]{0,40}(?:PASSED|PASS|passed|ok)|\.replace(?:All)?\(\s*[\"'/](?:FAILED|FAIL|failed|not ok|✗|✘)[\"'/]g?\s*,\s*[\"'](?:PASSED|PASS|passed|ok|✓|✔)[\"']|\bre\.sub\(\s*r?[\"'][^\"'\n]{0,30}\b(?:FAILED|FAIL|failed)\b[^\"'\n]{0,20}[\"']\s*,\s*r?[\"'][^\"'\n]{0,30}(?:PASSED|PASS|passed|0 failed)|-replace\s+[\"'](?:\\d\+ )?(?:FAILED|FAIL|failed)[\"']\s*,\s*[\"'](?:PASSED|PASS|passed|0 failed)"
)
_RUNS_TESTS = r"\b(?:pytest|jest|vitest|mocha|tox|rspec|phpunit|ctest|go\s+test|cargo\s+test|npm\s+(?:run\s+)?test|npm\s+t|yarn\s+test|pnpm\s+test|mvn\b[^\n]{0,60}\btest|gradlew?\b[^\n]{0,60}\btest|dotnet\s+test|make\s+(?:test|check))\b"
_TESTED = Wide(_RUNS_TESTS)
_LEFT_OUT = Wide(
    r"\bgrep\s+(?:-\w+\s+)*-\w*v\w*[^\n]{0,80}(?:FAIL|ERROR|[Ff]ailed|Traceback|not ok)|\bsed\b[^\n]{0,40}/(?:FAIL|ERROR|[Ff]ailed|not ok)[^/\n]{0,40}/d\b"
)
_GOOD_END = re.compile(r"^[ \t]*exit\s+0\s*$", re.MULTILINE)
_PASSES_ON = re.compile(
    r"\bexit\s+[\"']?\$|\bexit\s+[1-9]|\breturn\s+[\"']?\$|\bset\s+-\w*e\b|\bset\s+-o\s+pipefail"
)
_STATE = Wide(
    r"/(?:statuses|check-runs|check-suites)\b|\bcreateCommitStatus\b|\bcreate_status\(|\bchecks\.(?:create|update)\(|\bcreate_check_run\(|/commits?/[^\n]{0,80}/statuses\b|\bgh\s+api\b[^\n]{0,120}/statuses/"
)
_GOOD = Wide(r"[\"']?\b(?:state|conclusion)\b[\"']?\s*[:=]\s*[\"'](?:success|passed)[\"']", re.IGNORECASE)
_BAD = re.compile(r"[\"'](?:failure|failed|error|cancelled|neutral)[\"']|state=(?:failure|error)")
_MADE_UP = Wide(
    r"[\"']?\b(?:passed|numPassedTests|tests_passed|pass)\b[\"']?\s*[:=]\s*[1-9]\d{0,5}\b[^\n]{0,200}?[\"']?\b(?:failed|numFailedTests|tests_failed|failures)\b[\"']?\s*[:=]\s*0\b|<testsuite\b[^>\n]{0,120}\btests=\\?[\"'][1-9]\d{0,4}\\?[\"'][^>\n]{0,80}\bfailures=\\?[\"']0\\?[\"']|\bline-rate=\\?[\"'](?:1(?:\.0+)?|0\.[89]\d*)\\?[\"']"
)
_WRITES = re.compile(
    r"\.write_text\(|\.write\(|writeFile\w*\(|json\.dump\(|\bopen\([^\n]{0,120}[\"'][wa]|(?<![2&=-])>\s*[\"'$\w./]|Set-Content|Out-File|file_put_contents|File\.write"
)


def verdicts(text: str, path: str, language: str, role: Role, into: Inventory) -> None:
    """Notice each way once."""
    seen: set[str] = set()
    found = [*_ended(text, language)]
    if role is Role.FIXTURE:
        role = Role.EXECUTABLE  # the runner of tests runs it
    else:
        found += [*_rewritten(text), *_set(text), *_made_up(text, language)]
    for match, what in found:
        if what in seen or not meant(text, match):
            continue
        seen.add(what)
        said = f"{what}: {' '.join(match[0].split())[:80]!r}"
        into.notice(Mark.WEAKEN, said, place(path, text, match.start()), role, target="check")


def _rewritten(text: str) -> Found:
    """Failures that become something else in what people read."""
    for match in _ZEROED.finditer(text):
        if _OF_TESTS.search(text) and _WRITES.search(text):
            yield match, "sets the number of failures in a report to none"
    for match in _PASSED.finditer(text):
        if _OF_TESTS.search(text) and re.search(
            r"fail|error", text[max(match.start() - 300, 0) : match.start()], re.IGNORECASE
        ):
            yield match, "has a test that failed count as passed"
    for match in _RENAMED.finditer(text):
        yield match, "shows what failed as passed"


def _ended(text: str, language: str) -> Found:
    """A run of tests that ends well whatever came out."""
    for match in _ENDS.finditer(text):
        if _OF_TESTS.search(text) or "m.Run()" in text or "expect" in match[0] or _TESTED.search(text):
            yield match, "has a run of tests end well whatever came out"
    left = _LEFT_OUT.search(text) if language == "shell" and _TESTED.search(text) else None
    if left and _GOOD_END.search(text) and not _PASSES_ON.search(text):
        yield left, "leaves out what failed and ends well"


def _set(text: str) -> Found:
    """A state of a commit that is good without anything having been asked."""
    if _STATE.search(text) and (good := _GOOD.search(text)) and not _BAD.search(text):
        line = text[text.rfind("\n", 0, good.start()) + 1 : good.start()]
        if not re.search(r"\bif\b|\?|==", line):
            yield good, "sets the state of a commit to good whatever came out"


def _made_up(text: str, language: str) -> Found:
    """Results written by a script that runs nothing."""
    if language and _WRITES.search(text) and not _TESTED.search(text):
        for match in _MADE_UP.finditer(text):
            yield match, "writes down results of tests that it doesn't run"
