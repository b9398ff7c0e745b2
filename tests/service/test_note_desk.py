"""A collector takes notes from detection beside it, over its own Unix socket; and a fleet's log is searched and looked at there."""

import asyncio
from pathlib import Path

from posts import filled

from bailiwick.audit.kinds import Kind
from bailiwick.audit.notes import Note
from bailiwick.cli.main import main
from bailiwick.service.collector import Collector, serve
from bailiwick.service.local import RefusedError, call
from bailiwick.service.log_reader import LogReader
from bailiwick.service.noting import note
from bailiwick.service.places import Places
from bailiwick.service.store import Store


def test_a_running_collector_takes_notes(tmp_path: Path) -> None:
    state = filled(tmp_path / "state", 3)
    places = Places(state=state, policy=tmp_path)

    async def go() -> str:
        with Store.open(state) as store:
            ready: asyncio.Future[int] = asyncio.get_running_loop().create_future()
            running = asyncio.create_task(serve(Collector.over(store), "127.0.0.1", 0, ready=ready))
            await ready
            notes = [Note(kind=Kind.DETECTION, text="found", rule="r", level="high")] * 2
            await asyncio.to_thread(note, places, notes)
            assert await asyncio.to_thread(main, ["log", "search", "echo", "--state", str(state)]) == 0
            try:
                await asyncio.to_thread(call, places, "POST", "/v1/notes", {"notes": [{"kind": "tool-call"}]})
                said = ""
            except RefusedError as error:
                said = str(error)
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            return said

    assert "kind must be one of" in asyncio.run(asyncio.wait_for(go(), 30))
    with LogReader(state) as reader:
        assert [entry.record["kind"] for entry in reader.entries(3)] == ["detection", "detection", "log-read"]
        assert reader.verify().intact
