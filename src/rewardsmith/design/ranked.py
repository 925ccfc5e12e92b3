"""A policy from a ranking of factors: compare what was seen, fit a reward to it, train on that, look again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..core import mdp as tables
from ..core.errors import BadInput
from ..feedback.hierarchy import Hierarchy, decided
from ..learn.preferences import fit_preferences

Floats = np.ndarray[Any, np.dtype[np.float64]]
Ints = np.ndarray[Any, np.dtype[np.int64]]


@dataclass(frozen=True)
class RankedFactors:
    """How policy and reward model take turns.

    Args:
        hierarchy: the ranking; it reads fields of single transitions.
        rounds: collect, fit, train: so often.
        steps: transitions that each round adds to the buffer.
        pairs: pairs drawn from the whole buffer for each fit.
        l2: ridge of the reward model.
        explore: share of random actions while collecting.

    Source: Bukharin et al., arXiv:2309.02632.
    Differs from the paper: the reward model is a table of state and action, fitted to its optimum instead of by
    Adam; the policy that follows is the optimal one for it, by policy iteration.
    """

    hierarchy: Hierarchy
    rounds: int = 4
    steps: int = 2000
    pairs: int = 4000
    l2: float = 1e-4
    explore: float = 0.2

    def __post_init__(self) -> None:
        if min(self.rounds, self.steps, self.pairs) < 1 or not 0 < self.explore <= 1:
            received = f"rounds={self.rounds}, steps={self.steps}, pairs={self.pairs}, explore={self.explore}"
            raise BadInput("RankedFactors", received, "1 or more, and a share above 0 of random actions")


@dataclass(frozen=True, eq=False)
class Ranked:
    """What it came to.

    ``policy``: ``(S,)`` action numbers.  ``reward``: ``(S, A)``, the last model, of mean 0 and deviation 1 over
    the buffer.  ``levels``: ``(rounds, K + 1)``, how many pairs each factor decided, the last column for none.
    """

    policy: Ints
    reward: Floats
    levels: Ints


def learn_ranked(
    mdp: tables.TabularMDP, factors: Mapping[str, Floats], config: RankedFactors, seed: int
) -> Ranked:
    """Learn from the ranking alone; the MDP's own reward is not read.

    Args:
        factors: name -> ``(S, A, S)``, what each transition is worth in one respect.

    Raises:
        Undecided: no pair was decided in some round.
    """
    rng, shape = np.random.default_rng(seed), (mdp.states, mdp.actions)
    for name in config.hierarchy.factors:
        given = factors[name].shape if name in factors else "nothing"
        if given != mdp.transition.shape:
            raise BadInput(f"factor {name!r}", given, f"a table of shape {mdp.transition.shape}")
    policy, reward = np.full(shape, 1.0 / mdp.actions), np.zeros(shape)
    seen, levels = np.zeros((0, 3), np.int64), list[Ints]()
    for _ in range(config.rounds):
        seen = np.concatenate([seen, walk(mdp, policy, config.steps, config.explore, rng)])
        batch = {name: np.asarray(factors[name])[tuple(seen.T)] for name in config.hierarchy.factors}
        spread = config.hierarchy.spread(batch)
        first, second = rng.integers(0, len(seen), (2, config.pairs))
        ends = [{name: values[side] for name, values in batch.items()} for side in (first, second)]
        label, level = config.hierarchy.decide(ends[0], ends[1], spread)
        levels.append(decided(level, len(batch)))
        place = seen[:, 0] * mdp.actions + seen[:, 1]
        onehot = np.eye(mdp.states * mdp.actions)
        table = fit_preferences(onehot[place[first]] - onehot[place[second]], label, config.l2)
        paid = table[place]
        reward = ((table - paid.mean()) / max(float(paid.std()), 1e-12)).reshape(shape)
        policy = np.eye(mdp.actions)[tables.policy_iteration(mdp.with_reward(reward))[0]]
    return Ranked(policy.argmax(-1), reward, np.array(levels))


def walk(mdp: tables.TabularMDP, policy: Floats, steps: int, explore: float, rng: np.random.Generator) -> Ints:
    """``(steps, 3)`` states, actions and next states of one walk; at a terminal state it starts again."""
    mixed = ((1 - explore) * policy + explore / mdp.actions).cumsum(-1)
    after, start = mdp.transition.cumsum(-1), mdp.initial.cumsum()
    draws, rows = rng.random((steps, 3)), np.zeros((steps, 3), np.int64)
    last = mdp.states - 1
    state = min(int(np.searchsorted(start, rng.random(), side="right")), last)
    for row, draw in zip(rows, draws, strict=True):
        action = min(int(np.searchsorted(mixed[state], draw[0], side="right")), mdp.actions - 1)
        new = min(int(np.searchsorted(after[state, action], draw[1], side="right")), last)
        row[:] = state, action, new
        state = min(int(np.searchsorted(start, draw[2], side="right")), last) if mdp.ends[new] else new
    return rows
