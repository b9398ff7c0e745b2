"""Files that people name are read in bounded memory, and the error names the file and the mend."""

import resource
from pathlib import Path

import pytest

from bailiwick.cli.main import main
from bailiwick.service.named_file import UnfitFileError, read_named, read_named_text

KEY = ["--key", "bailiwick.test+00000000+AQ=="]
NAMING = [
    ["sink", "check", "--config", "{}"],
    ["policy", "import", "{}"],
    ["log", "verify", "--key-file", "{}"],
    ["log", "verify", "--witness", "{}"],
    ["log", "ship", "--to", "http://127.0.0.1:9", "--keys", "{}"],
    ["log", "collect", "--enrol", "{}"],
    ["log", "witness", "--add", "http://127.0.0.1:9", "--keys", "{}"],
    ["evidence", "verify", "pack.tar", "--key", "{}"],
    ["detect", "run", "--suppress", "{}"],
    ["dlp", "scan", "--key-file", "{}", "/dev/null"],
]


def test_what_fits_is_read_whole(tmp_path: Path) -> None:
    place = tmp_path / "it"
    place.write_bytes(b"\xef\xbb\xbf" + b"x" * 10)
    assert read_named(place, most=13) == b"\xef\xbb\xbfxxxxxxxxxx"
    assert read_named_text(place) == "x" * 10


def test_what_does_not_fit_is_an_error_that_names_it(tmp_path: Path) -> None:
    place = tmp_path / "it"
    place.write_bytes(b"a\xff")
    with pytest.raises(UnfitFileError, match=r"it: is not UTF-8 \(byte 1\); save it as UTF-8"):
        read_named_text(place)
    with pytest.raises(UnfitFileError, match=r"/dev/zero: holds more than 16 MiB"):
        read_named("/dev/zero")
    with pytest.raises(FileNotFoundError):
        read_named(tmp_path / "none")


@pytest.mark.parametrize("words", NAMING, ids=" ".join)
def test_no_command_reads_without_end(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BAILIWICK_STATE", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert main([word.format("/dev/zero") for word in words]) in {2, 3}
    assert "/dev/zero: holds more than 16 MiB; name the file that is meant" in capsys.readouterr().err
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200 * 1024


@pytest.mark.parametrize("words", [["analyze"], ["dlp", "scan"]], ids=" ".join)
def test_a_line_without_end_ends_a_batch(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert main([*words, "--jsonl", "/dev/zero"]) == 2
    assert "/dev/zero: line 1 is longer than 256 MiB" in capsys.readouterr().err
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200 * 1024
