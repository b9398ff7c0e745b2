"""Byte code is compared with its source as data: the same source is always the same, another never, and no bytes make it raise."""

import importlib.util
import marshal
import textwrap

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bailiwick.analysis.skill.bytecode import same

SOURCES = (
    "",
    "x = 1\n",
    "def f(x, /, y=2, *a, z, **k):\n    return {x, y} | {z: (1.5, 2j, b'b', None, ...)}[z]\n",
    "class A:\n    '''doc'''\n    async def g(self):\n        async for i in self:\n            yield [j async for j in i if j in {1, 2, 3}]\n",
    "import os\nname = 'caf\\u00e9' + chr(128169) * 3\nbig = 2 ** 200 + 123456789012345678901234567890\nprint(f'{name!r:>{10}}')\n",
    "try:\n    pass\nexcept* ValueError as error:\n    raise RuntimeError from error\nfinally:\n    match [1]:\n        case [x, *_]:\n            pass\n",
)


def compiled(source: str, name: str = "/home/somebody/a.py", flags: int = 0, optimized: int = 0) -> bytes:
    code = compile(textwrap.dedent(source), name, "exec", optimize=optimized)
    return importlib.util.MAGIC_NUMBER + flags.to_bytes(4, "little") + b"\0" * 8 + marshal.dumps(code)


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("optimized", [0, 1, 2])
def test_byte_code_is_what_its_own_source_comes_to(source: str, optimized: int) -> None:
    assert same(source.encode(), compiled(source, optimized=optimized), optimized)


@pytest.mark.parametrize("source", SOURCES[1:])
def test_byte_code_of_another_source_is_told_apart(source: str) -> None:
    assert not same(source.encode(), compiled(source + "hidden = 2\n"))
    assert not same((source + "y = 1\n").encode(), compiled(source + "y = 3\n"))


def test_another_pythons_byte_code_is_not_compared() -> None:
    assert same(b"x = 1\n", b"\0\0\r\n" + compiled("x = 2\n")[4:])


@given(st.binary(max_size=400))
@settings(max_examples=200)
def test_no_bytes_make_it_raise(data: bytes) -> None:
    assert not same(b"x = 1\n", importlib.util.MAGIC_NUMBER + b"\0" * 12 + data)


@given(st.integers(min_value=16), st.integers(min_value=0, max_value=255))
@settings(max_examples=200)
def test_no_changed_byte_makes_it_raise(at: int, byte: int) -> None:
    data = bytearray(compiled(SOURCES[2]))
    data[16 + at % (len(data) - 16)] = byte
    assert isinstance(same(SOURCES[2].encode(), bytes(data)), bool)


def test_instructions_may_be_left_out() -> None:
    first, second = b"def f(x): return x + 1\n", "def f(x): return x - 1\n"
    assert not same(first, compiled(second))
    assert same(first, compiled(second), instructions=False)
    assert not same(first, compiled("def f(x): return x + 2\n"), instructions=False)
