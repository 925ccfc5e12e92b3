r"""Rewards that are tuned through the policy they train: bilevel optimisation with exact tabular policies.

Inside, a softmax policy maximises ``J_\phi(\theta) - \lambda / 2 |\theta|^2`` with the blended reward
``r_\phi = \sum_k \phi_k B_k`` and a discount; outside, ``\phi`` (and the discount) move so that the trained
policy does well under the primary reward.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from ..core.errors import BadInput, RewardsmithError
from ..core.mdp import Floats, Table, TabularMDP
from .softmax_mdp import SoftmaxPolicy, softmax_policy


class NotStationary(RewardsmithError, ValueError):
    """An implicit gradient was asked for where it means nothing."""


@dataclass(frozen=True, eq=False)
class Blend:
    r"""The inner problem.

    Args:
        mdp: the dynamics; its reward is the primary one, r_p, and its discount the one that counts.
        basis: ``(K, S, A)``, B: what the blend is a sum of.
        weight_decay: \lambda > 0.  Without it a table of logits has a null direction (a constant added to a
            state's logits) and the Hessian no inverse.

    Source: Gupta et al., "Behavior Alignment via Reward Function Optimization", arXiv:2310.19007.
    Differs from the paper: expectations are exact, so nothing is sampled and reweighted.
    """

    mdp: TabularMDP
    basis: Floats
    weight_decay: float = 0.01

    def __post_init__(self) -> None:
        shape = (self.mdp.states, self.mdp.actions)
        if self.basis.ndim != 3 or self.basis.shape[1:] != shape or not np.isfinite(self.basis).all():
            raise BadInput("Blend.basis", f"shape {self.basis.shape}", f"(K, {shape[0]}, {shape[1]}), finite")
        if not self.weight_decay > 0:
            raise BadInput("Blend.weight_decay", self.weight_decay, "above 0", "the Hessian needs an inverse")

    def reward(self, phi: Any) -> Floats:
        r"""r_\phi, ``(S, A)``."""
        phi = np.asarray(phi, np.float64)
        if phi.shape != self.basis.shape[:1] or not np.isfinite(phi).all():
            raise BadInput("phi", f"shape {phi.shape}", f"({len(self.basis)},), finite")
        return np.asarray(np.tensordot(phi, self.basis, 1), np.float64)

    def policy(self, theta: Floats, discount: float | None = None) -> SoftmaxPolicy:
        """The policy in the inner problem's own discount."""
        same = discount is None or discount == self.mdp.discount
        return softmax_policy(self.mdp if same else replace(self.mdp, discount=discount), theta)

    def push(self, at: SoftmaxPolicy, reward: Floats) -> Floats:
        r"""\Delta = \partial J_\phi / \partial \theta - \lambda \theta, ``(S, A)``; 0 where learning ends."""
        return at.gradient(reward) - self.weight_decay * at.theta

    def hessian(self, at: SoftmaxPolicy, reward: Floats, sampled: bool = False) -> Floats:
        r"""H = \partial \Delta / \partial \theta, ``(SA, SA)``; ``sampled`` as in ``sampled_curvature``."""
        size = at.theta.size
        every = np.eye(size).reshape(size, *at.theta.shape)
        product = at.sampled_curvature if sampled else at.curvature
        return product(reward, every).reshape(size, size) - self.weight_decay * np.eye(size)

    def primary(self, theta: Floats) -> float:
        """J_p, the return that counts."""
        return float(softmax_policy(self.mdp, theta).performance(self.mdp.expected_reward))


def blended_basis(primary: Floats, auxiliary: Floats, where: Table | None = None) -> Floats:
    r"""Basis of ``r_\phi = \phi_1 + \phi_2 r_p + \phi_3 r_aux`` for tables ``(S, A)``: ``(3, S, A)``.

    Args:
        where: ``(S,)`` group numbers 0..G-1 of the states, which then have coefficients of their own:
            ``(3 G, S, A)``, the G coefficients of each kind together.

    Example:
        >>> blended_basis(np.array([[1.0, 2.0]]), np.array([[0.0, 5.0]])).tolist()
        [[[1.0, 1.0]], [[1.0, 2.0]], [[0.0, 5.0]]]
    """
    if primary.shape != auxiliary.shape or primary.ndim != 2:
        raise BadInput("blended_basis", f"shapes {primary.shape}, {auxiliary.shape}", "(S, A) twice")
    kinds = np.stack([np.ones_like(primary), primary, auxiliary])
    if where is None:
        return kinds
    groups = np.asarray(where)
    if groups.shape != primary.shape[:1] or groups.dtype.kind not in "iu" or groups.min() < 0:
        raise BadInput(
            "blended_basis where", f"shape {groups.shape}", f"{primary.shape[:1]}, whole numbers >= 0"
        )
    mask = np.eye(int(groups.max()) + 1)[groups].T
    return (kinds[:, None] * mask[None, :, :, None]).reshape(-1, *primary.shape)


def solve_inner(
    blend: Blend,
    phi: Any,
    theta: Floats | None = None,
    discount: float | None = None,
    tolerance: float = 1e-11,
) -> Floats:
    r"""A local maximum of the inner problem, ``|\Delta| <= tolerance``: Newton's method, damped where it must.

    Args:
        theta: where to start; zeros by default.

    Raises:
        NotStationary: no convergence in 200 steps.
    """
    reward = blend.reward(phi)
    theta = np.zeros(blend.basis.shape[1:]) if theta is None else np.array(theta, np.float64)
    damping = 1.0

    def gain(at: SoftmaxPolicy) -> float:
        return float(at.performance(reward) - 0.5 * blend.weight_decay * (at.theta**2).sum())

    at = blend.policy(theta, discount)
    for _ in range(200):
        push = blend.push(at, reward)
        if np.abs(push).max() <= tolerance:
            return at.theta
        curvature = -blend.hessian(at, reward)
        curvature = 0.5 * (curvature + curvature.T)
        least = float(np.linalg.eigvalsh(curvature)[0])
        safe = max(0.0, 1e-3 - least) if least <= 0 else 0.0
        while True:
            ridge = (safe + damping) * np.eye(len(curvature))
            step = np.linalg.solve(curvature + ridge, push.ravel()).reshape(push.shape)
            new = blend.policy(at.theta + step, discount)
            if gain(new) >= gain(at) - 1e-14 * (1 + abs(gain(at))) or damping > 1e12:
                break
            damping = max(10 * damping, 1e-6)
        at, damping = new, damping * 0.1 if damping > 1e-9 else 0.0
    raise NotStationary(
        f"received a problem on which 200 steps leave |push| = {np.abs(blend.push(at, reward)).max():.2g}; "
        f"allowed: at most {tolerance:g}: a larger weight_decay, or another start"
    )


def inverse_product(hessian: Floats, vector: Floats, terms: int | None = None) -> Floats:
    r"""``H^{-1} v`` for a negative definite H: exact, or by ``terms`` of the Neumann series.

    ``H^{-1} v = -\eta \sum_{i < n} (I + \eta H)^i v``, \eta = 1 / |H|, |H| by power iteration.

    Raises:
        NotStationary: H is not negative definite, so the policy is not at a maximum and the series diverges.

    Example:
        >>> h = -np.diag([1.0, 4.0])
        >>> inverse_product(h, np.array([1.0, 1.0])).tolist()
        [-1.0, -0.25]
        >>> inverse_product(h, np.array([1.0, 1.0]), terms=100).round(6).tolist()
        [-1.0, -0.25]
    """
    if terms is None:
        largest = float(np.linalg.eigvalsh(0.5 * (hessian + hessian.T))[-1])
        if largest >= 0:
            raise _indefinite(largest)
        return np.asarray(np.linalg.solve(hessian, vector), np.float64)
    if terms < 1:
        raise BadInput("inverse_product terms", terms, "1 or more, or None for the exact solution")
    probe = np.ones(len(vector)) + np.arange(len(vector)) / len(vector)
    size = 0.0
    for _ in range(50):
        probe = hessian @ probe
        size = float(np.linalg.norm(probe))
        probe = probe / max(size, 1e-300)
    rate, total, part = 1.0 / (1.05 * size), np.zeros_like(vector), vector
    for _ in range(terms):
        total = total + part
        part = part + rate * (hessian @ part)
        if np.linalg.norm(part) > 1e3 * np.linalg.norm(vector):
            raise _indefinite(float("nan"))
    return -rate * total


def _indefinite(largest: float) -> NotStationary:
    return NotStationary(
        f"received a Hessian that is not negative definite (largest eigenvalue {largest:.3g}); allowed: the "
        "policy at a maximum of the inner problem: more inner steps, or a larger weight_decay"
    )


@dataclass(frozen=True, eq=False)
class ImplicitGradient:
    r"""How the return that counts moves with the reward.

    Args:
        by_phi: ``(K,)``, dJ_p / d\phi.
        by_discount: dJ_p / d discount of the inner problem.
        residual: the largest \|\Delta\|; the gradient is right only where it is about 0.
        smallest_singular_value: of H; small means that the inverse is fragile.
    """

    by_phi: Any
    by_discount: float
    residual: float
    smallest_singular_value: float


def implicit_gradient(
    blend: Blend,
    theta: Floats,
    phi: Any,
    discount: float | None = None,
    terms: int | None = None,
    sampled: bool = False,
    concave: bool = False,
) -> ImplicitGradient:
    r"""``dJ_p/d\phi = -(\partial J_p/\partial\theta) H^{-1} A`` at a trained policy.

    ``A = \partial\Delta/\partial\phi`` has the columns ``\partial J_k/\partial\theta`` (J_k the return under
    B_k), H is the Hessian of the inner problem.  By the implicit function theorem, because \Delta stays 0.

    Args:
        theta: ``(S, A)``, where the inner learning ended.
        terms: of the Neumann series; None solves exactly.
        sampled: use the curvature of recorded steps, which holds visits and returns fixed.  It is not the
            Hessian, and what comes out is not the gradient.
        concave: where H is not negative definite, lower its diagonal until it is: a direction to go on with
            while the inner problem is not solved.

    Raises:
        NotStationary: H is not negative definite, and ``concave`` is False.

    Source: Gupta et al., arXiv:2310.19007.
    """
    reward, at = blend.reward(phi), blend.policy(theta, discount)
    hessian = blend.hessian(at, reward, sampled)
    if concave:
        largest = float(np.linalg.eigvalsh(0.5 * (hessian + hessian.T))[-1])
        hessian = hessian - max(0.0, largest + blend.weight_decay) * np.eye(len(hessian))
    wanted = softmax_policy(blend.mdp, theta).gradient(blend.mdp.expected_reward).ravel()
    pulled = inverse_product(hessian.T, wanted, terms)
    moves = at.gradient(blend.basis).reshape(len(blend.basis), -1)
    return ImplicitGradient(
        -moves @ pulled,
        -float(at.gradient_by_discount(reward).ravel() @ pulled),
        float(np.abs(blend.push(at, reward)).max()),
        float(np.linalg.svd(hessian, compute_uv=False)[-1]),
    )


def difference_gradient(blend: Blend, phi: Any, theta: Floats, step: float = 1e-4) -> Floats:
    r"""``dJ_p/d\phi`` by central differences of the solved inner problem: slow, and the check of the others.

    Args:
        theta: ``(S, A)``, the solution at ``phi``; the moved problems are solved from there.
    """
    phi = np.asarray(phi, np.float64)
    ends = [
        [blend.primary(solve_inner(blend, phi + h * e, theta)) for e in np.eye(len(phi))] for h in (step, -step)
    ]
    return (np.array(ends[0]) - np.array(ends[1])) / (2 * step)


def unrolled_gradient(
    blend: Blend, theta: Floats, phi: Any, steps: int, rate: float, discount: float | None = None
) -> tuple[Floats, Floats]:
    r"""``(dJ_p/d\phi, theta)`` through ``steps`` of ``\theta += rate \Delta``: needs no end of learning.

    Forward mode: ``T' = T + rate (H T + A)`` with ``T = d\theta/d\phi``.  It tends to the implicit gradient.
    """
    reward, theta = blend.reward(phi), np.asarray(theta, np.float64)
    moved = np.zeros_like(blend.basis)
    for _ in range(steps):
        at = blend.policy(theta, discount)
        bent = at.curvature(reward, moved) - blend.weight_decay * moved
        moved = moved + rate * (bent + at.gradient(blend.basis))
        theta = theta + rate * blend.push(at, reward)
    wanted = softmax_policy(blend.mdp, theta).gradient(blend.mdp.expected_reward)
    return np.tensordot(moved, wanted, 2), theta


def gradient_errors(
    blend: Blend, phi: Any, terms: int = 20, steps: int = 300, rate: float = 0.3
) -> dict[str, float]:
    """Relative error of each way to the gradient at the solved inner problem, against ``difference_gradient``.

    The ways: ``exact``, ``Neumann`` (``terms``), ``unrolled`` (``steps`` of ``rate``, from the solution), and
    ``visits held fixed``, the sampled curvature.
    """
    theta = solve_inner(blend, phi)
    gradient = partial(implicit_gradient, blend, theta, phi)
    found = {
        "exact": gradient().by_phi,
        "Neumann": gradient(terms=terms).by_phi,
        "unrolled": unrolled_gradient(blend, theta, phi, steps, rate)[0],
        "visits held fixed": gradient(sampled=True, concave=True).by_phi,
    }
    slow = difference_gradient(blend, phi, theta)
    return {name: float(np.linalg.norm(each - slow) / np.linalg.norm(slow)) for name, each in found.items()}


@dataclass(frozen=True)
class AlignReward:
    """The outer loop: after every ``inner_steps`` of learning one step of Adam on the blend.

    Args:
        outer_steps, inner_steps: how often, and gradient steps of the policy in between (warm-started).
        inner_rate: step of the policy's gradient ascent.
        outer_rate: step of Adam; 0 leaves the blend as it is.
        terms: of the Neumann series; None solves exactly.
        discount_rate: step of Adam on the logit of the inner discount; 0 leaves it.
        discount_price: what a unit of discount costs in the outer objective.

    Source: Gupta et al., arXiv:2310.19007; Kingma and Ba, arXiv:1412.6980.
    Differs from the paper: where the Hessian is not yet negative definite, its diagonal is lowered until it is.
    """

    outer_steps: int = 100
    inner_steps: int = 20
    inner_rate: float = 1.0
    outer_rate: float = 0.05
    terms: int | None = None
    discount_rate: float = 0.0
    discount_price: float = 0.0


@dataclass(frozen=True, eq=False)
class Aligned:
    """What a run came to.

    ``performance``: J_p before each inner step and after the last, ``(outer_steps * inner_steps + 1,)``.
    ``phi`` and ``discount``: of the inner problem, before each outer step and after the last,
    ``(outer_steps + 1, K)`` and ``(outer_steps + 1,)``.  ``residual``: where each outer step was taken,
    ``(outer_steps,)``; NaN where none was.
    """

    performance: Floats
    phi: Any
    discount: Floats
    residual: Floats

    def steps_to(self, level: float) -> int:
        """Inner steps until J_p first reaches ``level``; all of them where it never does."""
        reached = self.performance >= level
        return int(reached.argmax()) if reached.any() else len(reached) - 1


def align_reward(blend: Blend, phi: Any, config: AlignReward, theta: Floats | None = None) -> Aligned:
    """Learn policy and blend together, from a blend ``(K,)`` and logits ``(S, A)`` (zeros by default)."""
    theta = np.zeros(blend.basis.shape[1:]) if theta is None else np.array(theta, np.float64)
    gamma = blend.mdp.discount
    # the blend, and the logit of the discount, which Adam moves together
    outer = np.append(np.asarray(phi, np.float64), np.log(gamma) - np.log1p(-gamma))
    rates = np.append(np.full(len(outer) - 1, config.outer_rate), config.discount_rate)
    first, second = np.zeros(len(outer)), np.zeros(len(outer))
    performance, blends, discounts, residuals = list[float](), [outer[:-1]], [gamma], list[float]()
    for number in range(1, config.outer_steps + 1):
        theta, seen = _learn(blend, theta, outer[:-1], discounts[-1], config)
        performance += seen
        residuals.append(np.nan)
        if rates.any():
            found = implicit_gradient(blend, theta, outer[:-1], discounts[-1], config.terms, concave=True)
            residuals[-1] = found.residual
            by_logit = (found.by_discount - config.discount_price) * discounts[-1] * (1 - discounts[-1])
            gradient = np.append(found.by_phi, by_logit)
            first, second = 0.9 * first + 0.1 * gradient, 0.999 * second + 0.001 * gradient**2
            scale = np.sqrt(second / (1 - 0.999**number)) + 1e-8
            outer = outer + rates * first / (1 - 0.9**number) / scale
        blends.append(outer[:-1])
        discounts.append(float(1 / (1 + np.exp(-outer[-1]))) if config.discount_rate else gamma)
    performance.append(blend.primary(theta))
    return Aligned(np.array(performance), np.array(blends), np.array(discounts), np.array(residuals))


def _learn(
    blend: Blend, theta: Floats, phi: Any, discount: float, config: AlignReward
) -> tuple[Floats, list[float]]:
    """The policy after ``inner_steps``, and J_p before each."""
    reward, counted, seen = blend.reward(phi), blend.mdp.expected_reward, list[float]()
    for _ in range(config.inner_steps):
        at = blend.policy(theta, discount)
        counts = at if at.mdp is blend.mdp else softmax_policy(blend.mdp, theta)
        seen.append(float(counts.performance(counted)))
        theta = theta + config.inner_rate * blend.push(at, reward)
    return theta, seen
