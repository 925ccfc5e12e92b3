r"""Ways to specify a reward, measured alike: what they reach, what they break, and what they ask of people.

The effort is a ledger of declared unit costs, not a measured human cost; print it with every result.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..core.errors import BadInput
from ..core.mdp import TabularMDP, occupancy
from ..optimize.tabular import QLearning, q_learning

Floats = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True)
class Effort:
    """What a specification asked of people, and what that costs in units.

    Args:
        demonstrations, comparisons, numbers, states: how many were given: episodes shown, pairs judged, numbers
            chosen, states of an automaton written.
        prices: units for each of the four.

    Example:
        >>> Effort(comparisons=200, numbers=1).units
        205.0
    """

    demonstrations: int = 0
    comparisons: int = 0
    numbers: int = 0
    states: int = 0
    prices: tuple[float, float, float, float] = (10.0, 1.0, 5.0, 3.0)

    @property
    def units(self) -> float:
        """The sum."""
        given = (self.demonstrations, self.comparisons, self.numbers, self.states)
        return float(sum(count * price for count, price in zip(given, self.prices, strict=True)))


@dataclass(frozen=True, eq=False)
class Specification:
    """One way to say what is wanted: the reward table ``(S, A)`` that came of it, and its effort."""

    name: str
    reward: Any
    effort: Effort = Effort()


@dataclass(frozen=True)
class Specified:
    """What one specification led to, means over seeds in ``(N,)`` arrays.

    Args:
        gold: discounted return in what is really wanted.
        violations: share of the discounted visits in which the cost is paid.
        effort: units of its ledger.
    """

    name: str
    gold: Floats
    violations: Floats
    effort: float


def specification_benchmark(
    mdp: TabularMDP,
    specifications: Sequence[Specification],
    gold: Any,
    cost: Any,
    seeds: Sequence[int],
    config: QLearning | None = None,
) -> list[Specified]:
    """Train one Q-learner per specification and seed, and judge their greedy policies exactly.

    Learners of one seed share their random numbers, so specifications are compared in pairs.

    Args:
        gold, cost: reward tables ``(S, A)``; a specification sees them only as far as its feedback did.
        config: of the learner, the same for all.

    Source: Roy, "Effective Reward Specification in Deep Reinforcement Learning", arXiv:2412.07177.
    Differs from the paper: the common harness and its ledger are ours.
    """
    names = [each.name for each in specifications]
    if not names or len(set(names)) < len(names):
        raise BadInput("specifications", ", ".join(names) or "none", "one or more, with a name of its own each")
    shape = (mdp.states, mdp.actions)
    wanted, harm = np.asarray(gold, np.float64), np.asarray(cost, np.float64)
    if wanted.shape != shape or harm.shape != shape:
        raise BadInput("gold and cost", f"shapes {wanted.shape}, {harm.shape}", f"{shape}")
    tables = np.array([np.asarray(each.reward, np.float64) for each in specifications])
    learned = q_learning(mdp, tables, seeds, config or QLearning())
    found: list[Specified] = []
    for each, values in zip(specifications, learned.values, strict=True):
        visits = [occupancy(mdp, q.argmax(-1)) for q in values]
        reached = np.array([float((v * wanted).sum()) for v in visits])
        # the absorbing ends are no visits: an episode that is over breaks nothing
        alive = [v * ~mdp.ends[:, None] for v in visits]
        broken = np.array([float((v * harm).sum() / v.sum()) for v in alive])
        found.append(Specified(each.name, reached, broken, each.effort.units))
    return found
