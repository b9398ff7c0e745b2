"""The laws of delivery, with a receiver that fails in every way that the contract knows: nothing is lost, ever."""

import asyncio
import contextlib
import sqlite3
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from posts import entry, filled, no_sleep

from bailiwick.audit.views.place import COUNT
from bailiwick.audit.views.render import View
from bailiwick.service.log_reader import LogReader
from bailiwick.service.sinks.cursor import Progress, Room
from bailiwick.service.sinks.delivery import MOST_REFUSED, Delivery, Plan
from bailiwick.service.sinks.sink import Item, Later, Limits, Refusal, Refused
from bailiwick.service.state_directory import StoreError


class Fickle:
    """A receiver that follows a script, one word for each call: what it doesn't say is taken."""

    def __init__(
        self, script: Sequence[str] = (), *, poison: frozenset[int] = frozenset(), batch: int = 7
    ) -> None:
        self.acknowledges = True
        self.limits = Limits(items=batch)
        self.script, self.poison = list(script), poison
        self.taken: list[int] = []
        self.counts: list[Item] = []

    async def send(self, items: Sequence[Item]) -> Sequence[Refusal]:
        if items[0].kind == COUNT:
            self.counts.extend(items)
            return ()
        what = self.script.pop(0) if self.script else "take"
        if what == "later":
            raise Later("down")
        if what == "part":
            half = [item for item in items if item.index not in self.poison][: len(items) // 2]
            if half == list(items[: len(half)]):
                self.taken += [item.index for item in half]
                raise Later("broke", accepted=len(half))
            raise Later("broke")
        if what == "lost-answer":
            self.taken += [item.index for item in items if item.index not in self.poison]
            raise Later("no answer")
        bad = [item for item in items if item.index in self.poison]
        if bad and what == "whole":
            raise Refused("one of them is bad")
        self.taken += [item.index for item in items if item.index not in self.poison]
        return [Refusal(item=item, why="bad") for item in bad]

    async def close(self) -> None:
        pass


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return filled(tmp_path_factory.mktemp("delivery") / "state", 40)


WORDS = st.sampled_from(["take", "later", "part", "lost-answer", "whole", "crash"])


@given(
    script=st.lists(WORDS, max_size=25),
    poison=st.frozensets(st.integers(0, 39), max_size=8),
    batch=st.integers(1, 15),
)
@settings(max_examples=30, deadline=None)
def test_every_record_is_taken_or_set_aside(
    state: Path,
    tmp_path_factory: pytest.TempPathFactory,
    script: list[str],
    poison: frozenset[int],
    batch: int,
) -> None:
    room = Room(tmp_path_factory.mktemp("room"))
    sink = Fickle([word for word in script if word != "crash"], poison=poison, batch=batch)
    crashes = script.count("crash")
    with room.held(), LogReader(state) as reader:
        delivery = Delivery(reader, sink, Plan(name="s", view=View.RECORD), room, sleep=no_sleep)
        for _ in range(200):
            with contextlib.suppress(Later):
                if not asyncio.run(delivery.step()):
                    break
            if crashes:
                crashes -= 1
                delivery = Delivery(reader, sink, Plan(name="s", view=View.RECORD), room, sleep=no_sleep)
        progress = room.load("s")
        dead = {place for place, _ in room.dead("s")}
    assert progress.next == 40
    assert set(sink.taken) | dead == set(range(40))
    assert dead == poison
    assert progress.sent == 40 - len(poison)
    firsts = list(dict.fromkeys(sink.taken))
    assert firsts == sorted(firsts) or any(word in script for word in ("whole", "part", "lost-answer"))


def test_a_receiver_that_refuses_everything_is_set_up_wrongly(state: Path, tmp_path: Path) -> None:
    room = Room(tmp_path)
    sink = Fickle(["whole"] * 1_000, poison=frozenset(range(40)))
    with room.held(), LogReader(state) as reader:
        delivery = Delivery(reader, sink, Plan(name="s", view=View.RECORD), room)
        with pytest.raises(Later, match="refuses everything"):
            asyncio.run(delivery.drain())
        assert len(room.dead("s")) <= MOST_REFUSED
        assert room.load("s").next <= MOST_REFUSED
        # `sink status` tells it, though nothing runs any more.
        assert "refuses everything" in room.load("s").problem


def test_counts_tell_what_there_should_be(state: Path, tmp_path: Path) -> None:
    room, sink, now = Room(tmp_path), Fickle(), [1_000.0]
    with room.held(), LogReader(state) as reader:
        delivery = Delivery(
            reader, sink, Plan(name="s", view=View.RECORD, count_every=300), room, clock=lambda: now[0]
        )
        asyncio.run(delivery.drain())
        assert len(sink.counts) == 1
        now[0] += 299
        asyncio.run(delivery.drain())
        assert len(sink.counts) == 1
        now[0] += 1
        asyncio.run(delivery.drain())
    line = sink.counts[1].line.decode()
    assert "40 records sent of entries 0 to 39" in line
    assert "\\u2014" in line or "\u2014" in line  # the signature line of the checkpoint


def test_a_filter_passes_over(state: Path, tmp_path: Path) -> None:
    room, sink = Room(tmp_path), Fickle()
    only = entry("name: a\nto: stdout\nonly: {kinds: [session-*, alarm], severity: high}").only
    with room.held(), LogReader(state) as reader:
        asyncio.run(Delivery(reader, sink, Plan(name="s", view=View.OCSF, only=only), room).drain())
        assert sink.taken == []
        assert room.load("s").passed_over == 40


def test_a_log_that_was_cut_off_is_not_passed_over(tmp_path: Path) -> None:
    state = filled(tmp_path / "state", 3)
    room = Room(tmp_path)
    with room.held(), LogReader(state) as reader:
        epoch = reader.last(1)[0].record["epoch"]
        room.save("s", Progress(epoch=epoch, next=9))
        with pytest.raises(StoreError, match="3 entries, but 9 were delivered"):
            asyncio.run(Delivery(reader, Fickle(), Plan(name="s", view=View.RECORD), room).step())
        room.save("s", Progress(epoch="another log", next=9))
        sink = Fickle()
        asyncio.run(Delivery(reader, sink, Plan(name="s", view=View.RECORD), room).drain())
        assert sink.taken == [0, 1, 2]


def test_purged_entries_are_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    state = filled(tmp_path / "state", 6)
    room, sink = Room(tmp_path), Fickle(batch=2)
    with sqlite3.connect(state / "log.db") as log:
        log.execute("DELETE FROM log WHERE seq < 4")
    monkeypatch.setattr("bailiwick.service.sinks.delivery.READ", 2)
    with room.held(), LogReader(state) as reader:
        asyncio.run(Delivery(reader, sink, Plan(name="s", view=View.RECORD), room).drain())
    assert sink.taken == [4, 5]


def test_one_sink_s_trouble_is_kept_from_the_others(state: Path, tmp_path: Path) -> None:
    room = Room(tmp_path)

    class Broken(Fickle):
        async def send(self, items: Sequence[Item]) -> Sequence[Refusal]:
            raise ZeroDivisionError(items)

    async def both() -> tuple[Delivery, Delivery]:
        stop = asyncio.Event()
        with room.held(), LogReader(state) as reader:
            broken = Delivery(reader, Broken(), Plan(name="b", view=View.RECORD), room, sleep=no_sleep)
            sound = Delivery(reader, Fickle(), Plan(name="s", view=View.RECORD), room, sleep=no_sleep)
            running = asyncio.gather(broken.run(stop), sound.run(stop))
            while sound.progress.next < 40 or not broken.progress.problem:  # noqa: ASYNC110 - looks from outside
                await asyncio.sleep(0.01)
            stop.set()
            await running
        return broken, sound

    broken, sound = asyncio.run(asyncio.wait_for(both(), 60))
    assert (broken.progress.next, sound.progress.next) == (0, 40)
    assert room.load("b").problem == "internal error (ZeroDivisionError)"


def test_only_one_process_delivers(tmp_path: Path) -> None:
    with (
        Room(tmp_path).held(),
        pytest.raises(StoreError, match="another process delivers"),
        Room(tmp_path).held(),
    ):
        pass


def test_a_damaged_cursor_is_told(tmp_path: Path) -> None:
    room = Room(tmp_path)
    with room.held():
        (room.path / "s.json").write_text("{")
        with pytest.raises(StoreError, match="remove it: the sink sends the whole log again"):
            room.load("s")


def test_it_goes_on_until_stopped(state: Path, tmp_path: Path) -> None:
    room, sink = Room(tmp_path), Fickle(["later", "later", "part"])

    async def until_done() -> None:
        stop = asyncio.Event()
        with room.held(), LogReader(state) as reader:
            delivery = Delivery(reader, sink, Plan(name="s", view=View.RECORD), room, sleep=no_sleep)
            running = asyncio.create_task(delivery.run(stop))
            while delivery.progress.next < 40:  # noqa: ASYNC110 - looks at progress from outside
                await asyncio.sleep(0.01)
            stop.set()
            await running

    asyncio.run(asyncio.wait_for(until_done(), 60))
    assert set(sink.taken) == set(range(40))
    assert room.load("s").problem == ""
