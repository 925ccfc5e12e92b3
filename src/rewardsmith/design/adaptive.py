"""ExpAdaRD: the reward that tells most to the learner as it is now, as a linear programme.

    I_L(R) = sum_{s,a} mu_T(s) mu_L(s) pi_L(a|s)^2 (A_T(s,a) - E_L A_T(s,.)) (R(s,a) - E_L R(s,.))

L is the learner, T the target; ``E_L`` averages over ``pi_L(.|s)``; ``A_T`` is the target's advantage under the
MDP's own reward.  I_L is linear in R, so the best reward under EXPRD's rows is found exactly (HiGHS).
Source: Devidze, Kamalaruban and Singla (AAMAS 2024), look-ahead h = 1, and the released code
(machine-teaching-group/aamas2024-informativeness-of-reward-functions@fe25217).  One factor ``pi_L(a|s)`` comes
from the visits ``mu_L(s, a)``, the other from the gradient of a softmax.  Differs from the paper: all target
actions of a state stay tied; where the optimum is not unique HiGHS gives a vertex, the released interior point
a centre; the first reward is designed for the policy at the start instead of being 0 until the first update.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from ..core.errors import BadInput
from ..core.mdp import Floats, Table, TabularMDP, advantages, as_policy, occupancy, optimal_actions
from ..optimize.tabular import Episodes
from .preserving import Preserving, entries, scipy_parts

# A coefficient this small beside the advantages is rounding, not information.
NOTHING = 1e-14

Sees = Literal["own", "first", "shuffled"]


class NothingToTell(BadInput):
    """``I_L(R)`` is 0 for every reward: no reward of this basis tells this learner anything.

    So it is for a deterministic learner, for one that plays target actions only, and where learner and target
    never meet in a state in which the basis can pay.
    """

    def __init__(self) -> None:
        super().__init__(
            "learner",
            "a policy for which the informativeness of every reward is 0",
            "a policy that tries target and other actions where the target goes and the reward may pay",
        )


@dataclass(frozen=True, eq=False)
class Adapted:
    """A reward table ``(S, A)``, its weights ``(F,)`` over the basis, and its informativeness ``I_L``."""

    reward: Floats
    weights: Floats
    informativeness: float


def adaptive_informativeness(
    mdp: TabularMDP, reward: Table, learner: Table, targets: Table | None = None, spread: float = 0.0
) -> float:
    """``I_L(R)`` of a reward table ``(S, A)``: how much the learner's next step improves it; 0 says nothing.

    The visits mu sum to 1 over the states that are not terminal.  Adding a number (or a function of the state)
    to R changes nothing; a factor on R is a factor on I_L.

    Args:
        learner: its policy, ``(S, A)`` probabilities or ``(S,)`` actions.
        targets: bools ``(S, A)``; default all optimal actions, of which the target plays each equally often.
        spread: share of uniform actions that is mixed into the target where its visits are counted, so that
            states beside its way count too; the released code has 0.4 in rooms and 0.3 in LineK.

    Raises:
        BadInput: a reward of another shape or not finite, ``spread`` outside [0, 1], a bad policy.

    Example: in a corridor, paying the way to the goal tells an undecided learner more than paying its end.
        >>> from rewardsmith.core.mdp import chain
        >>> corridor, lost = chain(1, 3, rewards=(0.0, 1.0)), np.full((5, 2), 0.5)
        >>> way = np.where([[False, True]], 1.0, 0.0) * ~corridor.ends[:, None]
        >>> for reward in (corridor.expected_reward, way):
        ...     print(round(adaptive_informativeness(corridor, reward, lost), 4))
        0.001
        0.0237
    """
    table = np.asarray(reward, dtype=np.float64)
    if table.shape != (mdp.states, mdp.actions) or not np.isfinite(table).all():
        raise BadInput("reward", f"shape {table.shape}", f"({mdp.states}, {mdp.actions}), finite")
    targets = optimal_actions(mdp) if targets is None else np.asarray(targets, dtype=bool)
    return float((_coefficients(mdp, *_teacher(mdp, targets, spread), learner) * table).sum())


def expadard(
    mdp: TabularMDP,
    learner: Table,
    active: Sequence[int] | None = None,
    features: Table | None = None,
    reward_bound: float = 1.0,
    targets: Table | None = None,
    margins: Table | None = None,
    spread: float = 0.0,
) -> Adapted:
    """The reward that is most informative for this learner and keeps the targets optimal.

    Maximises ``I_L(R)`` over ``R = sum_f w_f features_f`` subject to ``Q(s, target) - Q(s, a) >= delta_s`` for
    every non-target action, equality among targets, ``|R| <= reward_bound``.  Whoever trains solves it again
    for the learner's new policy every ``N_r`` episodes (``ExpAdaRD`` does).

    Args:
        learner, targets, spread: as in ``adaptive_informativeness``.
        active: the states that may pay; default all that are not terminal.
        features: tables ``(F, S, A)`` instead of ``active``: what the reward is a sum of.
        margins: ``(S,)``; default the gaps of the MDP's own reward.

    Raises:
        NothingToTell: ``I_L`` is 0 for every reward, so there is nothing to maximise.
        InfeasibleMargin: with a certificate and the largest feasible share of the margins.
        BadInput: both ``active`` and ``features``, or arguments of a wrong shape.

    Example:
        >>> from rewardsmith.core.mdp import chain
        >>> design = expadard(chain(1, 3, rewards=(0.0, 1.0)), np.full((5, 2), 0.5))
        >>> design.reward[1:4].tolist()  # as good as allowed towards the goal, as bad as allowed away from it
        [[-1.0, 1.0], [-1.0, 1.0], [-1.0, 1.0]]
    """
    return _Expert.of(mdp, active, features, reward_bound, targets, margins, spread).design(learner)


@dataclass(frozen=True, eq=False)
class _Expert:
    """What does not depend on the learner: the rows, the target's advantages ``(S, A)`` and visits ``(S,)``."""

    keep: Preserving
    advantage: Floats
    visits: Floats

    @classmethod
    def of(
        cls,
        mdp: TabularMDP,
        active: Sequence[int] | None,
        features: Table | None,
        bound: float,
        targets: Table | None,
        margins: Table | None,
        spread: float,
    ) -> _Expert:
        if active is not None and features is not None:
            raise BadInput("active and features", "both", "one of them: features say themselves where they pay")
        states = [s for s in range(mdp.states) if not mdp.ends[s]] if active is None else active
        basis = entries(mdp, states) if features is None else features
        keep = Preserving.of(mdp, np.asarray(basis), bound, targets, margins)
        return cls(keep, *_teacher(mdp, keep.targets, spread))

    def design(self, learner: Table) -> Adapted:
        """The linear programme over the weights, for one policy."""
        _, linprog = scipy_parts()
        keep = self.keep
        coefficients = _coefficients(keep.mdp, self.advantage, self.visits, learner)
        gain = np.tensordot(keep.basis, coefficients, 2)
        size = float(np.abs(gain).max())
        if size <= NOTHING * np.abs(self.advantage).max() * np.abs(keep.basis).max():
            raise NothingToTell()
        table = keep.basis.reshape(len(keep.basis), -1).T
        table = table[np.abs(table).max(-1) > 0]
        single = bool(((np.abs(table) > 0).sum(-1) == 1).all())
        # One weight per entry needs bounds only; shared weights need a row for each entry of R.
        reach = np.abs(keep.basis).max((1, 2))
        most = keep.bound / np.where(reach > 0, reach, 1.0)
        rows = np.zeros((0, table.shape[1])) if single else np.vstack([table, -table])
        found = linprog(
            -gain / size,
            A_ub=np.vstack([-keep.gaps, rows]), b_ub=np.append(-keep.need, np.full(len(rows), keep.bound)),
            A_eq=keep.ties if len(keep.ties) else None,
            b_eq=np.zeros(len(keep.ties)) if len(keep.ties) else None,
            bounds=np.stack([-most, most], -1) if single else (None, None), method="highs",
        )  # fmt: skip
        if found.status == 2:
            raise keep.infeasible()
        if found.status != 0:
            raise ArithmeticError(f"the linear programme did not finish: {found.message}")
        reward = np.tensordot(found.x, keep.basis, 1)
        return Adapted(reward, found.x, float((coefficients * reward).sum()))


@dataclass(frozen=True, eq=False)
class Following:
    """State of ``ExpAdaRD``: rewards ``(M, S, A)`` of the time and how often each was designed ``(M,)``.

    ``own`` is the MDP's reward, ``order`` ``(M, S)`` the order in which an agent's states are read.
    """

    reward: Floats
    own: Floats
    designs: Table
    expert: _Expert
    order: Table
    seen: int = 0


@dataclass(frozen=True, eq=False)
class ExpAdaRD:
    """For ``optimize.tabular.reinforce``: rewards that follow the learner, beside rewards that stay.

    Args:
        sees: for which policy each variant is designed: ``own`` the learner's of the time, ``first`` its policy
            at the start, once, ``shuffled`` the learner's with its states in a random order (a control).
        fixed: tables ``(K, S, A)`` that are trained first, unchanged.
        every: ``N_r``, episodes between two designs.
        active, features, reward_bound, spread: as in ``expadard``.

    The designed table replaces the MDP's own reward.  A policy that nothing can be told keeps its last reward.

    Example: ``reinforce(mdp, seeds, Reinforce(), ExpAdaRD(fixed=mdp.expected_reward[None]))``: the original
    reward beside one that follows the learner.
    """

    sees: tuple[Sees, ...] = ("own",)
    fixed: Table | None = None
    every: int = 5
    active: tuple[int, ...] | None = None
    features: Table | None = None
    reward_bound: float = 1.0
    spread: float = 0.0

    def __post_init__(self) -> None:
        if self.every < 1:
            raise BadInput("ExpAdaRD every", self.every, "at least 1 episode")
        if not set(self.sees) <= {"own", "first", "shuffled"}:
            raise BadInput("ExpAdaRD sees", self.sees, "own, first, shuffled")
        if self.fixed is not None and np.ndim(self.fixed) != 3:
            raise BadInput("ExpAdaRD fixed", f"shape {np.shape(self.fixed)}", "(K, S, A)")
        if not self.variants:
            raise BadInput("ExpAdaRD", "no variant", "at least one in sees or fixed")

    @property
    def variants(self) -> int:
        """Number of rewards: the fixed ones, then one for each entry of ``sees``."""
        return (0 if self.fixed is None else len(self.fixed)) + len(self.sees)

    def start(self, mdp: TabularMDP, seeds: int) -> Following:
        """The design for a uniform policy, which is where a softmax table starts."""
        expert = _Expert.of(mdp, self.active, self.features, self.reward_bound, None, None, self.spread)
        uniform = np.full((mdp.states, mdp.actions), 1 / mdp.actions)
        first = expert.design(uniform).reward
        fixed = (
            np.zeros((0, *uniform.shape)) if self.fixed is None else np.asarray(self.fixed, dtype=np.float64)
        )
        if fixed.shape[1:] != uniform.shape:
            raise BadInput("ExpAdaRD fixed", f"shape {fixed.shape}", f"(K, {mdp.states}, {mdp.actions})")
        tables = np.concatenate([fixed, *[first[None]] * len(self.sees)])
        order = np.stack([np.random.default_rng(seed).permutation(mdp.states) for seed in range(seeds)])
        agents = np.repeat(np.arange(len(tables)) >= len(fixed), seeds).astype(np.int64)
        return Following(
            np.repeat(tables, seeds, 0), mdp.expected_reward, agents, expert, np.tile(order, (len(tables), 1))
        )

    def pay(self, state: Following, s: Table, a: Table, after: Table, live: Table) -> tuple[Floats, Following]:
        """What turns the MDP's own reward into the designed one."""
        return state.reward[np.arange(len(s)), s, a] - state.own[s, a], state

    def learn(self, state: Following, mdp: TabularMDP, episode: Episodes) -> Following:
        """After every ``every``-th episode a new design for the policy that played it."""
        state = replace(state, seen=state.seen + 1)
        if state.seen % self.every:
            return state
        reward, designs = state.reward.copy(), state.designs.copy()
        seeds = len(reward) // self.variants
        for number, sees in enumerate(self.sees, self.variants - len(self.sees)):
            for agent in range(number * seeds, (number + 1) * seeds) if sees != "first" else ():
                policy = episode.table[agent]
                policy = policy[state.order[agent]] if sees == "shuffled" else policy
                try:
                    reward[agent] = state.expert.design(policy).reward
                except NothingToTell:
                    continue
                designs[agent] += 1
        return replace(state, reward=reward, designs=designs)


def _teacher(mdp: TabularMDP, targets: Table, spread: float) -> tuple[Floats, Floats]:
    """``A_T`` of the target policy and the visits of the target that ``spread`` loosens."""
    if targets.shape != (mdp.states, mdp.actions) or not targets.any(-1).all():
        raise BadInput("targets", f"shape {targets.shape}", "(S, A) with a target action in every state")
    if not 0 <= spread <= 1:
        raise BadInput("spread", spread, "0 <= spread <= 1")
    target = targets / targets.sum(-1, keepdims=True)
    return advantages(mdp, target), _visits(mdp, (1 - spread) * target + spread / mdp.actions)


def _visits(mdp: TabularMDP, policy: Floats) -> Floats:
    visits = np.where(mdp.ends, 0.0, occupancy(mdp, policy).sum(-1))
    total = visits.sum()
    return visits / total if total > 0 else visits


def _coefficients(mdp: TabularMDP, advantage: Floats, visits: Floats, learner: Table) -> Floats:
    """``C`` with ``I_L(R) = sum C R``: ``mu_T mu_L (p_b^2 d_b - p_b sum_a p_a^2 d_a)``, d as above."""
    pi = as_policy(mdp, learner)
    edge = pi**2 * (advantage - (pi * advantage).sum(-1, keepdims=True))
    return (visits * _visits(mdp, pi))[:, None] * (edge - pi * edge.sum(-1, keepdims=True))
