"""Proofs of what a transform promises (``transform.laws``), or the counter-example."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from ..core import mdp as tables
from ..core.algebra import Scope, Transform
from .batches import sample_batch
from .conformance import law

DISCOUNT = 0.9  # of the MDPs; shaping is invariant only for the learner's own discount
TRIES = 60
TOLERANCE = 1e-7

Floats = np.ndarray[Any, Any]


def check_laws(transform: Transform, seed: int = 0) -> None:
    """Assert that ``transform.laws`` is true.

    Bounds, order and return are checked on random batches; policy invariance on random MDPs, exactly.  A
    transform that says it may change optimal policies must do so in at least one of them: an invariance that
    nobody claimed is a mistake too.

    Raises:
        AssertionError: with the law that is broken and the numbers that break it.
    """
    rng = np.random.default_rng(seed)
    for _ in range(TRIES):
        batch = sample_batch(transform.fields, rng)
        reward = rng.normal(scale=3.0, size=batch["terminated"].shape)
        after = transform.apply(reward, batch, transform.init(batch))[0]
        _check_values(transform, batch, reward, after)
    if transform.laws.policy_invariant is not None:
        lost = [policy_loss(transform, seed + i) for i in range(TRIES)]
        if transform.laws.policy_invariant:
            law(max(lost) <= TOLERANCE, "optimal policies of every MDP stay", max(lost), "0")
        else:
            law(max(lost) > TOLERANCE, f"{transform} says it may change optimal policies", "none changed", ">0")


def _check_values(transform: Transform, batch: Any, reward: Floats, after: Floats) -> None:
    low, high = transform.laws.bounds
    inside = (after >= low - 1e-12) & (after <= high + 1e-12) | np.isnan(after)
    law(bool(inside.all()), f"results of {transform} lie within its bounds", after[~inside][:3], (low, high))
    if transform.laws.conserves_return:
        sums = reward.sum(-1), after.sum(-1)
        law(np.allclose(*sums, equal_nan=True), f"{transform} keeps the sum of an episode", sums[1], sums[0])
    if transform.laws.order_preserving:
        for together in _together(transform, batch, reward.shape):
            before, later = reward[together], after[together]
            order = np.argsort(before, kind="stable")
            steps = np.diff(later[order])
            law(bool((steps[~np.isnan(steps)] >= -1e-9).all()), f"{transform} keeps the order", later, before)


def _together(transform: Transform, batch: Any, shape: tuple[int, ...]) -> list[Any]:
    """Index sets of rewards that the transform sees together."""
    if transform.scope is Scope.EPISODE:
        return [(row, slice(None)) for row in range(shape[0])]
    if transform.scope is Scope.GROUP and "group" in batch:
        return [batch["group"] == name for name in np.unique(batch["group"])]
    return [np.ones(shape, bool)]


def policy_loss(transform: Transform, seed: int, states: int = 6, discount: float = DISCOUNT) -> float:
    """What trusting the transformed reward can cost on a random MDP: 0 where optimal policies stay (exact).

    Some MDPs never end and some have a terminal state, where shaping has to take care.  Shaping has to be told
    the discount of the MDP.
    """
    rng = np.random.default_rng(seed)
    mdp = tables.random_mdp(rng, states=states, actions=3, discount=discount)
    if seed % 2:
        mdp = dataclasses.replace(mdp, terminal=np.arange(states) == states - 1)
    names = {name.removeprefix("next_") for name in transform.fields if name not in ("terminated", "action")}
    batch = mdp.batch({name: rng.normal(size=mdp.states) for name in sorted(names)})
    s, a, after = mdp.transitions()
    reward = mdp.expected_reward[s, a][:, None]
    changed = np.zeros(mdp.transition.shape)
    changed[s, a, after] = transform.apply(reward, batch, transform.init(batch))[0][:, 0]
    return tables.invariance_violation(mdp, changed)
