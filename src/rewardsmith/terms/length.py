"""Length: of texts in words, and what a length (field ``length``, in tokens) is worth."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..core.arrays import Array, Batch, xp
from ..core.errors import BadInput
from ..core.fields import read_field
from ..core.term import term
from .texts import Floats, per_text

_DAPO = "Yu et al. 2025, 'DAPO', equation 13 (soft overlong punishment)"
_COSINE = "Yeo et al. 2025, 'Demystifying Long Chain-of-Thought Reasoning in LLMs', section 4.2"


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


@term(unit="1", low=-1.0, high=0.0, source=_DAPO)
def soft_overlong(length: Array, *, limit: float = 20480.0, buffer: float = 4096.0) -> Array:
    """0 up to limit - buffer, then down in a line to -1 at the limit, and -1 beyond.

    Source: Yu et al. 2025, "DAPO", equation 13.

    Example:
        >>> soft_overlong(limit=100.0, buffer=20.0)({"length": np.array([80.0, 90.0, 100.0, 999.0])}).tolist()
        [0.0, -0.5, -1.0, -1.0]
    """
    if _is_known(buffer) and not buffer > 0:
        raise BadInput("soft_overlong buffer", buffer, "> 0")
    # + 0.0 makes the 0 of a short text a plain one, not -0
    return xp(length).clip((limit - buffer - length) / buffer, -1.0, 0.0) + 0.0


@term(unit="1", low=-1.0, high=1.0, source=_COSINE)
def cosine_length(
    length: Array,
    correct: Array,
    *,
    correct_short: float = 1.0,
    correct_long: float = 0.5,
    wrong_short: float = -1.0,
    wrong_long: float = -0.5,
    limit: float = 1024.0,
) -> Array:
    """Value b + (a - b) (1 + cos(pi t)) / 2 with t = min(length / limit, 1): a when short, b when long.

    (a, b) are the values for right completions where ``correct`` > 0.5, else those for wrong ones: right ones
    are paid for being short, wrong ones lose less when they thought for long.  NaN where ``correct`` is NaN.
    The bounds are those of the defaults.

    Source: Yeo et al. 2025, "Demystifying Long Chain-of-Thought Reasoning in LLMs".
    Differs from the paper: no extra penalty at the limit (add ``soft_overlong``); defaults are those of TRL.

    Example:
        >>> batch = {"length": np.array([0.0, 1024.0, 0.0, 1024.0]), "correct": np.array([1.0, 1.0, 0.0, 0.0])}
        >>> cosine_length(batch).tolist()
        [1.0, 0.5, -1.0, -0.5]
    """
    lib = xp(length, correct)
    share = lib.clip(length / limit, 0.0, 1.0)
    bend = (1.0 + lib.cos(math.pi * share)) / 2.0
    right = correct_long + (correct_short - correct_long) * bend
    wrong = wrong_long + (wrong_short - wrong_long) * bend
    return lib.where(correct > 0.5, right, wrong) + 0.0 * correct


def _ordered(what: str, low: float, high: float) -> None:
    if _is_known(low) and _is_known(high) and low > high:
        raise BadInput(what, f"shortest {low:g}, longest {high:g}", "shortest <= longest")


def _is_known(value: Any) -> bool:
    # a number that is being differentiated has no value to look at
    return isinstance(value, (float, int, np.floating))
