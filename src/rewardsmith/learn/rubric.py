"""Rubrics from a few comparisons: a judge proposes criteria, they are checked and refined, a few stay.

A rubric is a list of sentences that a judge can apply to one thing at a time; of two things the one that
fulfils more of them is better.  Nothing is trained: what was preferred is put into words.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from ..core.errors import BadInput

Floats = np.ndarray[Any, Any]


class CriteriaJudge(Protocol):
    """What is asked of a judge; ``pairs`` is whatever it judges, ``row`` the number of a pair."""

    def propose(self, pairs: Any, row: int, first: bool, rng: np.random.Generator) -> Sequence[str]:
        """Criteria by which the first (or second) of a pair is better."""
        ...

    def refine(
        self, pairs: Any, row: int, first: bool, criteria: Sequence[str], rng: np.random.Generator
    ) -> Sequence[str]:
        """Better criteria, where those given led to the wrong verdict or to none."""
        ...

    def compare(self, pairs: Any, rows: Any, criteria: Sequence[str], rng: np.random.Generator) -> Floats:
        """For the pairs ``rows (M,)``: 1 the first is better, 0 the second, 0.5 a tie, NaN no verdict."""
        ...


@dataclass(frozen=True)
class Induced:
    """What came of the pairs.

    Args:
        criteria: in the order found, repeated as often as found.
        solved: ``(N,)``, whether the criteria of a pair led to its label; False for pairs without label.
        tries: ``(N,)``, how often criteria were asked for.
        dropped: criteria that failed on other pairs.
    """

    criteria: tuple[str, ...]
    solved: Floats
    tries: Floats
    dropped: int


def induce_rubric(
    judge: CriteriaJudge,
    pairs: Any,
    labels: Any,
    rng: np.random.Generator,
    rounds: int = 5,
    others: int = 0,
) -> Induced:
    """Criteria from N labelled pairs: propose, judge the pair again with them, refine while it is wrong.

    Args:
        labels: ``(N,)``, 1 or 0 for the first or second; a tie (0.5) or no label (NaN) teaches nothing.
        rounds: refinements at most; criteria that are still wrong then are left out.
        others: so many other pairs are judged by each criterion alone, and it is kept only where it is right
            more often than wrong.  0 is the published method: only the pair that a criterion came from counts.

    Source: Tian et al., "Auto-Rubric as Reward", arXiv:2605.08354.
    Differs from the paper: a verdict counts when both orders of the pair agree; ``others``.
    """
    labels = np.asarray(labels, np.float64)
    allowed = np.isnan(labels) | np.isin(labels, (0, 0.5, 1))
    if labels.ndim != 1 or rounds < 0 or others < 0 or not allowed.all():
        raise BadInput("induce_rubric", f"labels {labels.shape}, rounds {rounds}", "labels 1, 0, 0.5 or NaN")
    known = np.flatnonzero((labels == 0) | (labels == 1))
    solved, tries, dropped = np.zeros(len(labels), bool), np.zeros(len(labels), np.int64), 0
    found: list[str] = []
    for each in known:
        row, first = int(each), bool(labels[each] == 1)
        criteria = list(judge.propose(pairs, row, first, rng))
        tries[row] = 1
        solved[row] = _right(judge, pairs, row, first, criteria, rng)
        while not solved[row] and tries[row] <= rounds:
            criteria = list(judge.refine(pairs, row, first, criteria, rng))
            tries[row] += 1
            solved[row] = _right(judge, pairs, row, first, criteria, rng)
        if solved[row]:
            kept = [c for c in criteria if not others or _useful(judge, pairs, labels, known, c, others, rng)]
            dropped += len(criteria) - len(kept)
            found += kept
    return Induced(tuple(found), solved, tries, dropped)


def both_orders(judge: CriteriaJudge, pairs: Any, rows: Any, criteria: Sequence[str], rng: Any) -> Floats:
    """Verdicts ``(2, M)`` in the given order and, turned back, in the other, of ``pairs.swapped()``."""
    straight = judge.compare(pairs, rows, criteria, rng)
    return np.stack([straight, 1.0 - judge.compare(pairs.swapped(), rows, criteria, rng)])


def _right(judge: CriteriaJudge, pairs: Any, row: int, first: bool, criteria: Sequence[str], rng: Any) -> bool:
    if not criteria:
        return False
    return bool((both_orders(judge, pairs, np.array([row]), criteria, rng)[:, 0] == float(first)).all())


def _useful(
    judge: CriteriaJudge, pairs: Any, labels: Floats, known: Floats, criterion: str, others: int, rng: Any
) -> bool:
    rows = rng.choice(known, min(others, len(known)), replace=False)
    verdict = both_orders(judge, pairs, rows, [criterion], rng).mean(0)
    decided = np.isin(verdict, (0.0, 1.0))
    right = (verdict == labels[rows]) & decided
    return int(right.sum()) * 2 > int(decided.sum())


def coding_rate(vectors: Any, eps: float = 0.1, count: int | None = None) -> float:
    r"""The rate log det(I + X X^T / (eps^2 n)): how many directions n vectors ``(n, D)`` fill.

    Args:
        eps: the distortion that is allowed.
        count: n, where it is to stay that of a larger set.

    Source: Ma et al., "Segmentation of Multivariate Mixed Data via Lossy Data Coding and Compression", 2007.
    Differs from Tian et al.: the exact Gram matrix instead of singular values of a sample.

    Example:
        >>> one, two = np.eye(2)[:1], np.eye(2)
        >>> round(coding_rate(one, 1.0), 4), round(coding_rate(two, 1.0, 1) / coding_rate(one, 1.0), 4)
        (0.6931, 2.0)
    """
    x = np.asarray(vectors, np.float64)
    if x.ndim != 2 or not eps > 0 or not np.isfinite(x).all():
        raise BadInput("coding_rate", f"shape {x.shape}, eps {eps}", "finite (n, D), eps > 0")
    n = len(x) if count is None else count
    if not len(x):
        return 0.0
    _, rate = np.linalg.slogdet(np.eye(len(x)) + x @ x.T / (eps**2 * n))
    return float(rate)


def coding_rate_select(vectors: Any, most: int = 100, least: float = 1e-3, eps: float = 0.1) -> list[int]:
    """Rows that fill the most directions: each time the one that adds most to the coding rate.

    It ends at ``most`` rows, or where the best one adds less than ``least``.  n stays that of all rows, so
    the rate never falls and gains only get smaller: no later row can be worth more.

    Args:
        vectors: ``(n, D)``, scaled to length 1 here.

    Raises:
        BadInput: a vector is zero or not finite: an embedding that failed is no criterion.
    """
    x = np.asarray(vectors, np.float64)
    if x.ndim != 2 or most < 1:
        raise BadInput("coding_rate_select", f"shape {x.shape}, most {most}", "(n, D), most >= 1")
    size = np.sqrt(np.sum(x**2, axis=1, keepdims=True))
    if not (np.isfinite(size).all() and (size > 0).all()):
        raise BadInput("embeddings", f"{int((~(size > 0)).sum())} zero or not finite", "finite, not zero")
    x = x / size
    chosen: list[int] = []
    # log det(A + x x^T / c) - log det A = log(1 + x^T A^-1 x / c), and A^-1 follows by Sherman and Morrison
    inverse, scale = np.eye(x.shape[1]), eps**2 * len(x)
    while len(chosen) < min(most, len(x)):
        pushed = x @ inverse
        gains = np.log1p(np.maximum(np.sum(pushed * x, axis=1), 0.0) / scale)
        gains[chosen] = -np.inf
        best = int(gains.argmax())
        if gains[best] < least:
            break
        chosen.append(best)
        inverse = inverse - np.outer(pushed[best], pushed[best]) / (scale + pushed[best] @ x[best])
    return chosen
