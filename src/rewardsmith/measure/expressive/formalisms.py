"""The 17 formalisms, and which contains which.

``CONTAINS`` lists inclusions, each with the translation that proves it (``translations.py`` executes them).
Definitions of the rarer formalisms are ours where the paper's text was not at hand: outer formalisms see
expected returns, inner ones returns of trajectories, all by real functions; ``GOMORL``, ``OMO``, ``TLO`` and
``PO`` are orders that no real function need represent.

Source: Subramani et al., "On The Expressivity of Objective-Specification Formalisms in Reinforcement Learning",
ICLR 2024, arXiv 2310.11840.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from ...core.errors import BadInput
from .feasible import Expressible, Floats, function_order, linear_order
from .world import World

Features = Callable[[World, Sequence[Floats], float], Floats]


@dataclass(frozen=True)
class Formalism:
    """A way to write an objective.

    Args:
        name: the short name of the paper.
        meaning: what an objective is.
        sees: the features of policies, ``(N, F)``, on which it depends.
        linear: the objective is a linear function of them; otherwise any function or order.
        relaxed: ``sees`` allows more than the formalism does, so that only a ``no`` counts.
    """

    name: str
    meaning: str
    sees: Features
    linear: bool = False
    relaxed: bool = False


def _occupancy(world: World, policies: Sequence[Floats], discount: float) -> Floats:
    return np.array([world.occupancy(policy, discount) for policy in policies])


def _long_run(world: World, policies: Sequence[Floats], discount: float) -> Floats:
    del discount
    return np.array([world.long_run(policy) for policy in policies])


def _lottery(world: World, policies: Sequence[Floats], discount: float) -> Floats:
    del discount
    return np.array([world.lottery(policy) for policy in policies])


def _inner(world: World, policies: Sequence[Floats], discount: float) -> Floats:
    """The lottery of returns of one reward that is chosen so that no two trajectories have the same return."""
    reward = np.random.default_rng(0).normal(size=world.transition.shape)
    returns = [
        sum(
            discount**t * reward[s, a, z]
            for t, (s, a, z) in enumerate(zip(path[0:-1:2], path[1::2], path[2::2], strict=True))
        )
        for path in world.trajectories()
    ]
    _, group = np.unique(np.round(returns, 12), return_inverse=True)
    chances = _lottery(world, policies, discount)
    return np.stack([chances[:, group == g].sum(1) for g in range(group.max() + 1)], axis=1)


def _returns(world: World, policies: Sequence[Floats], discount: float) -> Floats:
    """Expected returns of one indicator reward for every state and action, by policy evaluation."""
    rows: list[Floats] = []
    for policy in policies:
        system = np.eye(world.states) - discount * world.chain(policy)
        paid = np.zeros((world.states, world.states, world.actions))
        paid[np.arange(world.states), np.arange(world.states)] = policy
        rows.append(world.initial @ np.linalg.solve(system, paid.reshape(world.states, -1)))
    return np.array(rows)


def _regularised(world: World, policies: Sequence[Floats], discount: float) -> Floats:
    """Occupancy, and how often each distribution over actions is used: its regulariser may be anything."""
    kinds = np.unique(np.round(np.concatenate(policies), 12), axis=0)
    rows: list[Floats] = []
    for policy in policies:
        seen = world.occupancy(policy, discount)
        visits = seen.reshape(world.states, world.actions).sum(1)
        used = (np.abs(policy[:, None] - kinds[None]).max(-1) < 1e-9).astype(float)
        rows.append(np.r_[seen, visits @ used])
    return np.array(rows)


def _itself(world: World, policies: Sequence[Floats], discount: float) -> Floats:
    del world, discount
    return np.array([policy.ravel() for policy in policies])


_ALL = (
    Formalism("MR", "Markov reward: expected discounted sum", _occupancy, linear=True),
    Formalism("LAR", "limit-average reward", _long_run, linear=True),
    Formalism("LTL", "probability of a linear temporal logic formula", _lottery, linear=True, relaxed=True),
    Formalism("RM", "reward machine: reward by the state of an automaton", _lottery, linear=True, relaxed=True),
    Formalism("INMR", "inner nonlinear: expectation of a function of the return", _inner, linear=True),
    Formalism("IMORL", "inner multi-objective: of a function of several returns", _inner, linear=True),
    Formalism("FTR", "expectation of a function of the trajectory", _lottery, linear=True),
    Formalism("RRL", "regularised: minus a function of the action distribution", _regularised, linear=True),
    Formalism("ONMR", "outer nonlinear: function of one expected return", _occupancy, relaxed=True),
    Formalism("OMORL", "outer multi-objective: function of several expected returns", _returns),
    Formalism("FOMR", "function of the occupancy measure", _occupancy),
    Formalism("FTLR", "function of the trajectory lottery", _lottery),
    Formalism("GOMORL", "order of vectors of expected returns", _returns),
    Formalism("OMO", "order of occupancy measures", _occupancy),
    Formalism("TLO", "order of trajectory lotteries", _lottery),
    Formalism("FPR", "function of the policy", _itself),
    Formalism("PO", "order of policies", _itself),
)
FORMALISMS: Mapping[str, Formalism] = MappingProxyType({each.name: each for each in _ALL})

# (smaller, larger, why): every order of the smaller is one of the larger.
CONTAINS: tuple[tuple[str, str, str], ...] = (
    ("MR", "RM", "a machine with one state"),
    ("MR", "ONMR", "the identity as outer function"),
    ("MR", "RRL", "the regulariser 0"),
    ("RM", "FTR", "the discounted sum that the machine pays along a trajectory"),
    ("LAR", "FTR", "the long-run average of the reward along a trajectory"),
    ("LTL", "FTR", "1 where the formula is true of a trajectory"),
    ("INMR", "IMORL", "one objective"),
    ("IMORL", "FTR", "returns are functions of the trajectory"),
    ("FTR", "INMR", "a reward that gives every trajectory a return of its own, and a table as inner function"),
    ("FTR", "FTLR", "the expectation is a function of the lottery"),
    ("ONMR", "OMORL", "one objective"),
    ("RRL", "FOMR", "the occupancy determines the policy wherever it is visited"),
    ("OMORL", "FOMR", "expected returns are functions of the occupancy"),
    ("FOMR", "OMORL", "one indicator reward for every state and action"),
    ("FOMR", "FTLR", "the lottery determines the occupancy"),
    ("FTLR", "FOMR", "the occupancy determines the policy where it is visited, and with it the lottery"),
    ("OMORL", "GOMORL", "numbers are ordered"),
    ("GOMORL", "OMO", "expected returns are functions of the occupancy"),
    ("OMO", "TLO", "the lottery determines the occupancy"),
    ("TLO", "GOMORL", "the occupancy, which indicator rewards give, determines the lottery"),
    ("FOMR", "FPR", "the occupancy is a function of the policy"),
    ("FPR", "PO", "numbers are ordered"),
    ("OMO", "PO", "the occupancy is a function of the policy"),
)


def is_expressible(
    ranks: object, formalism: str, world: World, policies: Sequence[Floats], discount: float = 0.9
) -> Expressible:
    """Can this order of finitely many policies be stated in a formalism?

    A ``no`` holds for all policies of the world too; a ``yes`` is about these policies only, and about this
    discount.  For ``LTL``, ``RM`` and ``ONMR`` a larger formalism is asked (functions of trajectories, of
    occupancies): their ``no`` is proven, instead of ``yes`` the answer is ``undecided``.

    Raises:
        BadInput: an unknown formalism, or trajectories of a world that never rests.
    """
    if formalism not in FORMALISMS:
        raise BadInput("formalism", repr(formalism), ", ".join(FORMALISMS))
    chosen = FORMALISMS[formalism]
    features = chosen.sees(world, policies, discount)
    found = linear_order(features, ranks) if chosen.linear else function_order(features, ranks)
    return Expressible("undecided") if chosen.relaxed and found.answer == "yes" else found
