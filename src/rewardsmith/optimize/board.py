"""Board: where workers of a cluster write how far they are, and read whether they shall go on.

It lies outside of ``control``, because the process that holds it needs no JAX.
"""

from __future__ import annotations


class Board:
    """What the shards of an advance have done.  A board lives in one process and is told of by others."""

    def __init__(self) -> None:
        self._done: dict[str, dict[int, int]] = {}
        self._stopped: set[str] = set()

    def tell(self, advance: str, shard: int, done: int) -> bool:
        """Note how many iterations a shard has made; True if it shall go on."""
        self._done.setdefault(advance, {})[shard] = done
        return advance not in self._stopped

    def read(self, advance: str) -> dict[int, int]:
        """Iterations made, by shard.  A shard that was begun again after a crash has made fewer than before."""
        return self._done.get(advance, {})

    def stop(self, advance: str) -> None:
        """Nobody waits for these shards any more."""
        self._stopped.add(advance)

    def forget(self, advance: str) -> None:
        """All shards are done."""
        self._done.pop(advance, None)
