"""Letters that look random and are the same every time: what examples are made of."""

from hashlib import sha256


class Draw:
    """Draws letters and bytes; two with the same seed draw the same."""

    def __init__(self, seed: str) -> None:
        self._seed, self._count = seed, 0

    def number(self, below: int) -> int:
        """A number from 0 to ``below``, that one left out."""
        self._count += 1
        return int.from_bytes(sha256(f"{self._seed} {self._count}".encode()).digest()[:8]) % below

    def of(self, letters: str, count: int) -> str:
        """``count`` of ``letters``."""
        return "".join(letters[self.number(len(letters))] for _ in range(count))

    def bytes(self, count: int) -> bytes:
        """``count`` bytes."""
        return bytes(self.number(256) for _ in range(count))
