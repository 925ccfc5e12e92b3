"""How far apart two rewards are on a tabular MDP, exactly: a number in [0, 1].

``distance = n(c1 / n(c1) - c2 / n(c2)) / 2`` with a canonical form c (``canonical.py``) and a norm n.  0 means
that both order all policies alike (for the STARC kinds if and only if, where every state can be reached), 1
that they are opposite.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal, TypeAlias

import numpy as np

from ...core.errors import BadInput
from ...core.mdp import TabularMDP
from .canonical import CANONICAL, Floats, Table

Coverage: TypeAlias = Literal["all", "dynamics"]
# A canonical form this small beside its reward is rounding.
ROUNDING = 1e-10


@dataclass(frozen=True)
class Kind:
    """A distance by its parts.

    Args:
        canonical: name of a form in ``CANONICAL``.
        centred: subtract the mean first; with the L2 norm the distance is then ``sqrt((1 - rho) / 2)`` with
            Pearson's correlation rho, the form in which EPIC and DARD were published.
        coverage: which transitions count: ``all`` alike, or as often as the ``dynamics`` make them happen under
            uniform states and actions.
        meaning: one line for people.
    """

    canonical: str
    centred: bool = False
    coverage: Coverage = "all"
    meaning: str = ""


KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        "starc": Kind(
            "value", meaning="advantages of the uniform policy; 0 only if policies are ordered alike"
        ),
        "starc-minimal": Kind(
            "minimal", meaning="the smallest equivalent reward; 0 as for starc, needs no policy"
        ),
        "starc-potential": Kind(
            "value-potential", coverage="dynamics", meaning="starc before the mean over successors"
        ),
        "epic": Kind("epic", True, "all", "correlation after shaping away the mean; blind to the dynamics"),
        "epic-dynamics": Kind("epic", True, "dynamics", "EPIC, compared on transitions that happen"),
        "epic-norm": Kind("epic", meaning="EPIC's form without centring"),
        "dard": Kind("dard", True, "dynamics", "EPIC with means over the next steps only"),
        "dard-norm": Kind("dard", meaning="DARD's form without centring, over all transitions"),
        "srrd": Kind("srrd", True, "dynamics", "EPIC with means over the next two steps"),
        "raw": Kind("raw", meaning="no canonical form: sees shaping as a difference"),
    }
)


@dataclass(frozen=True, eq=False)
class Distance:
    """One distance, or many: ``value`` has the leading axes of the rewards.

    ``degenerate``: at least one of the two rewards is trivial (all policies are equally good under it).  Two
    trivial rewards are at distance 0, a trivial and another one at 0.5.
    """

    value: Any
    degenerate: Any
    kind: str
    norm: float

    def __float__(self) -> float:
        return float(self.value)

    def __str__(self) -> str:
        note = " (trivial reward)" if np.any(self.degenerate) else ""
        return f"{self.kind} {np.asarray(self.value).round(4)}{note}"


def distance(
    mdp: TabularMDP,
    first: TabularMDP | Table,
    second: TabularMDP | Table,
    kind: str | Kind = "starc",
    norm: float = 2,
) -> Distance:
    """The distance of two rewards on one MDP.

    Args:
        mdp: the dynamics, discount and terminal states; its own reward is not read.
        first: ``(..., S, A)`` or ``(..., S, A, S)``, or an MDP of the same dynamics that carries the reward.
        second: likewise; leading axes broadcast.
        kind: a name of ``KINDS``, or parts of your own.
        norm: p >= 1 or infinity, for scaling and for comparing.

    Raises:
        BadInput: an unknown kind, p < 1, another shape, other dynamics, or a NaN that the kind has to read.

    Source: Skalse et al. (2024) for the scheme; the sources of each form stand with it.
    Differs from the paper: trivial rewards are flagged; scaling and comparing share one norm.

    Example:
        >>> from rewardsmith.core.mdp import chain, potential_shaping
        >>> mdp = chain(2, 3)
        >>> shaped = potential_shaping(mdp, [0, 3, 1, 4, 1, 5])
        >>> print(distance(mdp, mdp.reward, 2 * shaped), distance(mdp, mdp.reward, shaped, "raw"), sep=", ")
        starc 0.0, raw 0.7171
    """
    parts, name = _kind(kind)
    if not norm >= 1:
        raise BadInput("norm", norm, "p >= 1, or infinity")
    weights = _weights(mdp, parts)
    units, trivial = zip(
        *(_unit(mdp, same_dynamics(mdp, each), parts, weights, norm) for each in (first, second)), strict=True
    )
    degenerate = trivial[0] | trivial[1]
    apart = np.clip(0.5 * weighted_norm(units[0] - units[1], weights, norm), 0.0, 1.0)
    return Distance(apart[()], degenerate[()], name, float(norm))


def canonical_form(mdp: TabularMDP, reward: TabularMDP | Table, kind: str | Kind = "starc") -> Floats:
    """The canonical form that a kind of distance compares, before centring and scaling."""
    return CANONICAL[_kind(kind)[0].canonical](mdp, same_dynamics(mdp, reward))


def normalised(
    mdp: TabularMDP, reward: TabularMDP | Table, kind: str | Kind = "starc", norm: float = 2
) -> tuple[Floats, Any]:
    """``c / n(c)`` and whether the reward is trivial (then ``c`` is set to 0)."""
    parts, _ = _kind(kind)
    unit, trivial = _unit(mdp, same_dynamics(mdp, reward), parts, _weights(mdp, parts), norm)
    return unit, trivial[()]


def same_dynamics(mdp: TabularMDP, reward: TabularMDP | Table) -> Table:
    """The reward table; of an MDP only if its dynamics, discount, start and terminal states are the same.

    Raises:
        BadInput: they are not: distances across dynamics mean nothing.
    """
    if not isinstance(reward, TabularMDP):
        return reward
    zero = np.zeros((mdp.states, mdp.actions))
    if reward.states != mdp.states or reward.actions != mdp.actions:
        raise BadInput("reward", f"of {reward!r}", f"one of {mdp!r}", "distances need the same dynamics")
    if reward.with_reward(zero) != mdp.with_reward(zero):
        why = "a distance is about one set of dynamics"
        raise BadInput(
            "reward", "an MDP with other dynamics", "the same transition, discount, start, ends", why
        )
    return reward.reward


def _kind(kind: str | Kind) -> tuple[Kind, str]:
    if isinstance(kind, Kind):
        if kind.canonical not in CANONICAL:
            raise BadInput("canonical form", repr(kind.canonical), ", ".join(CANONICAL))
        return kind, kind.canonical
    if kind not in KINDS:
        raise BadInput("kind of distance", repr(kind), ", ".join(KINDS))
    return KINDS[kind], kind


def _weights(mdp: TabularMDP, parts: Kind) -> Floats:
    """How much each transition counts: all alike, or by probability; rows of terminal states do not."""
    live = ~mdp.ends[:, None]
    if parts.canonical in ("value", "minimal"):
        return np.broadcast_to(live, (mdp.states, mdp.actions)).astype(np.float64)
    possible = np.ones_like(mdp.transition) if parts.coverage == "all" else mdp.transition
    return possible * live[:, :, None]


def _unit(
    mdp: TabularMDP, reward: Table, parts: Kind, weights: Floats, norm: float
) -> tuple[Floats, np.ndarray[Any, np.dtype[np.bool_]]]:
    table = np.asarray(reward, dtype=np.float64)
    form = CANONICAL[parts.canonical](mdp, table) * (weights > 0)
    if parts.centred:
        axes = tuple(range(-weights.ndim, 0))
        form = (form - (weights * form).sum(axes, keepdims=True) / max(weights.sum(), 1e-300)) * (weights > 0)
    lead = form.shape[: form.ndim - weights.ndim]
    return scaled(form, np.abs(np.nan_to_num(table)).reshape(*lead, -1).max(-1), weights, norm)


def scaled(
    form: Floats, largest: Table, weights: Floats, norm: float
) -> tuple[Floats, np.ndarray[Any, np.dtype[np.bool_]]]:
    """``c / n(c)`` over the trailing axes, and which are trivial: rounding beside the ``largest`` reward."""
    lead = form.shape[: form.ndim - weights.ndim]
    trivial = np.abs(form).reshape(*lead, -1).max(-1) <= ROUNDING * largest
    size = np.where(trivial, 1.0, weighted_norm(form, weights, norm))
    shape = (...,) + (None,) * weights.ndim
    return np.where(trivial[shape], 0.0, form / size[shape]), trivial


def weighted_norm(form: Floats, weights: Floats, p: float) -> Floats:
    """``(sum w |c|^p)^(1/p)`` over the trailing axes; the maximum where w > 0 for infinity."""
    lead = form.shape[: form.ndim - weights.ndim]
    flat = np.abs(form).reshape(*lead, -1)
    if np.isinf(p):
        return np.where(weights.ravel() > 0, flat, 0.0).max(-1)
    # Scaled by the largest entry, so that a large p neither overflows nor underflows.
    top = flat.max(-1, keepdims=True)
    scaled = flat / np.where(top > 0, top, 1.0)
    return top[..., 0] * ((weights.ravel() * scaled**p).sum(-1) ** (1 / p))
