"""Sampled EPIC, DARD and SRRD against exact forms, on a ring whose states can be counted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import rewardsmith as rs
from rewardsmith import tasks
from rewardsmith.core.arrays import Array
from rewardsmith.core.fields import Field
from rewardsmith.core.mdp import TabularMDP
from rewardsmith.measure.distance import Coverage, canonical_form, record_coverage, sampled_distance
from rewardsmith.measure.distance.offpolicy import play_states
from rewardsmith.tasks.record import record_episodes

PLACES, MOVES = 7, (-1, 0, 1, 2)
CHOICES = tasks.Discrete(len(MOVES))


@dataclass(frozen=True)
class Ring:
    """States 0 to 6 in a circle, seen as one-hot vectors; four moves; never ends."""

    actions: Any = CHOICES
    observation_size: int = PLACES
    gym_id: str | None = None
    frame: Any = (0.0, 1.0, 0.0, 1.0)

    def reset(self, key: Any, shape: tuple[int, ...]) -> Array:
        if isinstance(key, np.random.Generator):
            return key.integers(0, PLACES, (*shape, 1)).astype(float)
        import jax

        return jax.random.randint(key, (*shape, 1), 0, PLACES).astype(float)

    def step(self, state: Array, action: Array) -> Array:
        return (state + np.asarray(MOVES)[np.asarray(action, int)][..., None]) % PLACES

    def observe(self, state: Array) -> Array:
        return np.eye(PLACES)[np.asarray(state[..., 0], int)]

    def terminated(self, state: Array) -> Array:
        return np.zeros(state.shape[:-1], bool)

    def sketch(self, obs: Array) -> list[Any]:
        return []


def place(obs: Array) -> Array:
    return np.asarray(obs).argmax(-1).astype(float)


TABLES = np.random.default_rng(5).normal(size=(3, PLACES, len(MOVES), PLACES))


def _pays(number: int, place: Array, action: Array, next_place: Array) -> Array:
    return TABLES[number][tuple(np.asarray(each, int) for each in (place, action, next_place))]


@rs.term
def first(place: Array, action: Array, next_place: Array) -> Array:
    return _pays(0, place, action, next_place)


@rs.term
def second(place: Array, action: Array, next_place: Array) -> Array:
    return _pays(0, place, action, next_place) + 0.7 * _pays(1, place, action, next_place)


@rs.term
def third(place: Array, action: Array, next_place: Array) -> Array:
    return _pays(2, place, action, next_place)


@rs.term
def hill(place: Array) -> Array:
    return 3.0 * np.cos(place)


@rs.term
def never(place: Array) -> Array:
    return 0.0 * place


RING = tasks.Task(
    name="ring",
    text="Go round.",
    env=Ring(),
    fields=(Field("place", low=0, high=PLACES - 1, read=place),),
    horizon=60,
    success=tasks.Success(never),
    discount=0.9,
)


def exact() -> np.ndarray:
    """Canonical forms ``(kind, reward, S, A, S)``."""
    transition = np.zeros((PLACES, len(MOVES), PLACES))
    for a, move in enumerate(MOVES):
        transition[np.arange(PLACES), a, (np.arange(PLACES) + move) % PLACES] = 1.0
    mdp = TabularMDP(transition, TABLES[0], RING.discount, np.full(PLACES, 1 / PLACES))
    tables = np.stack([TABLES[0], TABLES[0] + 0.7 * TABLES[1], TABLES[2]])
    return np.stack([canonical_form(mdp, tables, kind) for kind in ("epic", "dard", "srrd")])


@pytest.mark.parametrize(("number", "kind"), list(enumerate(("epic", "dard", "srrd"))))
def test_it_estimates_pearsons_distance_of_the_exact_forms(number: int, kind: str) -> None:
    played = Coverage(RING, record_episodes(RING, 0, 200), "held actions")
    found = sampled_distance([1.0 * first, 1.0 * second, 1.0 * third], played, kind, resamples=50, potentials=2)
    if kind == "epic":
        batch = played.flat()
        s, a, z = (np.asarray(batch[name][:, 0], int) for name in ("place", "action", "next_place"))
    else:
        here, action, there, _ = play_states(RING, np.random.default_rng(0))
        s, a, z = here[:, 0].astype(int), action.astype(int), there[:, 0].astype(int)
    forms = exact()[number][:, s, a, z]
    truth = np.sqrt((1 - np.corrcoef(forms)) / 2)
    pairs = np.triu_indices(3, 1)
    assert found.mean[pairs] == pytest.approx(truth[pairs], abs=0.05)
    assert (found.low[pairs] <= found.mean[pairs]).all()
    assert (found.mean[pairs] <= found.high[pairs]).all()


@pytest.mark.parametrize("kind", ["epic", "dard", "srrd"])
def test_shaping_and_scale_cancel_draw_by_draw(kind: str) -> None:
    played = Coverage(RING, record_episodes(RING, 0, 30), "held actions")
    shaped = 2.0 * first + 5.0 | rs.Potential(hill, discount=RING.discount)
    found = sampled_distance([1.0 * first, shaped], played, kind, resamples=10, potentials=4)
    assert found.mean[0, 1] < 1e-6
    assert (found.floor < 1e-6).all()


def test_where_they_are_not_defined() -> None:
    reacher = record_coverage(tasks.load("Reacher-v5"), 0, 1000)
    pair = [1.0 * rs.success, reacher.task.native]
    epic = sampled_distance(pair, reacher, "epic")
    assert np.isnan(epic.mean).all()
    assert "simulator's own reward" in epic.why
    dard = sampled_distance([1.0 * rs.success, reacher.task.naive], reacher, "dard")
    assert np.isnan(dard.mean).all()
    assert "cannot be put into" in dard.why
