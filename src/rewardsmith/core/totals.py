"""Totals of several rewards without their shares: what is evaluated when nobody asks for the parts."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from .arrays import Array, Batch

if TYPE_CHECKING:
    from .algebra import Reward


def total_of(
    parts: tuple[Reward, ...],
    batch: Batch,
    state: Any,
    join: Callable[[Array, Array], Array],
    join_in_place: Callable[[Array, Array], Array] | None = None,
) -> tuple[Array, Any]:
    """The totals of several rewards, joined from left to right.

    One after the other, because fresh memory costs more than the arithmetic; what the first two were joined
    into belongs to nobody else, so NumPy may write the next sums into it.
    """
    total, own = parts[0].total(batch, state[0])
    after = [own]
    for i, (part, own) in enumerate(zip(parts[1:], state[1:], strict=True)):
        other, own = part.total(batch, own)
        after.append(own)
        ours = i > 0 and type(total) is np.ndarray and type(other) is np.ndarray
        if join_in_place and ours and total.dtype == other.dtype and total.shape == other.shape:
            total = join_in_place(total, other)
        else:
            total = join(total, other)
    return total, tuple(after)
