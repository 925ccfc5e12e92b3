"""dispatch: every sample is judged by the reward of its own kind of task."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from ..core.algebra import Reward, Shares, leading_shape
from ..core.arrays import Array, Batch, is_array, to_numpy, xp
from ..core.errors import BadInput
from ..core.fields import read_field
from ..core.nodes import as_reward
from ..core.term import success

Kinds = tuple[str | float, ...]


@dataclass(frozen=True, repr=False)
class Dispatch(Reward):
    """One reward for each kind of sample; the field ``by`` says which.

    Each reward sees only the samples of its kind, so that it may read fields that other kinds leave empty;
    where the kind changes inside a row (steps of one episode) every reward sees everything and its own steps
    are kept. A reward whose kind is not in the batch is not evaluated and keeps its state.

    ``terms()`` has one share per kind, ``<by>.<kind>``, whichever kinds are in the batch.

    Raises:
        BadInput: a sample of an unknown kind, or without a kind; the kind is never guessed.

    Example:
        >>> reward = dispatch({"paid": success, "free": 2.0 * success}, by="kind")
        >>> reward({"kind": ["free", "paid"], "success": np.array([1.0, 1.0])}).tolist()
        [2.0, 1.0]
        >>> print(reward)
        dispatch(success, 2.0 * success, kinds=('paid', 'free'), by='kind')
    """

    rewards: tuple[Reward, ...]
    kinds: Kinds = ()
    by: str = "kind"
    written: ClassVar[str] = "dispatch"

    def __post_init__(self) -> None:
        object.__setattr__(self, "kinds", tuple(_plain(kind) for kind in self.kinds))
        if not self.rewards or len(set(self.kinds)) != len(self.rewards):
            received = f"{len(self.rewards)} rewards for the kinds {', '.join(map(repr, self.kinds)) or 'none'}"
            raise BadInput("dispatch", received, "at least one kind, all different, and one reward for each")

    @classmethod
    def examples(cls) -> tuple[Self, ...]:
        return (cls((success, 2.0 * success), (0.0, 1.0)),)

    @classmethod
    def called(cls, *parts: Reward, kinds: Kinds = (), by: str = "kind") -> Reward:
        return cls(parts, kinds, by)

    @property
    def fields(self) -> frozenset[str]:
        return Reward.fields.__get__(self) | {self.by}

    def share(self, batch: Batch, state: Any) -> tuple[Shares, Any]:
        code = self._codes(batch)
        rows = code.reshape(len(code), -1)
        whole_rows = bool((rows == rows[:, :1]).all())
        judge = self._by_row if whole_rows else self._by_step
        totals, after = judge(batch, rows[:, 0] if whole_rows else code, state)
        total = totals[0]
        for each in totals[1:]:
            total = total + each
        names = [f"{self.by}.{kind}" for kind in self.kinds]
        return Shares(total, dict(zip(names, totals, strict=True))), after

    def _codes(self, batch: Batch) -> Any:
        """Which reward judges each sample: whole numbers, in the shape of the field."""
        given = read_field(batch, self.by, "dispatch")
        values = to_numpy(given) if is_array(given) else np.asarray(given, dtype=object)
        numbers = {kind: number for number, kind in enumerate(self.kinds)}
        listed = values.ravel().tolist()
        codes = {value: numbers.get(_plain(value), -1) for value in set(listed)}
        unknown = sorted({repr(value) for value, code in codes.items() if code < 0})
        if unknown:
            allowed = ", ".join(map(repr, self.kinds))
            raise BadInput(f"field {self.by}", ", ".join(unknown[:5]), allowed, "each kind needs a reward")
        return np.array([codes[value] for value in listed], dtype=np.int64).reshape(values.shape)

    def _by_row(self, batch: Batch, code: Any, state: Any) -> tuple[list[Array], tuple[Any, ...]]:
        order = np.argsort(code, kind="stable")
        back = np.argsort(order, kind="stable")
        found: list[Array | None] = []
        after: list[Any] = []
        for number, (reward, own) in enumerate(zip(self.rewards, state, strict=True)):
            rows = np.flatnonzero(code == number)
            total = None
            if len(rows):
                shares, own = reward.share(_rows(batch, rows, len(code)), own)
                total = shares.total
            found.append(total)
            after.append(own)
        known = [total for total in found if total is not None]
        lib = xp(*known)
        totals: list[Array] = []
        for total in found:
            pieces = [each if each is total else lib.zeros_like(each) for each in known]
            totals.append(lib.concat(pieces, axis=0)[back])
        return totals, tuple(after)

    def _by_step(self, batch: Batch, code: Any, state: Any) -> tuple[list[Array], tuple[Any, ...]]:
        if code.shape != leading_shape(batch):
            raise BadInput(
                f"field {self.by}", f"shape {code.shape}", f"{leading_shape(batch)}, one kind per step"
            )
        totals: list[Array] = []
        after: list[Any] = []
        for number, (reward, own) in enumerate(zip(self.rewards, state, strict=True)):
            mine = code == number
            if mine.any():
                shares, own = reward.share(batch, own)
                lib = xp(shares.total)
                totals.append(lib.where(lib.asarray(mine), shares.total, lib.zeros_like(shares.total)))
            after.append(own)
        absent = xp(totals[0]).zeros_like(totals[0])
        present = iter(totals)
        return [next(present) if (code == n).any() else absent for n in range(len(self.kinds))], tuple(after)


def dispatch(rewards: Mapping[str | float, Reward | float], by: str = "kind") -> Reward:
    """Judge every sample by the reward of its kind; see ``Dispatch``.

    Args:
        rewards: kind (a text or a number) -> the reward of its samples.
        by: the field with the kind of every sample.
    """
    return Dispatch(tuple(as_reward(reward) for reward in rewards.values()), tuple(rewards), by)


def _plain(kind: Any) -> Any:
    """Texts as they are, numbers as floats: 1 and 1.0 are one kind."""
    return float(kind) if isinstance(kind, (int, float)) and not isinstance(kind, bool) else kind


def _rows(batch: Batch, rows: Any, count: int) -> dict[str, Any]:
    """The samples ``rows`` of a batch; what has no leading axis of ``count`` stays whole."""
    chosen: dict[str, Any] = {}
    for name, value in batch.items():
        if is_array(value):
            chosen[name] = value[rows] if value.ndim and value.shape[0] == count else value
        elif isinstance(value, (list, tuple)) and len(value) == count:
            chosen[name] = [value[row] for row in rows]
        else:
            chosen[name] = value
    return chosen
