r"""Bradley-Terry-Luce as statistics: estimates with intervals, and what comparisons cannot tell.

``P(first preferred) = \sigma(\theta . x)`` with x the features of the first minus those of the second.  Only
what the differences span is identified: an absolute reward never is, and the difference of two items that no
chain of comparisons connects is not either.  Directions outside have intervals of infinite width, not of 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..core.errors import BadInput, RewardsmithError
from .newton import bradley_terry

Floats = np.ndarray[Any, np.dtype[np.float64]]
_SAME = 1e-9  # relative size below which a direction or a remainder is 0


class NotIdentified(RewardsmithError, ValueError):
    """The data have no maximum-likelihood estimate: some direction separates the labels without exception."""


@dataclass(frozen=True, eq=False)
class BTLInference:
    """A fit with its uncertainty.

    Args:
        theta: ``(F,)`` the estimate, 0 in directions that are not identified.
        covariance: ``(F, F)`` from the model: the inverse of the Fisher information on the identified subspace.
        robust: ``(F, F)`` the sandwich, clustered where clusters were given; right also where labels of one
            annotator err together or the model is wrong.
        basis: ``(F, R)`` orthonormal, what is identified.
        pairs: how many labelled comparisons entered.
        groups: clusters among them (``pairs`` where none were given).
    """

    theta: Floats
    covariance: Floats
    robust: Floats
    basis: Floats
    pairs: int
    groups: int

    def identified(self, direction: Any) -> bool:
        """Whether the data say anything about ``direction . theta``."""
        c = self._direction(direction)
        outside = c - self.basis @ (self.basis.T @ c)
        return float(np.linalg.norm(outside)) <= _SAME * max(1.0, float(np.linalg.norm(c)))

    def interval(
        self, direction: Any, confidence: float = 0.95, robust: bool = False
    ) -> tuple[float, float, float]:
        r"""Estimate, lower and upper bound of ``c . \theta``, a difference of rewards or of policy values.

        ``c . \theta \pm q \sqrt{c^T V c}``, q of the normal distribution; with the robust covariance, of
        Student's t with one degree of freedom per cluster but one.  Infinite bounds where c is not identified.
        """
        from scipy.stats import norm, t

        if not 0 < confidence < 1:
            raise BadInput("confidence", confidence, "between 0 and 1")
        c = self._direction(direction)
        middle = float(c @ self.theta)
        if not self.identified(c):
            return middle, -np.inf, np.inf
        tail = 0.5 + confidence / 2
        q = float(t.ppf(tail, self.groups - 1) if robust else norm.ppf(tail))
        half = q * self.error(c, robust)
        return middle, middle - half, middle + half

    def error(self, direction: Any, robust: bool = False) -> float:
        r"""The standard error ``\sqrt{c^T V c}``; infinite where c is not identified."""
        c = self._direction(direction)
        if not self.identified(c):
            return float("inf")
        return float(np.sqrt(max(0.0, c @ (self.robust if robust else self.covariance) @ c)))

    def pessimistic(self, directions: Any, k: float = 1.0) -> Floats:
        r"""``c . \theta - k \sqrt{c^T V c}`` of each row of ``(K, F)``; -inf where a row is not identified."""
        rows = np.asarray(directions, np.float64)
        if k < 0:
            raise BadInput("k", k, "at least 0")
        return rows @ self.theta - (0.0 if k == 0 else k * np.array([self.error(row) for row in rows]))

    def _direction(self, direction: Any) -> Floats:
        c = np.asarray(direction, np.float64)
        if c.shape != self.theta.shape or not np.isfinite(c).all():
            raise BadInput("direction", f"shape {c.shape}", f"{self.theta.shape}, finite")
        return c


def item_differences(first: Any, second: Any, items: int) -> Floats:
    """``(N, items)`` rows with 1 at the first item and -1 at the second: comparisons without features."""
    a, b = np.asarray(first), np.asarray(second)
    if a.shape != b.shape or a.ndim != 1 or not ((a >= 0) & (a < items) & (b >= 0) & (b < items)).all():
        raise BadInput(
            "item_differences", f"shapes {a.shape}, {b.shape}", f"numbers of {items} items, (N,) each"
        )
    return np.eye(items)[a] - np.eye(items)[b]


def btl_inference(differences: Any, labels: Any, clusters: Any = None) -> BTLInference:
    r"""Maximum likelihood on the identified subspace, with two covariances.

    Model: ``(X^T diag(p (1 - p)) X)^-1``.  Robust: that, times ``sum_g s_g s_g^T`` with
    ``s_g = sum_{i in g} x_i (y_i - p_i)``, times it again, times G / (G - 1).

    Args:
        differences: ``(N, F)``, features of the first minus features of the second.
        labels: ``(N,)`` P(first preferred): 1, 0, 0.5 for a tie; NaN is left out.
        clusters: ``(N,)`` who gave the label; None where all are independent.

    Raises:
        NotIdentified: the labels are separated, so that the likelihood has no maximum.
        BadInput: no labels, or shapes that do not fit.

    Source: Bradley and Terry (1952); Liu et al., "Reinforcement Learning from Human Feedback: A Statistical
    Perspective" (2026), for the use; Liang and Zeger, Biometrika 1986, for the clustered sandwich.
    Differs from the paper: Student's t for the robust intervals, because annotators are few.

    Example:
        >>> fit = btl_inference([[1.0]] * 4, [1.0, 1.0, 1.0, 0.0])
        >>> round(float(fit.theta[0]), 4), round(fit.error([1.0]), 4)
        (1.0986, 1.1547)
    """
    x, y, groups = _data(differences, labels, clusters)
    _, sizes, right = np.linalg.svd(x, full_matrices=False)
    basis = right[sizes > _SAME * max(float(sizes.max(initial=0.0)), 1e-300)].T
    if not basis.shape[1]:
        raise NotIdentified("no pair has two different answers, so the labels say nothing")
    z = x @ basis
    theta = bradley_terry(z, y, np.ones(len(y)))
    if theta is None:
        raise NotIdentified(
            "received labels that some direction separates without exception, so the estimate is infinite; "
            "allowed: at least one exception to every direction: ask more pairs, or use fit_preferences "
            "with l2 > 0"
        )
    chance = 0.5 + 0.5 * np.tanh(0.5 * (z @ theta))
    bread = np.asarray(np.linalg.inv((z.T * (chance * (1 - chance))) @ z), np.float64)
    names, member = np.unique(groups, return_inverse=True)
    scores = np.zeros((len(names), z.shape[1]))
    np.add.at(scores, member, z * (y - chance)[:, None])
    few = len(names) / (len(names) - 1) if len(names) > 1 else np.nan
    robust = few * bread @ (scores.T @ scores) @ bread
    return BTLInference(
        basis @ theta, basis @ bread @ basis.T, basis @ robust @ basis.T, basis, len(y), len(names)
    )


def _data(differences: Any, labels: Any, clusters: Any) -> tuple[Floats, Floats, np.ndarray[Any, Any]]:
    x, y = np.asarray(differences, np.float64), np.asarray(labels, np.float64)
    groups = np.arange(len(y)) if clusters is None else np.asarray(clusters)
    if x.ndim != 2 or y.shape != x.shape[:1] or groups.shape != y.shape:
        raise BadInput("btl_inference", f"{x.shape}, {y.shape}, {groups.shape}", "(N, F), (N,), (N,)")
    known = ~np.isnan(y)
    if not known.any() or (y[known] < 0).any() or (y[known] > 1).any() or not np.isfinite(x[known]).all():
        raise BadInput("btl_inference", "no labels, or labels beyond 0..1", "labels 0 to 1, finite features")
    return x[known], y[known], groups[known]
