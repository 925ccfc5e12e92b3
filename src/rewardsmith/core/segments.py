"""Episodes inside a batch: which steps belong together, and sums and counts within them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .arrays import Array, Batch, xp
from .errors import BadInput
from .groups import Groups


@dataclass(frozen=True)
class Segments:
    """The episodes of a batch whose last axis is time.

    An episode starts where the field ``first`` is True, and always at the start of a row; without that field
    each row is one episode.

    Args:
        starts: ``(..., T)`` bools.
        groups: every episode as a group of its steps.

    Example:
        >>> reward = np.array([1.0, 2.0, 3.0])
        >>> Segments.of(reward, {"first": np.array([True, False, True])}).total(reward).tolist()
        [3.0, 3.0, 3.0]
    """

    starts: Array
    groups: Groups

    @classmethod
    def of(cls, values: Array, batch: Batch) -> Segments:
        """The episodes of ``values (..., T)``.

        Raises:
            BadInput: there is no time axis.
        """
        if len(values.shape) == 0:
            raise BadInput("reward", "a single number", "an array whose last axis is time")
        lib = xp(values)
        on = values[..., :1] == values[..., :1]
        edge = on | ~on  # True, on the device of the values
        first = batch.get("first")
        inner = values[..., 1:] != values[..., 1:] if first is None else first[..., 1:] != 0
        starts = lib.concat([edge, inner & ~inner if first is None else inner], axis=-1)
        length, rows = values.shape[-1], int(np.prod(values.shape[:-1]))
        number = (lib.cumulative_sum(_ones(starts) * starts, axis=-1) - 1).reshape(rows, length)
        row = lib.cumulative_sum(_ones(starts).reshape(rows, length)[:, :1], axis=0) - 1
        return cls(starts, Groups((number + length * row).reshape(values.shape), rows * length))

    @property
    def last(self) -> Array:
        """The last step of each episode, ``(..., T)`` bools."""
        lib = xp(self.starts)
        edge = self.starts[..., :1] | ~self.starts[..., :1]
        return lib.concat([self.starts[..., 1:], edge], axis=-1)

    @property
    def time(self) -> Array:
        """Steps since the start of the row, ``(..., T)`` whole numbers."""
        lib = xp(self.starts)
        return lib.cumulative_sum(_ones(self.starts), axis=-1) - 1

    def total(self, values: Array) -> Array:
        """The sum over the episode, at every step of it; NaN spreads over the episode."""
        return self.groups.spread(self.groups.sums(values))

    def running(self, values: Array) -> Array:
        """The sum from the start of the episode up to and including each step; for values without NaN."""
        lib = xp(values)
        summed = lib.cumulative_sum(values, axis=-1)
        before = summed - values
        return summed - self.total(lib.where(self.starts, before, 0.0 * before))


def _ones(like: Array) -> Array:
    """Whole ones of the shape and device of an array."""
    lib = xp(like)
    return lib.ones_like(like, dtype=lib.int64 if lib is np else lib.int32)
