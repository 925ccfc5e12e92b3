"""Statistics of groups of samples: the answers to one prompt, named by equal group ids."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .arrays import Array, Batch, is_array, xp
from .fields import read_field


@dataclass(frozen=True)
class Groups:
    """Which samples belong together.

    Groups are found by id, never by position: a trainer may split, shuffle or repeat them.  Values without
    verdict (NaN) are left out of every statistic; a statistic of nothing is NaN.

    Args:
        index: ``(...)``, whole numbers 0 .. count-1, one per sample.
        count: number of groups.

    Example:
        >>> groups = Groups.of(["a", "b", "a"])
        >>> groups.mean(np.array([1.0, 5.0, 3.0])).tolist()
        [2.0, 5.0, 2.0]
    """

    index: Array
    count: int

    @classmethod
    def of(cls, ids: Array) -> Groups:
        """From group ids: an array of numbers or texts of any shape, or a list."""
        if not is_array(ids) or isinstance(ids, np.ndarray):
            names, index = np.unique(np.asarray(ids), return_inverse=True)
            return cls(index.reshape(np.shape(ids)), len(names))
        lib = xp(ids)
        if "torch" in lib.__name__:
            names, index = ids.unique(return_inverse=True)
            return cls(index, len(names))
        size = int(np.prod(ids.shape))  # jax needs a size that is known beforehand
        index = lib.unique(ids, return_inverse=True, size=size)[1]
        return cls(index.reshape(ids.shape), size)

    @classmethod
    def from_batch(cls, batch: Batch, reader: str) -> Groups:
        """From the field ``group``.

        Raises:
            MissingField: the batch has none.
        """
        return cls.of(read_field(batch, "group", reader))

    # ------------------------------------------------------------------ one number per group
    def sums(self, values: Array) -> Array:
        """``(count,)``: the plain sum of each group; NaN spreads."""
        lib, flat, index = xp(values), values.reshape(-1), self.index.reshape(-1)
        if lib is np:
            return np.bincount(index, flat, self.count)
        zeros = lib.zeros(self.count, dtype=values.dtype)
        return zeros.index_add(0, index, flat) if "torch" in lib.__name__ else zeros.at[index].add(flat)

    def largest(self, values: Array) -> Array:
        """``(count,)``: the largest value of each group; -inf where no member has a verdict."""
        lib, index = xp(values), self.index.reshape(-1)
        flat = lib.where(lib.isnan(values), -lib.inf * lib.ones_like(values), values).reshape(-1)
        lowest = -lib.inf * lib.ones(self.count, dtype=values.dtype)
        if lib is np:
            np.maximum.at(lowest, index, flat)
            return lowest
        if "torch" in lib.__name__:
            return lowest.to(flat.device).scatter_reduce(0, index, flat, "amax")
        return lowest.at[index].max(flat)

    def spread(self, each: Array) -> Array:
        """A number per group, ``(count,)``, handed to every member."""
        return each[self.index]

    # ------------------------------------------------------------------ statistics, handed to every member
    def size(self, values: Array) -> Array:
        """How many members have a verdict."""
        return self.spread(self.sums(_known(values)))

    def total(self, values: Array) -> Array:
        """Sum over the members with a verdict."""
        return self.spread(self.sums(_filled(values)))

    def mean(self, values: Array) -> Array:
        """Mean over the members with a verdict; NaN where there is none."""
        size = self.sums(_known(values))
        return self.spread(_ratio(self.sums(_filled(values)), size))

    def std(self, values: Array, ddof: int = 0) -> Array:
        """Standard deviation over the members with a verdict; NaN for ``ddof`` members or fewer."""
        lib, mean = xp(values), self.mean(values)
        squares = self.sums(_filled((values - mean) ** 2))
        return self.spread(lib.sqrt(_ratio(squares, self.sums(_known(values)) - ddof)))

    def others(self, values: Array) -> Array:
        """Mean over the other members with a verdict (leave-one-out); NaN where there is none."""
        known = _known(values)
        rest = self.total(values) - _filled(values)
        return _ratio(rest, self.spread(self.sums(known)) - known)


def _known(values: Array) -> Array:
    lib = xp(values)
    return lib.where(lib.isnan(values), 0.0 * lib.ones_like(values), lib.ones_like(values))


def _filled(values: Array) -> Array:
    lib = xp(values)
    return lib.where(lib.isnan(values), lib.zeros_like(values), values)


def _ratio(above: Array, below: Array) -> Array:
    """``above / below``, NaN where ``below`` is not positive."""
    lib = xp(above)
    safe = lib.where(below > 0, below, lib.ones_like(below))
    return lib.where(below > 0, above / safe, lib.nan * lib.ones_like(above))
