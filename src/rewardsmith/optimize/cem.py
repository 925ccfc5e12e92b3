"""The cross-entropy method, for many searches at once, and linear policies to search with it.

Every search keeps a Gaussian over its parameters, samples a population, and moves mean and spread to those of
the best.  All searches of an experiment (seeds x rewards) run as one array.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..core.errors import BadInput

Floats = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True)
class CEM:
    """Settings of the search.

    Args:
        rounds, population: samples are drawn ``rounds`` times, ``population`` of them.
        elite: share that mean and spread are fitted to.
        spread: initial standard deviation of every parameter.
        floor: standard deviation added to the fitted one, falling to 0 in the last round.

    Source: Rubinstein and Kroese, "The Cross-Entropy Method", 2004; the floor is that of Szita and Lorincz,
    "Learning Tetris Using the Noisy Cross-Entropy Method", 2006.
    """

    rounds: int = 10
    population: int = 32
    elite: float = 0.25
    spread: float = 1.0
    floor: float = 0.3

    def __post_init__(self) -> None:
        if self.rounds < 1 or self.population < 2 or not 0 < self.elite <= 1:
            raise BadInput("CEM", self, "rounds >= 1, population >= 2, elite in (0, 1]")
        if not self.spread > 0 or self.floor < 0:
            raise BadInput("CEM", f"spread {self.spread}, floor {self.floor}", "spread > 0, floor >= 0")


def cross_entropy(
    score: Callable[[Floats, int], Floats], start: Floats, config: CEM, rng: np.random.Generator
) -> Floats:
    """Parameters ``(R, D)`` that score high, for R searches at once.

    Args:
        score: ``score(candidates (R, P, D), round) -> (R, P)``; NaN (no verdict) is never among the best.
        start: ``(R, D)`` or ``(D,)`` for one search, the first means.

    All searches draw the same noise, so that rewards are compared on the same luck.

    Example:
        >>> found = cross_entropy(lambda w, now: -np.sum((w - 2.0) ** 2, -1), np.zeros((1, 3)), CEM(rounds=30),
        ...                       np.random.default_rng(0))
        >>> bool(np.abs(found - 2.0).max() < 0.1)
        True
    """
    mean = np.array(np.atleast_2d(start), np.float64)
    spread = np.full_like(mean, config.spread)
    best = max(1, round(config.elite * config.population))
    for now in range(config.rounds):
        noise = rng.normal(size=(config.population, mean.shape[1]))
        candidates = mean[:, None] + spread[:, None] * noise
        values = np.asarray(score(candidates, now), np.float64)
        if values.shape != candidates.shape[:2]:
            raise BadInput("score", f"shape {values.shape}", f"{candidates.shape[:2]}")
        order = np.argsort(-np.where(np.isnan(values), -np.inf, values), axis=1)[:, :best]
        chosen = np.take_along_axis(candidates, order[..., None], axis=1)
        mean = chosen.mean(1)
        spread = chosen.std(1) + config.floor * (1.0 - (now + 1) / config.rounds)
    return mean


def linear_actions(weights: Floats, obs: Floats) -> Floats:
    """``weights . (obs, 1)``: numbers ``(R, P, E)`` for ``obs (R, P, E, O)``, ``weights (R, P, O + 1)``."""
    if weights.shape[-1] != obs.shape[-1] + 1:
        raise BadInput("weights", f"{weights.shape[-1]} of {obs.shape[-1]} inputs", "one more, for the bias")
    return np.einsum("rpeo,rpo->rpe", obs, weights[..., :-1]) + weights[..., None, -1]


def linear_rollouts(env: Any, weights: Floats, starts: Floats, horizon: int, scale: Any = 1.0) -> Floats:
    """States ``(T + 1, R, P, E, D)`` of linear policies ``weights (R, P, O + 1)`` from E starts ``(E, D)``.

    A discrete environment of n actions takes the n equal parts of (-1, 1) in turn; a continuous one the number
    itself, clipped to its bounds.  Nothing ends an episode: a reward that must tell success from failure should
    not be told by its length.

    Args:
        env: array dynamics of one number or choice per step (``tasks.envs``).
        scale: what observations are multiplied with before the policy sees them, a number or ``(O,)``.
    """
    state = np.broadcast_to(starts, (*weights.shape[:2], *starts.shape)).astype(np.float64)
    states = [state]
    count = getattr(env.actions, "n", 0)
    low, high = (None, None) if count else env.actions.bounds
    for _ in range(horizon):
        value = linear_actions(weights, env.observe(state) * scale)
        if count:
            action = np.clip(np.floor((value + 1.0) * count / 2.0), 0, count - 1).astype(np.int64)
        else:
            action = np.clip(value, low, high)[..., None]
        state = env.step(state, action)
        states.append(state)
    return np.stack(states)
