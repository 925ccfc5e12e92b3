"""Rewards to test measures with: random ones, mixtures, and such that no policy can tell apart."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...core.errors import BadInput
from ...core.mdp import TabularMDP
from .canonical import Floats, Table


def equivalent_reward(
    mdp: TabularMDP,
    reward: Table,
    rng: np.random.Generator,
    shaping: float = 1.0,
    redistribution: float = 1.0,
    scale: float = 1.0,
) -> Floats:
    """``scale * R + discount Phi(s') - Phi(s) + e(s, a, s')``, which orders all policies as R does.

    Phi is normal with standard deviation ``shaping``, 0 at terminal states.  e (S'-redistribution) is normal
    with standard deviation ``redistribution``, less its mean under the dynamics: what an action pays on
    average stays.  Both are there at every (s, a, s'), also where no transition leads.

    Args:
        mdp: the dynamics.
        reward: ``(..., S, A)`` or ``(..., S, A, S)``.
        rng: the source of randomness; leading axes get draws of their own.
        shaping: size of the potential.
        redistribution: size of what is moved between successors.
        scale: positive.

    Returns:
        ``(..., S, A, S)``.
    """
    if not scale > 0:
        raise BadInput("scale", scale, "a positive number", "a negative one turns the reward around")
    table = np.asarray(reward, dtype=np.float64)
    if table.shape[-3:] != mdp.transition.shape:
        table = np.broadcast_to(table[..., None], (*table.shape, mdp.states))
    if table.shape[-3:] != mdp.transition.shape:
        raise BadInput(
            "reward", f"shape {np.shape(reward)}", f"(..., {mdp.states}, {mdp.actions}[, {mdp.states}])"
        )
    lead = table.shape[:-3]
    phi = np.where(mdp.ends, 0.0, shaping * rng.normal(size=(*lead, mdp.states)))
    moved: Any = redistribution * rng.normal(size=table.shape)
    moved = moved - (mdp.transition * moved).sum(-1, keepdims=True)
    return scale * table + moved + mdp.discount * phi[..., None, None, :] - phi[..., :, None, None]


def mixtures(first: Table, second: Table, weights: Table) -> Floats:
    """``(1 - w) first + w second`` for each weight w, on a new leading axis.

    Example:
        >>> mixtures(np.zeros((1, 2)), np.ones((1, 2)), [0.0, 0.5, 1.0])[:, 0, 0].tolist()
        [0.0, 0.5, 1.0]
    """
    one, two = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if one.shape != two.shape:
        raise BadInput("rewards", f"shapes {one.shape} and {two.shape}", "two of one shape")
    share = np.asarray(weights, dtype=np.float64).reshape(-1, *([1] * one.ndim))
    return (1 - share) * one + share * two


def random_reward(mdp: TabularMDP, rng: np.random.Generator, redistribution: bool = True) -> Floats:
    """A random reward ``(S, A, S)`` of many shapes and sizes, for comparing measures.

    Normal numbers; in 2 of 10 cases all but the five largest are 0; in 7 of 10 scaled by a factor up to 10;
    in 3 of 10 raised by up to 10; in half shaped, with a normal potential times up to 10.

    Args:
        mdp: the dynamics.
        rng: the source of randomness; the same numbers are drawn for either ``redistribution``.
        redistribution: False writes the same reward so that it depends on the next state by shaping only;
            every policy earns the same.

    Source: the random rewards of Skalse et al. (2024), as their released code draws them.
    Differs from the paper: sparse rewards keep the five largest numbers instead of those above 3, which may be
    none; potentials are 0 at terminal states, and have no offset.
    """
    table = rng.normal(size=mdp.transition.shape)
    sparse, scaled, raised, shaped = rng.random(4) < (0.2, 0.7, 0.3, 0.5)
    scale, offset, size = 10 * rng.random(3)
    if sparse:
        table = np.where(table >= np.sort(table, axis=None)[-5:].min(), table, 0.0)
    if not redistribution:
        mean = (mdp.transition * table).sum(-1, keepdims=True)
        table = np.broadcast_to(mean, table.shape)
    table = table * (scale if scaled else 1.0) + (offset if raised else 0.0)
    return equivalent_reward(mdp, table, rng, size if shaped else 0.0, 0.0)
