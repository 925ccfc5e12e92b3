"""Lagrange: named parts held at their limits by multipliers that learn."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, NamedTuple, Self

import numpy as np

from ..core.algebra import Reward, Scope, Transform
from ..core.arrays import Array, Batch, is_traced, xp
from ..core.errors import BadInput
from ..core.laws import Laws
from ..core.node import Node, number
from ..core.term import term

Limit = tuple[str, str, float]
RELATIONS = (">=", "<=", "==")
KINDS = ("projected", "sigmoid", "softmax")
SATURATED = 0.99


@term
def _cost(position: Array) -> Array:
    """The constrained part of the example."""
    return position


class Dual(NamedTuple):
    """The state: one entry for each limit, and the state of the constrained reward."""

    multipliers: tuple[Any, ...]
    velocities: tuple[Any, ...]
    means: tuple[Any, ...]
    inner: Any


@dataclass(frozen=True)
class Standing:
    """How one limit stands.

    Args:
        part, relation, limit: what was asked.
        mean: of the part in the last batch (NaN before the first).
        multiplier, weight: the dual variable, and what the part is multiplied with.
        violated: the mean is on the wrong side.
        saturated: the weight is (within 1 %) at its end, so it cannot push harder.
    """

    part: str
    relation: str
    limit: float
    mean: float
    multiplier: float
    weight: float
    violated: bool
    saturated: bool

    @property
    def infeasible(self) -> bool:
        """Violated although the weight is at its end: take the limit back instead of running on."""
        return self.violated and self.saturated


@dataclass(frozen=True, repr=False)
class Lagrange(Transform):
    r"""r' = w_0 r + \sum_i \sigma_i w_i c_i, where w_i grows while the mean of part c_i breaks its limit.

    \sigma_i is -1 for ``<=`` and 1 otherwise.  The weights come from multipliers \lambda_i:

    - ``projected``: w_0 = 1, w_i = \lambda_i, kept in [0, ceiling] (``==``: in [-ceiling, ceiling]);
    - ``sigmoid``: w_i = sigmoid(\lambda_i) (``==``: tanh, xi-PPO), w_0 = n - \sum_i w_i (mu-PPO);
    - ``softmax``: (w_0, w_1, ...) = softmax(0, \lambda_1, ...); no ``==``.

    After each batch \lambda_i += rate g_i with momentum, g_i = violation_i w_i' (w' = dw/d\lambda for
    ``sigmoid``, else 1: for ``softmax`` that is the multiplicative weights update); violation = limit - mean,
    with the other sign for ``<=``.  The batch itself is paid with the multipliers from before.  The limits do
    not enter r': a constant at every step would change how long episodes should be.

    Args:
        costs: a reward with the constrained parts, for example ``effort + speed``.
        limits: (name of a part as in ``costs.terms``, ``>=`` ``<=`` or ``==``, value), in any order.
        kind: how weights are kept finite.
        rate, momentum: of the dual ascent.  The policy must follow faster than the multipliers move.
        start: \lambda before the first batch.
        ceiling: of ``projected`` weights.
        over: the mean is over steps, or over the sums of ``episode``s (time is the last axis).

    Steps whose part has no verdict are left out of the mean; a batch without any changes no multiplier.
    ``standings(reward, state)`` tells what is violated, saturated and infeasible.

    Source: Moskovitz et al., "Confronting Reward Model Overoptimization with Constrained RLHF",
    arXiv:2310.04373 (sigmoid); Altman, "Constrained Markov Decision Processes", 1999 (projected).
    Differs from the paper: limits are found by name, never by place; rewards are mixed, not standardised
    advantages.  Put ``| GroupNormalize()`` behind.

    Example:
        >>> held = Lagrange(_cost, (("_cost", "<=", 1.0),), rate=0.5)
        >>> batch = {"position": np.array([2.0, 4.0])}
        >>> _, state = held.apply(np.zeros(2), batch, held.init(batch))
        >>> held.apply(np.zeros(2), batch, state)[0].tolist(), held.standings(state)["_cost"].violated
        ([-2.0, -4.0], True)
    """

    costs: Reward
    limits: tuple[Limit, ...]
    kind: Literal["projected", "sigmoid", "softmax"] = "projected"
    rate: float = number(default=0.1)
    momentum: float = number(default=0.0)
    start: float = number(default=0.0)
    ceiling: float = number(default=math.inf)
    over: Literal["step", "episode"] = "step"
    own_scope: ClassVar[Scope] = Scope.STEP

    def __post_init__(self) -> None:
        Node.__post_init__(self)
        _check_limits(self.limits)
        if self.kind not in KINDS or self.over not in ("step", "episode"):
            raise BadInput("Lagrange", f"kind={self.kind!r}, over={self.over!r}", f"{KINDS}; step or episode")
        if self.kind == "softmax" and any(relation == "==" for _, relation, _ in self.limits):
            raise BadInput(
                "Lagrange limits", "'==' with softmax", "'>=' or '<='", "its weights are never negative"
            )

    # the limits are numbers of the reward too, under the names of their parts
    def own_numbers(self) -> dict[str, Any]:
        return super().own_numbers() | {f"limit_{name}": limit for name, _, limit in self.limits}

    def with_own(self, numbers: Mapping[str, Any], children: tuple[Node, ...]) -> Self:
        new = super().with_own(numbers, children)
        limits = tuple((name, relation, numbers[f"limit_{name}"]) for name, relation, _ in self.limits)
        object.__setattr__(new, "limits", limits)
        return new

    @property
    def fields(self) -> frozenset[str]:
        return self.costs.fields

    @property
    def scope(self) -> Scope:
        return max(self.costs.scope, Scope.EPISODE if self.over == "episode" else Scope.STEP)

    @property
    def laws(self) -> Laws:
        return Laws(policy_invariant=None if self.scope > Scope.STEP else False)

    @classmethod
    def examples(cls) -> tuple[Self, ...]:
        below, at = (("_cost", "<=", 0.5),), (("_cost", "==", 0.5),)
        projected = cls(_cost, below, start=1.0), cls(_cost, at, start=1.0, momentum=0.5, over="episode")
        return *projected, cls(_cost, at, "sigmoid", start=0.5), cls(_cost, below, "softmax")

    def init(self, batch: Batch) -> Any:
        each = len(self.limits)
        return Dual((self.start,) * each, (0.0,) * each, (math.nan,) * each, self.costs.init(batch))

    def apply(self, reward: Array, batch: Batch, state: Any) -> tuple[Array, Any]:
        shares, inner = self.costs.explain(batch, state.inner)
        parts = [self._part(shares.parts, name) for name, _, _ in self.limits]
        lib = xp(reward)
        zero = lib.sum(lib.zeros_like(reward))  # of the reward's type and device
        multipliers = [zero + value for value in state.multipliers]
        weights, own = self._weights(lib, multipliers)
        total = own * reward
        for (_, relation, _), weight, part in zip(self.limits, weights, parts, strict=True):
            total = total + (-weight if relation == "<=" else weight) * part
        means, known = zip(*(_mean(lib, part, self.over) for part in parts), strict=True)
        moved = self._ascend(lib, multipliers, weights, means, known, state.velocities)
        kept = tuple(lib.where(k, m, zero + old) for k, m, old in zip(known, means, state.means, strict=True))
        return total, Dual(*moved, kept, inner)

    def standings(self, state: Dual) -> dict[str, Standing]:
        """Every limit by the name of its part."""
        multipliers = [np.asarray(float(value)) for value in state.multipliers]
        weights = [float(weight) for weight in self._weights(np, multipliers)[0]]
        found: dict[str, Standing] = {}
        for i, (name, relation, limit) in enumerate(self.limits):
            mean, top = float(state.means[i]), self.ceiling if self.kind == "projected" else 1.0
            gap = limit - mean
            violated = {">=": gap > 0, "<=": gap < 0, "==": gap != 0}[relation] and not math.isnan(gap)
            # a negative weight pulls down: it is at its end on the other side
            pushes = weights[i] if relation != "==" or gap > 0 else -weights[i]
            full = math.isfinite(top) and pushes >= SATURATED * top
            found[name] = Standing(
                name, relation, limit, mean, float(multipliers[i]), weights[i], violated, full
            )
        return found

    # ------------------------------------------------------------------ parts
    def _part(self, parts: Mapping[str, Array], name: str) -> Array:
        if name not in parts:
            raise BadInput("limit on the part", name, ", ".join(parts), f"these are the parts of {self.costs}")
        return parts[name]

    def _weights(self, lib: Any, multipliers: list[Array]) -> tuple[list[Array], Any]:
        """The weight of every part, and that of the reward."""
        if self.kind == "projected":
            return multipliers, 1.0
        if self.kind == "sigmoid":
            # by tanh, which does not overflow where exp would
            weights = [
                lib.tanh(value) if relation == "==" else 0.5 + 0.5 * lib.tanh(0.5 * value)
                for value, (_, relation, _) in zip(multipliers, self.limits, strict=True)
            ]
            return weights, len(weights) - sum(weights)
        raw = lib.stack([0.0 * multipliers[0], *multipliers])
        raw = lib.exp(raw - lib.max(raw))
        shares = raw / lib.sum(raw)
        return [shares[i + 1] for i in range(len(multipliers))], shares[0]

    def _ascend(
        self, lib: Any, multipliers: list[Array], weights: list[Array], means: Any, known: Any, velocities: Any
    ) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
        """One step of dual ascent: new multipliers and velocities."""
        moved: list[tuple[Array, Array]] = []
        for i, (_, relation, limit) in enumerate(self.limits):
            violation = means[i] - limit if relation == "<=" else limit - means[i]
            if self.kind == "sigmoid":
                weight = weights[i]
                violation = violation * (1.0 - weight**2 if relation == "==" else weight * (1.0 - weight))
            velocity = self.momentum * velocities[i] + violation
            value = multipliers[i] + self.rate * velocity
            if self.kind == "projected":
                value = lib.clip(value, -self.ceiling if relation == "==" else 0.0, self.ceiling)
            moved.append(
                (
                    lib.where(known[i], value, multipliers[i]),
                    lib.where(known[i], velocity, 0.0 * velocity + velocities[i]),
                )
            )
        new, speeds = zip(*moved, strict=True)
        return new, speeds


def standings(reward: Reward | Transform, state: Any) -> dict[str, Standing]:
    """The limits of every ``Lagrange`` in a reward, by part, from the state that ``reward.apply`` gave.

    Example:
        >>> reward = _cost | Lagrange(_cost, (("_cost", "<=", 1.0),))
        >>> state = reward.apply({"position": np.array([3.0])}, reward.init({}))[1]
        >>> standings(reward, state)["_cost"].mean
        3.0
    """
    if isinstance(reward, Lagrange):
        return reward.standings(state)
    parts = [part for part in reward.children() if isinstance(part, (Reward, Transform))]
    found: dict[str, Standing] = {}
    # Parts that arrange their states in another way than one for each child are left alone.
    if isinstance(state, tuple) and len(state) == len(parts):
        for part, own in zip(parts, state, strict=True):
            found |= standings(part, own)
    return found


def _mean(lib: Any, part: Array, over: str) -> tuple[Array, Array]:
    """The mean of what has a verdict, and whether there is any."""
    values = lib.sum(part, axis=-1) if over == "episode" else part
    has = ~lib.isnan(values)
    count = lib.sum(lib.where(has, lib.ones_like(values), lib.zeros_like(values)))
    total = lib.sum(lib.where(has, values, lib.zeros_like(values)))
    return total / lib.where(count > 0, count, lib.ones_like(count)), count > 0


def _check_limits(limits: Any) -> None:
    """Limits are (name, relation, number), each name once."""
    if not limits:
        raise BadInput("Lagrange limits", "none", "(name, '<=', number) for each constrained part")
    for limit in limits:
        if len(limit) != 3 or not isinstance(limit[0], str) or limit[1] not in RELATIONS:
            raise BadInput("Lagrange limit", repr(limit), "(name of a part, '>=', '<=' or '==', number)")
        if not is_traced(limit[2]) and not math.isfinite(limit[2]):
            raise BadInput(f"Lagrange limit of {limit[0]}", limit[2], "a finite number")
    names = [limit[0] for limit in limits]
    if len(set(names)) < len(names):
        raise BadInput("Lagrange limits", ", ".join(names), "one limit for each part")
