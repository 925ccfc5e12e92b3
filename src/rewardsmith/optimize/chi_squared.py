r"""The policy that a score buys at a price in chi-squared divergence: exact, for answers and for occupancies.

``chi2(p || base) = \sum (p - base)^2 / base``.  The KL sibling is ``gibbs``.  A chi-squared price grows with
the ratio p / base itself and not with its logarithm, so rare things that a wrong reward pays well stay dear.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.errors import BadInput
from ..core.mdp import TabularMDP, as_policy, occupancy
from .occupancy import Solution

Floats = np.ndarray[Any, np.dtype[np.float64]]


def chi_squared(policy: Any, base: Any) -> float:
    """``sum (p - base)^2 / base`` of two distributions or occupancies, each first brought to mass 1.

    Args:
        policy, base: numbers >= 0 of one shape: ``(A,)`` answers, ``(S, A)`` visits.

    Raises:
        BadInput: the policy goes where the base never does; the divergence is infinite there.

    Example:
        >>> chi_squared([0.5, 0.5], [0.25, 0.75])
        0.3333333333333333
    """
    p, q = normalised("policy", policy), normalised("base", base)
    if p.shape != q.shape:
        raise BadInput("chi_squared", f"shapes {p.shape} and {q.shape}", "occupancies of one shape")
    outside = float(p[q == 0].sum())
    if outside > 1e-12:
        why = "the chi-squared divergence is infinite there"
        raise BadInput("policy", f"mass {outside:.3g} where the base has none", "the support of the base", why)
    inside = q > 0
    return float(((p[inside] - q[inside]) ** 2 / q[inside]).sum())


def chi2_regularised(base: Any, score: Any, coefficient: Any) -> Floats:
    r"""The distribution that maximises ``E_p[score] - coefficient * chi2(p || base)``.

    ``p = base * max(0, 1 + (score - nu) / (2 coefficient))``, with nu such that p sums to 1: found exactly from
    the sorted scores.

    Args:
        base: probabilities ``(..., A)``.
        score: ``(..., A)``, finite.
        coefficient: > 0; broadcasts over the leading axes.

    Returns:
        Probabilities of the common shape.

    Source: Laidlaw, Singhal and Dragan, "Correlated Proxies", arXiv:2403.03185; the sorting is that of
    Duchi et al., "Efficient projections onto the l1-ball", ICML 2008.

    Example:
        >>> chi2_regularised([0.5, 0.5], [1.0, 0.0], 1.0).tolist()
        [0.625, 0.375]
    """
    score, price = np.asarray(score, np.float64), np.asarray(coefficient, np.float64)
    shape = np.broadcast_shapes(np.shape(base), score.shape, (*price.shape, 1))
    base, score = np.broadcast_to(np.asarray(base, np.float64), shape), np.broadcast_to(score, shape)
    if not (price > 0).all() or not np.isfinite(price).all():
        raise BadInput("chi2_regularised coefficient", price.tolist(), "finite numbers > 0")
    if not np.isfinite(score).all() or (base < 0).any() or not np.allclose(base.sum(-1), 1.0):
        raise BadInput("chi2_regularised", "scores or base", "finite scores, base probabilities")
    double = 2.0 * price[..., None]
    order = np.argsort(-score, axis=-1, kind="stable")
    mass, y = np.take_along_axis(base, order, -1), np.take_along_axis(score, order, -1)
    # with the best k answers in the support: nu = (sum base y + 2c (sum base - 1)) / sum base
    total, weighted = np.cumsum(mass, -1), np.cumsum(mass * y, -1)
    nu = (weighted + double * (total - 1.0)) / np.where(total > 0, total, 1.0)
    inside = (total > 0) & (y > nu - double)
    last = shape[-1] - 1 - np.argmax(inside[..., ::-1], axis=-1)
    chosen = np.take_along_axis(nu, last[..., None], -1)
    found = base * np.maximum(0.0, 1.0 + (score - chosen) / double)
    return found / found.sum(-1, keepdims=True)


def root_chi2_regularised(base: Any, score: Any, coefficient: float, steps: int = 100) -> Floats:
    """The distribution ``(A,)`` that maximises ``E_p[score] - coefficient * sqrt(chi2(p || base))``.

    It is ``chi2_regularised`` at the price c for which ``2 c sqrt(chi2) = coefficient``, found by bisection;
    where the coefficient is at least the standard deviation of the score it is the base.  With the
    coefficient of ``measure.hacking_report`` the objective is, up to a factor, a lower bound of what is
    really gained.
    """
    base, score = np.asarray(base, np.float64), np.asarray(score, np.float64)
    if base.ndim != 1 or base.shape != score.shape or not 0 <= coefficient < np.inf:
        received = f"base {base.shape}, score {score.shape}, coefficient {coefficient}"
        raise BadInput("root_chi2_regularised", received, "(A,) and (A,), a finite coefficient >= 0")
    spread = float(np.sqrt(base @ (score - base @ score) ** 2))
    if coefficient >= spread:
        return base.copy()
    low, high = np.log(spread * 1e-9), np.log(spread * 1e6)
    for _ in range(steps):
        middle = 0.5 * (low + high)
        slope = 2 * np.exp(middle) * np.sqrt(chi_squared(chi2_regularised(base, score, np.exp(middle)), base))
        low, high = (middle, high) if slope < coefficient else (low, middle)
    return chi2_regularised(base, score, float(np.exp(high)))


def chi2_regularised_policy(
    mdp: TabularMDP, objective: Any, base: Any, coefficient: float, tolerance: float = 1e-9
) -> Solution:
    r"""The policy that maximises ``J(pi) - coefficient * chi2(mu_pi || mu_base)`` over occupancies of mass 1.

    J is the discounted return times (1 - discount), which is E_mu[objective].  The dual over values V is
    ``min (1 - discount) initial . V + E_mu_base[g(objective + discount P V - V)]`` with
    ``g(y) = max_{w >= 0} w y - coefficient (w - 1)^2``: convex, piecewise quadratic, solved by Newton steps.

    Args:
        objective: reward table ``(S, A)``.
        base: policy ``(S, A)`` or ``(S,)``; what it never visits stays unvisited.
        coefficient: price of chi-squared, > 0.

    Returns:
        ``occupancy`` has the mass 1 / (1 - discount) of ``core.mdp.occupancy``; ``value`` is the discounted
        return; where the occupancy is 0 the policy is that of the base.

    Raises:
        BadInput: shapes, or the iteration did not converge.

    Source: Laidlaw, Singhal and Dragan, arXiv:2403.03185; the dual is that of Nachum and Dai, "Reinforcement
    Learning via Fenchel-Rockafellar Duality", arXiv:2001.01866.
    Differs from the paper: exact, where the paper learns a discriminator; chi2 and not its root.
    """
    reward = np.asarray(objective, np.float64)
    if reward.shape != (mdp.states, mdp.actions) or not 0 < coefficient < np.inf:
        received = f"objective {reward.shape}, coefficient {coefficient}"
        raise BadInput("chi2_regularised_policy", received, f"{(mdp.states, mdp.actions)}, a finite number > 0")
    own = as_policy(mdp, base)
    mass = normalised("base", occupancy(mdp, own)).ravel()
    # y = reward + K V, so the flow constraints are K^T (mass w) = -(1 - discount) initial
    step = mdp.discount * mdp.transition.reshape(-1, mdp.states) - np.repeat(np.eye(mdp.states), mdp.actions, 0)
    start = (1 - mdp.discount) * mdp.initial
    flat, visited = reward.ravel(), mass.reshape(mdp.states, -1).sum(-1) > 1e-12
    # from dear to cheap: each solution is a good start for the next, cheaper one
    prices, values = [float(coefficient)], np.zeros(int(visited.sum()))
    while prices[-1] < 0.1 * np.ptp(flat):
        prices.append(4.0 * prices[-1])
    for price in reversed(prices):
        values = _newton(flat, step[:, visited], start[visited], mass, price, tolerance, values)
    ratio = np.maximum(0.0, 1.0 + (flat + step[:, visited] @ values) / (2 * coefficient))
    visits = (mass * ratio).reshape(mdp.states, mdp.actions)
    each = visits.sum(-1, keepdims=True)
    policy = np.where(each > 1e-14, visits / np.where(each > 1e-14, each, 1.0), own)
    found = occupancy(mdp, policy)
    return Solution(True, policy, found, float((found * reward).sum()), np.zeros(0), np.zeros(0))


def _newton(
    reward: Floats,
    step: Floats,
    start: Floats,
    mass: Floats,
    price: float,
    tolerance: float,
    values: Floats,
) -> Floats:
    """The minimum of the dual, by damped semi-smooth Newton steps from ``values``."""

    def ratios(values: Floats) -> Floats:
        return np.maximum(0.0, 1.0 + (reward + step @ values) / (2 * price))

    for _ in range(300):
        w = ratios(values)
        gradient = start + step.T @ (mass * w)
        if np.abs(gradient).max() <= tolerance * start.sum():
            return values
        active = mass * (w > 0) / (2 * price)
        curvature = (step.T * active) @ step
        curvature += 1e-12 * (1 + np.trace(curvature)) * np.eye(len(values))
        move = -np.linalg.solve(curvature, gradient)
        along, low, high, length = float(gradient @ move), 0.0, np.inf, 1.0
        # by the slope, which is monotone: values of the dual lose too many digits where the price is small
        for _ in range(60):
            slope = float(move @ (start + step.T @ (mass * ratios(values + length * move))))
            if abs(slope) <= 0.5 * abs(along):
                break
            low, high = (low, length) if slope > 0 else (length, high)
            length = 2 * length if np.isinf(high) else 0.5 * (low + high)
        values = values + length * move
    raise BadInput("chi2_regularised_policy", "no convergence in 300 Newton steps", "a larger coefficient")


def normalised(what: str, visits: Any) -> Floats:
    """Visits as a distribution: divided by their sum."""
    visits = np.asarray(visits, np.float64)
    if not np.isfinite(visits).all() or (visits < 0).any() or not visits.sum() > 0:
        raise BadInput(what, "numbers that are no visits", "finite numbers >= 0 with a positive sum")
    return visits / visits.sum()
