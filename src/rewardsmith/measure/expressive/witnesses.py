"""Witnesses: objectives of one formalism that another cannot state, each with evidence that is computed.

Kinds of evidence:

    program   a finite set of policies whose order is infeasible: Farkas vectors, for every discount tried
    tables    a finite set of policies and all tables of zeros and ones: none has the order
    level     for any reward, two policies of equal return that the objective does not rank equal
    limit     policies that tie, with a limit that does not: a bound on the gap that goes to 0
    pair      two policies of equal features that the objective does not rank equal
    argued    a theorem about real functions that no computation can replace
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Literal

import numpy as np

from .feasible import Floats, ranks_of
from .formalisms import is_expressible
from .world import World

DISCOUNTS = (0.1, 0.5, 0.9, 0.99)
_POINTS = 48  # of the circle on which policies of equal return are looked for
Kind = Literal["program", "tables", "level", "limit", "pair", "argued"]


@dataclass(frozen=True)
class Evidence:
    """What a computation found: whether it proves the witness, and the number that shows it."""

    proven: bool
    number: float
    says: str


@dataclass(frozen=True)
class Witness:
    """``without`` cannot state an objective of ``within``."""

    without: str
    within: str
    kind: Kind
    objective: str
    evidence: Callable[[], Evidence]


# ---------------------------------------------------------------------- worlds
def arms(count: int) -> World:
    """One choice among ``count`` actions, each with an end of its own."""
    transition = np.zeros((count + 1, count, count + 1))
    for a in range(count):
        transition[0, a, a + 1] = 1.0
        transition[a + 1, :, a + 1] = 1.0
    return World(transition, np.eye(count + 1)[0], steps=1)


def two_choices() -> World:
    """Two binary choices one after the other; the second state does not remember the first."""
    transition = np.zeros((3, 2, 3))
    transition[0, :, 1] = transition[1, :, 2] = transition[2, :, 2] = 1.0
    return World(transition, np.eye(3)[0], steps=2)


def detour() -> World:
    """A direct way or a detour to a fork; the fork leads to one of two ends."""
    transition = np.zeros((5, 2, 5))
    transition[0, 0, 2] = transition[0, 1, 1] = transition[1, :, 2] = 1.0
    transition[2, 0, 3] = transition[2, 1, 4] = transition[3, :, 3] = transition[4, :, 4] = 1.0
    return World(transition, np.eye(5)[0], steps=3)


def there_and_back() -> World:
    """Two states; action 0 stays, action 1 goes to the other one."""
    transition = np.zeros((2, 2, 2))
    transition[0, 0, 0] = transition[0, 1, 1] = transition[1, 0, 1] = transition[1, 1, 0] = 1.0
    return World(transition, np.eye(2)[0])


def leave() -> World:
    """Stay, or leave for good."""
    transition = np.zeros((2, 2, 2))
    transition[0, 0, 0] = transition[0, 1, 1] = transition[1, :, 1] = 1.0
    return World(transition, np.eye(2)[0])


def mixed(*chances: float) -> Floats:
    """A policy with two actions: the probability of action 1 in each state."""
    second = np.array(chances)
    return np.column_stack([1 - second, second])


def exclusive(policy: Floats) -> float:
    """Probability that exactly one of the two choices of ``two_choices`` is action 1."""
    p, q = policy[0, 1], policy[1, 1]
    return float(p * (1 - q) + q * (1 - p))


def entropy(policy: Floats, state: int = 0) -> float:
    """Entropy of the choice in one state, in nats."""
    chances = policy[state][policy[state] > 0]
    return float(-(chances * np.log(chances)).sum())


# ---------------------------------------------------------------------- evidence
def program(
    without: str, world: World, policies: Sequence[Floats], value: Callable[[Floats], float]
) -> Evidence:
    """The order that ``value`` gives the policies is infeasible for every discount."""
    ranks = ranks_of([value(policy) for policy in policies])
    found = [is_expressible(ranks, without, world, policies, discount) for discount in DISCOUNTS]
    worst = max(each.residual for each in found)
    proven = all(each.answer == "no" for each in found)
    return Evidence(proven, worst, f"largest residual of {len(found)} Farkas vectors")


def tables(world: World, policies: Sequence[Floats], value: Callable[[Floats], float]) -> Evidence:
    """No set of trajectories has probabilities in this order: all sets are tried."""
    wanted = ranks_of([value(policy) for policy in policies])
    lotteries = np.array([world.lottery(policy) for policy in policies])
    sets = np.array(list(product((0.0, 1.0), repeat=lotteries.shape[1])))
    agree = sum(np.array_equal(ranks_of(column), wanted) for column in (lotteries @ sets.T).T)
    return Evidence(agree == 0, float(agree), f"of {len(sets)} sets of trajectories with this order")


def level(world: World, square: Callable[[float, float], Floats], value: Callable[[Floats], float]) -> Evidence:
    """For 100 random rewards: two policies of equal return whose values differ, so no function of it will do.

    ``square`` maps (0, 1)^2 to policies.  On a circle, return(angle) - return(angle + offset) has mean 0, so it
    is 0 somewhere, whatever the reward and the offset; bisection finds the place.
    """
    rng, gaps, errors = np.random.default_rng(0), list[float](), list[float]()

    def policy(angle: float) -> Floats:
        return square(0.5 + 0.35 * np.cos(angle), 0.5 + 0.35 * np.sin(angle))

    angles = 2 * np.pi * np.arange(_POINTS) / _POINTS
    values = [value(policy(angle)) for angle in angles]
    for discount in DISCOUNTS:
        seen = np.array([world.occupancy(policy(angle), discount) for angle in angles])
        for _ in range(25):
            reward = rng.normal(size=seen.shape[1])
            found = [_equal(seen @ reward, reward, world, policy, discount, shift) for shift in (12, 16, 24)]
            apart = [abs(value(policy(one)) - value(policy(two))) for one, two, _ in found]
            best = int(np.argmax(apart))
            gaps.append(apart[best])
            errors.append(found[best][2])
    sure = min(gaps) > 1e-4 * float(np.ptp(values)) and max(errors) < 1e-9
    return Evidence(bool(sure), min(gaps), "smallest gap of values between policies of equal return")


def _equal(
    paid: Floats, reward: Floats, world: World, policy: Callable[[float], Floats], discount: float, shift: int
) -> tuple[float, float, float]:
    """Two angles of equal return, ``shift`` grid points apart, and how equal."""
    offset = 2 * np.pi * shift / _POINTS
    ahead = paid - np.roll(paid, -shift)
    at = int(np.flatnonzero(np.sign(ahead) != np.sign(np.roll(ahead, -1)))[0])

    def gap(angle: float) -> float:
        one, two = (world.occupancy(policy(a), discount) for a in (angle, angle + offset))
        return float(reward @ (one - two))

    low, high = 2 * np.pi * at / _POINTS, 2 * np.pi * (at + 1) / _POINTS
    rising = gap(low) < 0
    for _ in range(50):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if (gap(middle) < 0) == rising else (low, middle)
    return low, low + offset, abs(gap(low))


def limit(value: Callable[[Floats], float]) -> Evidence:
    """Leaving with probability p > 0 is all alike and not like p = 0, but a machine cannot pay them apart.

    Two policies that act alike for T steps with probability c differ, in any reward of a machine within
    [-1, 1], by at most ``2 (1 - c) / (1 - g) + 2 g^T / (1 - g)``; with p -> 0 that goes to 0 for every g.
    """
    values = [value(mixed(p, 0.0)) for p in (0.0, 1e-6, 1e-3, 1.0)]
    apart = values[0] != values[1] and np.ptp(values[1:]) < 1e-8
    bounds: list[float] = []
    for g in DISCOUNTS:
        steps = int(np.ceil(np.log(1e-9) / np.log(g)))
        bounds.append(2 * (-np.expm1(steps * np.log1p(-1e-12)) + g**steps) / (1 - g))
    return Evidence(
        bool(apart and max(bounds) < 1e-5), float(max(bounds)), "bound on any machine's gap at p = 1e-12"
    )


def pair() -> Evidence:
    """Two policies that differ only in a state that is never visited."""
    world = detour()
    one, other = (mixed(0.0, off, 0.0, 0.0, 0.0) for off in (0.0, 1.0))
    seen = [world.occupancy(policy, 0.9) for policy in (one, other)]
    lots = [world.lottery(policy) for policy in (one, other)]
    apart = max(float(np.abs(seen[0] - seen[1]).max()), float(np.abs(lots[0] - lots[1]).max()))
    found = is_expressible([0, 1], "TLO", world, (one, other)).answer
    return Evidence(found == "no" and apart < 1e-12, apart, "difference of occupancies and lotteries")


def debreu() -> Evidence:
    """Lexicographic preference on a square has uncountably many separate intervals; the reals have no room.

    Not computed.  Source: Debreu, "Representation of a preference ordering by a numerical function" (1954).
    """
    return Evidence(True, float("nan"), "Debreu's theorem; not computed")
