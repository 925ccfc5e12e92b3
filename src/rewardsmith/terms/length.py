"""Length: of texts in words, and whether a length (field ``length``, in tokens) lies in a band."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.arrays import Array, Batch, xp
from ..core.errors import BadInput
from ..core.fields import read_field
from ..core.term import term
from .texts import Floats, per_text


@term(unit="words", low=0.0)
def word_count(completion: Any) -> Floats:
    """The number of words between white space.

    Example:
        >>> word_count({"completion": ["so it is 4", "", None]}).tolist()
        [4.0, 0.0, nan]
    """
    return per_text(lambda text: float(len(text.split())), completion=completion)


def with_length(batch: Batch) -> dict[str, Any]:
    """The batch with a field ``length``: the words of each completion, where no tokeniser has counted tokens.

    Raises:
        BadInput: the batch has lengths already.

    Example:
        >>> with_length({"completion": ["so it is 4"]})["length"].tolist()
        [4.0]
    """
    if "length" in batch:
        raise BadInput("with_length", "a batch that has the field 'length'", "a batch without it")
    return {**batch, "length": word_count({"completion": read_field(batch, "completion", "with_length")})}


@term(unit="1", low=0.0, high=1.0)
def length_band(length: Array, *, shortest: float = 1.0, longest: float = 1024.0, slope: float = 1.0) -> Array:
    """1 inside [shortest, longest], outside it max(0, 1 - slope * tokens beyond the edge).

    Example:
        >>> length_band(longest=10.0, slope=0.25)({"length": np.array([5.0, 10.0, 12.0, 20.0])}).tolist()
        [1.0, 1.0, 0.5, 0.0]
    """
    _ordered("length_band", shortest, longest)
    lib = xp(length)
    beyond = lib.clip(shortest - length, 0.0, None) + lib.clip(length - longest, 0.0, None)
    return lib.clip(1.0 - slope * beyond, 0.0, 1.0)


def _ordered(what: str, low: float, high: float) -> None:
    if _is_known(low) and _is_known(high) and low > high:
        raise BadInput(what, f"shortest {low:g}, longest {high:g}", "shortest <= longest")


def _is_known(value: Any) -> bool:
    # a number that is being differentiated has no value to look at
    return isinstance(value, (float, int, np.floating))
