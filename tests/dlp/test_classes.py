"""Classes of an organisation's own, from the policy's text to answer, record and command line."""

import asyncio
import base64
import json
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bailiwick.administration.difference import difference
from bailiwick.analysis.text.bounded import UnboundedError, check
from bailiwick.analysis.text.classes import (
    PASSAGE,
    DataClass,
    Documents,
    HashedList,
    fingerprints,
    hashed,
    normal,
)
from bailiwick.analysis.text.secrets import examine
from bailiwick.cli.main import main
from bailiwick.policy.load import load_policy_set
from bailiwick.service.answer import answer
from bailiwick.service.policy_files import read_policy_files
from governed import desk_at, event, opened, records, tool, verdict

EXAMPLE_KEY = "AK" + "IAIOSFODNN7" + "EXAMPLE"
VALUES = ("KD-99 4410 2231", "Acme GmbH 4711-0815", "ZZ-TEST-0001")
ORGANISATION = """\
organisation: Acme
default_profile: dev
example_keys: report
data_classes:
  - name: project-names
    title: Name of an unannounced project
    words: [Project Nightjar, Heronsgate]
    examples: {found: [the roadmap of project-nightjar, HERONSGATE], not_found: [a nightjar project, heronsgates]}
  - name: employee-number
    pattern: '\\bEMP-[0-9]{6}\\b'
    tier: redact
    examples: {found: from EMP-204811, not_found: EMP-20481}
  - name: customers
    hashes: data/customers.yaml
    examples: {found: zz test 0001, not_found: zz test 0002}
prompts: {deny: [class/project-names]}
findings: {deny: [input class/*]}
obligations: {redact: [{tools: "*", rules: class/*}]}
"""
PROFILE = "profile: dev\ntools: {allow: [Bash, Read]}\ncommands: {allow: [echo]}\nfindings: {other: allow}\nprompts: {other: allow}\n"


@pytest.fixture
def policy(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    values = tmp_path / "values"
    values.write_text("\n".join(VALUES), encoding="utf-8")
    assert main(["dlp", "fingerprint", str(values), "--salt", "5a" * 16]) == 0
    directory = tmp_path / "policy"
    for name, text in {
        "organisation.yaml": ORGANISATION,
        "profiles/dev.yaml": PROFILE,
        "data/customers.yaml": capsys.readouterr().out,
    }.items():
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_text(text, encoding="utf-8")
    assert not any(value.encode() in (directory / "data/customers.yaml").read_bytes() for value in VALUES)
    return directory


SAMPLES = {
    "see Project   Nightjar here": "class/project-names",
    "project-nightjar": "class/project-names",
    base64.b64encode(b"nightjar and project nightjar too").decode(): "class/project-names",
    "EMP-123456": "class/employee-number",
    "kd99 4410 2231": "class/customers",
    "ACME GMBH (4711 0815)": "class/customers",
    f"key {EXAMPLE_KEY}": "secret/aws-access-key",
}


@pytest.mark.parametrize("sample", SAMPLES)
def test_the_command_line_finds_what_policy_names(
    policy: Path, tmp_path: Path, sample: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "sample"
    path.write_text(sample, encoding="utf-8")
    assert main(["dlp", "scan", "--format", "json", "--policy", str(policy), str(path)]) == 1
    assert [one["rule"] for one in json.loads(capsys.readouterr().out)["findings"]] == [SAMPLES[sample]]
    assert main(["dlp", "scan", str(path)]) == 0, "without the policy it is nothing"


def test_a_wrong_policy_is_told_by_its_place(policy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (policy / "organisation.yaml").write_text(ORGANISATION.replace("EMP-204811", "EMP-1"), encoding="utf-8")
    assert main(["dlp", "scan", "--policy", str(policy), str(policy)]) != 0
    assert "organisation.yaml:12:" in capsys.readouterr().err


def test_in_a_session_it_is_refused_masked_and_never_recorded(policy: Path, tmp_path: Path) -> None:
    with desk_at(tmp_path / "desk") as desk:
        for path in (tmp_path / "desk" / "policy").rglob("*.yaml"):
            path.unlink()
        for path in policy.rglob("*.yaml"):
            target = tmp_path / "desk" / "policy" / path.relative_to(policy)
            target.parent.mkdir(exist_ok=True)
            target.write_bytes(path.read_bytes())
        desk.policies.reload()
        state = opened(desk)
        prompt = asyncio.run(answer(desk, state, event("UserPromptSubmit", prompt="about Project Nightjar")))
        assert verdict(prompt) == "deny"
        called = asyncio.run(answer(desk, state, tool("Bash", command="echo kd99 4410 2231")))
        assert verdict(called) == "deny"
        output = {"stdout": "from EMP-204811", "stderr": "", "interrupted": False, "isImage": False}
        result = event(
            "PostToolUse",
            tool_name="Bash",
            tool_input={"command": "echo"},
            tool_use_id="t-2",
            tool_response=output,
        )
        told = asyncio.run(answer(desk, state, result))
        assert b"[redacted:class/employee-number:" in told
        said = prompt + called + told
        assert "Nightjar" not in desk.masking.text("a log line about Project Nightjar")
        kept = records(tmp_path / "desk" / "state")
        desk.store.close()
    files = [path for path in (tmp_path / "desk" / "state").rglob("*") if path.is_file()]
    for value in ("Nightjar", "kd99 4410", "204811"):
        assert value.encode() not in said
        assert not [path for path in files if value.encode() in path.read_bytes()]
    assert "class/customers" in json.dumps(kept)


def test_a_difference_of_policies_names_the_classes(policy: Path) -> None:
    before = load_policy_set(read_policy_files(policy))
    text = ORGANISATION.replace("Heronsgate", "Heronsgate, Otter").replace("example_keys: report\n", "")
    (policy / "organisation.yaml").write_text(text, encoding="utf-8")
    (one,) = difference(before, load_policy_set(read_policy_files(policy)))
    assert one.notes == ("data class ~ class/project-names", "example keys: no longer findings")


@pytest.mark.parametrize(
    "pattern",
    [
        r"\bEMP-[0-9]{6}\b",
        "[A-Z]{2,5}-[0-9]{4,10}",
        "(?:NJ|HG)[0-9]{3}",
        "[a-z0-9.]{1,64}@acme[.]example",
        "(?i:nj)-x?y",
    ],
)
def test_bounded_expressions_are_taken(pattern: str) -> None:
    check(pattern)


@pytest.mark.parametrize(
    "pattern",
    [
        "(?:a+)+b",
        "(?:a{1,9}){1,9}",
        "a*",
        "x.*y",
        r"(a)\1",
        "(?=a)b",
        "(?:a|b|ab){1,12}",
        "a{1,40}a{1,40}",
        "(",
        "a{0,5}",
    ],
)
def test_unbounded_expressions_are_refused(pattern: str) -> None:
    with pytest.raises(UnboundedError):
        check(pattern)


@given(st.text(max_size=40))
def test_any_pattern_is_judged(pattern: str) -> None:
    with suppress(UnboundedError):  # and nothing else
        check(pattern)


CODE = "\n".join(
    f"def step_{number}(ledger, rate): return settle(ledger.entries[{number}], rate * {number + 3}, mode='night')"
    for number in range(40)
)
LICENCE = " ".join(f"permission is granted to copy part {number} of this work" for number in range(20))


def documents_of(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> DataClass:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "engine.py").write_text(f"# {LICENCE}\n{CODE}", encoding="utf-8")
    (tmp_path / "licence").write_text(LICENCE, encoding="utf-8")
    directory = tmp_path / "documented"
    asked = ["--documents", str(tmp_path / "src"), "--without", str(tmp_path / "licence")]
    assert main(["dlp", "fingerprint", *asked]) == 0
    said = f"{{found: {json.dumps(CODE[:900])}, not_found: {json.dumps(LICENCE)}}}"
    files = {
        "organisation.yaml": "organisation: Acme\ndata_classes:\n"
        f"  - {{name: engine, documents: documents/engine.yaml, examples: {said}}}\n",
        "profiles/dev.yaml": PROFILE,
        "documents/engine.yaml": capsys.readouterr().out,
    }
    assert "ledger" not in files["documents/engine.yaml"]
    for name, text in files.items():
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_text(text, encoding="utf-8")
    return load_policy_set(read_policy_files(directory)).data_classes[0]


def test_a_passage_of_a_document_is_found_however_it_is_laid_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one = documents_of(tmp_path, capsys)
    words = CODE.split(" ")
    passage = " \n\t".join(words[30:90]).upper()
    for text in (passage, base64.b64encode(passage.encode()).decode(), json.dumps({"x": passage})):
        found = examine(f"see {text} here", subjects=frozenset((one,))).matches
        assert [match.rule for match in found] == ["class/engine"]
        assert found[0].end - found[0].start > len(text) // 2
    assert not examine(LICENCE, subjects=frozenset((one,))).matches
    assert not examine("def step_1(ledger, rate): return None", subjects=frozenset((one,))).matches


@given(st.lists(st.sampled_from("abcdefgh"), min_size=PASSAGE * 2, max_size=120), st.data())
def test_every_passage_that_is_long_enough_is_found(words: list[str], data: st.DataObject) -> None:
    salt = "00" * 16
    document = " ".join(f"{word}{number}" for number, word in enumerate(words))
    one = DataClass(
        name="x", title="x", documents=(Documents(salt=salt, hashes=fingerprints(salt, document)),)
    )
    at = data.draw(st.integers(0, len(words) - PASSAGE))
    copied = document.split(" ")[at : at + PASSAGE]
    assert len(list(one.spans(f"some other text {';'.join(copied)} and more of it"))) == 1


def test_a_document_that_is_too_short_has_no_fingerprints(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "short"
    path.write_text("a few words only", encoding="utf-8")
    assert main(["dlp", "fingerprint", "--documents", str(path)]) == 2
    assert "27 words" in capsys.readouterr().err


WORDS = st.lists(st.text("abcdefghijkmnop0123456789", min_size=4, max_size=9), min_size=1, max_size=4)


@given(WORDS, st.text(max_size=30), st.text(max_size=30), st.sampled_from([" ", "-", " - ", "_", "/"]))
def test_a_listed_value_is_found_in_any_spelling(
    words: list[str], before: str, after: str, between: str
) -> None:
    salt, value = "00" * 16, normal(" ".join(words))
    known = HashedList(
        salt=salt,
        shortest=len(value),
        longest=len(value),
        parts=len(words),
        hashes=frozenset((hashed(salt, value),)),
    )
    one = DataClass(name="x", title="x", lists=(known,))
    text = f"{before} | {between.join(words).upper()} | {after}"
    begin = len(before) + 3
    spans = [(match.start, match.end) for match in examine(text, subjects=frozenset((one,))).matches]
    assert any(start <= begin and end >= begin + len(between.join(words)) for start, end in spans)


@pytest.mark.parametrize("text", ["abc", "", "x" * 300, "a b c d e f g h i"])
def test_values_that_fit_no_list_are_named_by_line(
    tmp_path: Path, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "values"
    path.write_text(f"{VALUES[0]}\n{text}\n" if text else "\n", encoding="utf-8")
    assert main(["dlp", "fingerprint", str(path)]) == 2
    said = capsys.readouterr()
    assert not said.out
    assert (f"{path}:2:" in said.err) == bool(text)
    assert text not in said.err or len(text) < 4
