"""`bailiwick dlp`: the batch contract, the formats, and that none of its output holds a secret."""

import base64
import io
import json
import zipfile
from pathlib import Path

import heldout
import pytest
import yaml

from bailiwick.audit.redaction import Redactor
from bailiwick.cli.main import main
from governed import POLICY, write_policy
from planted import MAKERS

BODY = "q7Zk2Wm9Xc4Vb1Nn8Ty5Ru3Eo6Pi0LaSdFgHjKlQwErTyUiOpZxCvBnM2468Gx13"
TOKEN, _ = MAKERS["secret/github-token"](BODY)


def run(
    monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes], data: bytes, *words: str
) -> tuple[int, str]:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(data)))
    code = main(["dlp", *words])
    return code, capsysbinary.readouterr().out.decode("utf-8", "surrogateescape")


@pytest.fixture
def lines(tmp_path: Path) -> Path:
    return tmp_path / "lines.jsonl"


def test_the_contract(lines: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    texts = [f"é GH_TOKEN={TOKEN}", "nothing here", "card 4539 5787 6362 1486"]
    lines.write_text(
        "".join(json.dumps({"id": n, "text": t}) + "\n" for n, t in enumerate(texts))
        + "no json\n"
        + '{"id": 9}\n'
    )
    assert main(["dlp", "scan", "--jsonl", str(lines)]) == 0
    said = [json.loads(line) for line in capsysbinary.readouterr().out.splitlines()]
    assert [one["id"] for one in said] == [0, 1, 2, None, 9]
    (finding,) = said[0]["findings"]
    assert finding == {
        "rule": "secret/github-token",
        "tier": "block",
        "confidence": "high",
        "start": 11,
        "end": 11 + len(TOKEN),
    }
    assert texts[0][finding["start"] : finding["end"]] == TOKEN
    assert said[1] == {"id": 1, "findings": [], "complete": True, "micros": said[1]["micros"]}
    assert [f["rule"] for f in said[2]["findings"]] == ["personal/payment-card"]
    assert not said[3]["complete"]
    assert not said[4]["complete"]


def test_no_output_holds_the_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    for case in heldout.secrets():
        place = tmp_path / "x.txt"
        place.write_text(case.text)
        for form in ("text", "json", "sarif"):
            code, out = run(monkeypatch, capsysbinary, b"", "scan", "--format", form, str(place))
            assert code == 1
            assert case.secret not in out
        code, out = run(monkeypatch, capsysbinary, case.text.encode(), "redact")
        assert (code, case.secret in out) == (0, False)


def test_redaction_changes_nothing_else(
    monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    text = json.dumps({"a": [f"x {TOKEN} y"], "b": "plain\n"}) + "\n" + "ordinary line\r\n"
    code, out = run(
        monkeypatch, capsysbinary, text.encode() + b"\xff\xfe\n", "redact", "--key-file", __file__
    )
    before, after = text.split(TOKEN)
    assert code == 0
    assert out.startswith(before + "[redacted:secret/github-token:")
    assert json.loads(out.splitlines()[0])["b"] == "plain\n"
    assert after.rstrip("\n") in out
    clean = b"nothing to mask\n\x00\x01\xff bytes\n"
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(clean)))
    assert main(["dlp", "redact"]) == 0
    assert capsysbinary.readouterr().out == clean


def test_directories_archives_and_binary_texts_are_read(
    tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "wide.txt").write_bytes(f"key {TOKEN}".encode("utf-16"))
    with zipfile.ZipFile(tmp_path / "d" / "a.zip", "w") as archive:
        archive.writestr("inner.env", f"GH_TOKEN={TOKEN}\n")
    assert main(["dlp", "scan", "--format", "json", str(tmp_path / "d")]) == 1
    found = json.loads(capsysbinary.readouterr().out)["findings"]
    assert [(Path(f["path"]).name, f["line"], f["column"]) for f in found] == [
        ("a.zip!inner.env", 1, 10),
        ("wide.txt", 1, 5),
    ]


def test_what_is_not_there_is_said(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    assert main(["dlp", "scan", "/nowhere/at/all"]) == 3
    assert main(["dlp", "explain", "secret/none"]) == 2
    assert main(["dlp", "test", "secret/none"]) == 2
    assert capsysbinary.readouterr().err.count(b"bailiwick: ") == 3


def test_explain_list_and_test(
    monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    code, out = run(monkeypatch, capsysbinary, b"", "explain", "secret/doppler-token")
    assert (code, "## Not noticed" in out) == (0, True)
    code, out = run(monkeypatch, capsysbinary, b"", "list")
    assert code == 0
    assert len(out.splitlines()) > 300
    code, out = run(monkeypatch, capsysbinary, f"x {TOKEN}".encode(), "test", "secret/github-token")
    assert (code, TOKEN in out) == (0, False)
    code, out = run(monkeypatch, capsysbinary, b"x", "test", "secret/github-token")
    assert (code, "finds nothing" in out) == (1, True)


def test_every_verb_speaks_json(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    text = f"GH_TOKEN={TOKEN}"
    (tmp_path / "f").write_text(text)
    (tmp_path / "values").write_text("alpha 1234\n")
    rows = {
        ("scan", str(tmp_path / "f")): 1,
        ("redact",): 0,
        ("explain", "secret/github-token"): 0,
        ("test", "secret/github-token"): 0,
        ("fingerprint", str(tmp_path / "values"), "--salt", "0" * 32): 0,
    }
    said = {}
    for words, expected in rows.items():
        code, out = run(monkeypatch, capsysbinary, text.encode(), *words, "--json")
        assert code == expected
        assert TOKEN not in out
        said[words[0]] = json.loads(out)
    assert said["scan"]["findings"][0]["rule"] == said["explain"]["rule"] == "secret/github-token"
    assert said["redact"]["text"].startswith("GH_TOKEN=[redacted:secret/github-token:")
    assert said["redact"]["complete"]
    assert said["test"]["findings"][0]["tier"] == "block"
    _, listed = run(
        monkeypatch, capsysbinary, b"", "fingerprint", str(tmp_path / "values"), "--salt", "0" * 32
    )
    assert yaml.safe_load(listed) == said["fingerprint"]


def test_the_same_secret_has_the_same_fingerprint_and_only_with_the_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    key = tmp_path / "key"
    key.write_bytes(b"k" * 32)
    (tmp_path / "a.txt").write_text(f"x {TOKEN}\ny {base64.b64encode(f'of {TOKEN}'.encode()).decode()}\n")
    for form in ("json", "sarif", "text"):
        words = ("scan", "--format", form, "--key-file", str(key), str(tmp_path / "a.txt"))
        _, out = run(monkeypatch, capsysbinary, b"", *words)
        assert out.count(Redactor(b"k" * 32).fingerprint(TOKEN)) == 2
    line = json.dumps({"id": 1, "text": TOKEN}).encode()
    _, out = run(monkeypatch, capsysbinary, TOKEN.encode(), "redact", "--key-file", str(key))
    assert Redactor(b"k" * 32).fingerprint(TOKEN) in out  # the mask of redact and the finding of scan are one
    (tmp_path / "lines").write_bytes(line)
    _, out = run(monkeypatch, capsysbinary, b"", "scan", "--jsonl", str(tmp_path / "lines"))
    assert "fingerprint" not in out
    assert main(["dlp", "scan", "--key-file", "/nowhere", str(tmp_path)]) == 3


def test_the_data_classes_of_a_policy_are_listed_explained_and_tried(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    classes = (
        "data_classes:\n  - name: projects\n    title: Name of an unannounced project\n    tier: redact\n"
        "    words: [Project Nightjar]\n    examples: {found: project nightjar, not_found: a nightjar}\n"
    )
    policy = write_policy(
        tmp_path / "policy", POLICY | {"organisation.yaml": POLICY["organisation.yaml"] + classes}
    )
    at = ("--policy", str(policy))
    code, out = run(monkeypatch, capsysbinary, b"", "list", *at)
    assert (code, out.splitlines()[0].split()) == (
        0,
        ["class/projects", "redact", "high", "Name", "of", "an", "unannounced", "project"],
    )
    code, out = run(monkeypatch, capsysbinary, b"", "explain", "class/projects", *at)
    assert (code, "1 words or phrases" in out, "Nightjar" in out) == (0, True, False)
    code, out = run(monkeypatch, capsysbinary, b"on project nightjar", "test", "class/projects", *at)
    assert (code, out) == (0, "1:4: found (redact, high): on [16 characters]\n")
    assert run(monkeypatch, capsysbinary, b"x", "test", "class/projects")[0] == 2
    assert run(monkeypatch, capsysbinary, b"on project nightjar", "redact", *at)[1].startswith(
        "on [redacted:class/projects:"
    )
    (policy / "organisation.yaml").write_text("organisation: [")
    for words in (("list",), ("explain", "x"), ("test", "x"), ("redact",)):
        assert run(monkeypatch, capsysbinary, b"", *words, *at)[0] == 2
