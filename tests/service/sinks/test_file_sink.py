"""Lines in a file: whole ones only, and never through a link."""

import asyncio
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from posts import item

from bailiwick.service.sinks.file import FileSink
from bailiwick.service.sinks.sink import Later


def test_lines_are_appended_and_private(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    sink = FileSink(path)
    asyncio.run(sink.send([item(0), item(1)]))
    path.rename(tmp_path / "rotated")
    asyncio.run(sink.send([item(2)]))
    assert (tmp_path / "rotated").read_bytes() == b'{"a":1}\n' * 2
    assert path.read_bytes() == b'{"a":1}\n'
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_link_or_a_directory_is_not_written_to(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    for name in ("link", "."):
        with pytest.raises(Later):
            asyncio.run(FileSink(tmp_path / name).send([item(0)]))
    assert not (tmp_path / "elsewhere").exists()


def test_a_full_disk_leaves_no_half_line(tmp_path: Path) -> None:
    program = f"""
        import asyncio, resource, signal, sys
        sys.path[:0] = {[str(Path(__file__).parent), str(Path(__file__).parents[2])]}
        from posts import item
        from pathlib import Path
        from bailiwick.service.sinks.file import FileSink
        from bailiwick.service.sinks.sink import Later
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        sink = FileSink(Path(sys.argv[1]))
        asyncio.run(sink.send([item(0, b"x" * 3000)]))
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))
        try:
            asyncio.run(sink.send([item(1, b"y" * 3000)]))
        except Later as later:
            print(later)
    """
    path = tmp_path / "out"
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program), path], capture_output=True, text=True, check=True
    )
    assert "File too large" in done.stdout
    assert path.read_bytes() == b"x" * 3000 + b"\n"
