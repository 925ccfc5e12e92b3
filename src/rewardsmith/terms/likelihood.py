"""Likelihood: how probable a model finds the reference answer after what it wrote."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np

from ..core.arrays import Array, is_array, is_traced, xp
from ..core.errors import BadInput
from ..core.term import term
from .texts import one_of

KINDS = ("logprob", "avg_logprob", "prob", "avg_prob")
_log = logging.getLogger(__name__)
_PAPER = "Kwiatkowski et al. 2026, 'Likelihood-Based Reward Designs for General LLM Reasoning', equations 2-11"


@term(unit="nats (logprob kinds) or 1", source=_PAPER)
def reference_logprob(reference_token_logprobs: Any, *, kind: str = "logprob", floor: float = -100.0) -> Array:
    r"""The log-probability of a reference a* = (a_1 ... a_L) after a thought, by kind.

    logprob: \sum_t l_t;  avg_logprob: \sum_t l_t / L;  prob: exp(\sum_t l_t);  avg_prob: \sum_t exp(l_t) / L,
    where l_t = log p(a_t | prompt, thought, a_<t).

    Args:
        reference_token_logprobs: a list with one sequence of l_t for each sample, or an array (..., L) padded
            with NaN (NumPy, PyTorch or JAX).
        kind: ``prob`` is the reward of VeriFree, ``avg_prob`` that of RLPR.
        floor: l_t below it (a token of probability 0) is set to it; how many is logged.

    The values depend on the model that is trained: compute them anew after each update.  ``prob`` of a long
    reference is so small that its gradient vanishes unless advantages are divided by their spread.

    NaN where the entry is None or a row of the array holds NaN only.

    Raises:
        BadInput: an empty sequence, or l_t > 0.

    Source: Kwiatkowski et al. 2026, "Likelihood-Based Reward Designs for General LLM Reasoning".
    Differs from the paper: tokens of probability 0 are floored instead of making the reward infinite; the group
    reward of JEPO is ``reference_logprob | GroupEvidence()``.

    Example:
        >>> values = [np.log([0.5, 0.5]), np.log([0.25])]
        >>> reference_logprob(kind="prob")({"reference_token_logprobs": values}).tolist()
        [0.25, 0.25]
        >>> reference_logprob(kind="avg_prob")({"reference_token_logprobs": values}).tolist()
        [0.5, 0.25]
    """
    one_of(kind, "reference_logprob kind", KINDS)
    given = reference_token_logprobs
    is_padded = is_array(given) and str(given.dtype) != "object"
    logprobs = given if is_padded else _padded(given)
    if not is_traced(logprobs):
        _check(logprobs, floor)
    return likelihood(logprobs, kind, floor)


def likelihood(logprobs: Array, kind: str = "logprob", floor: float = -100.0) -> Array:
    """The reward of ``reference_logprob`` for an array ``(..., L)`` padded with NaN, unchecked: ``(...)``.

    NaN where a row holds NaN only.  It can be differentiated: a trainer takes the supervised part of the
    gradient, d R / d l_t, from here, and it is 0 where l_t lies below the floor.

    Example:
        >>> likelihood(np.log([[0.5, 0.25, np.nan]]).round(6), "avg_prob").round(3).tolist()
        [0.375]
    """
    lib = xp(logprobs)
    there = ~lib.isnan(logprobs)
    known = lib.where(there, logprobs, 0.0)
    known = lib.where(known < floor, floor, known)
    summed = lib.where(there, lib.exp(known), 0.0) if kind == "avg_prob" else known
    count = lib.sum(lib.where(there, 1.0 + 0.0 * known, 0.0), axis=-1)
    total = lib.sum(summed, axis=-1)
    if kind.startswith("avg"):
        total = total / lib.where(count > 0, count, 1.0)
    return lib.where(count > 0, lib.exp(total) if kind == "prob" else total, float("nan"))


def below_floor(logprobs: Array, floor: float = -100.0) -> int:
    """How many token log-probabilities ``likelihood`` would set to the floor: log it, a few are a symptom.

    Example:
        >>> below_floor(np.array([-1.0, -np.inf, np.nan]))
        1
    """
    return int(xp(logprobs).sum(logprobs < floor))


def _check(logprobs: Array, floor: Any) -> None:
    lib = xp(logprobs)
    if bool(lib.any(logprobs > 1e-6)):
        highest = float(lib.max(lib.where(lib.isnan(logprobs), 0.0, logprobs)))
        raise BadInput("reference_token_logprobs", highest, "<= 0", "they are logarithms of probabilities")
    if below := below_floor(logprobs, floor):
        _log.warning("reference_logprob: %d token log-probabilities below %g were set to it", below, floor)


def _padded(rows: Any) -> np.ndarray[Any, np.dtype[np.float64]]:
    lists = [np.full(1, np.nan) if row is None else np.asarray(row, dtype=np.float64) for row in rows]
    for number, row in enumerate(lists):
        if row.ndim != 1 or row.size == 0:
            what = f"reference_token_logprobs of sample {number}"
            raise BadInput(
                what,
                f"shape {row.shape}",
                "one number or more, or None",
                "an empty reference has no likelihood",
            )
    padded = np.full((len(lists), max((row.size for row in lists), default=1)), np.nan)
    for line, row in zip(padded, lists, strict=True):
        line[: row.size] = row
    return padded
