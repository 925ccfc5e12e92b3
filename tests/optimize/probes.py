"""Probe environments: one or two steps long, with a value function and a policy known in advance.

Each isolates one ability: a wrong value of ``CONSTANT`` is a broken value loss, a wrong one of
``DISCOUNTED`` only, a broken bootstrap, and so on.  The agent is paid by the reward terms below.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from rewardsmith.core.arrays import xp
from rewardsmith.core.fields import Field
from rewardsmith.core.term import term
from rewardsmith.tasks import Box, Discrete, Success, Task

NUMBERS = Box((-1.0,), (1.0,))
CHOICES = Discrete(2)
BEST = 0.4  # the action (times the observation) that pays most where actions are numbers


@dataclass(frozen=True)
class Probe:
    """State and observation: a mark of -1 or 1 (random or always 1) and the number of steps made."""

    actions: Any = CHOICES
    length: int = 1
    random_mark: bool = False
    ends: bool = True
    observation_size: int = 2
    gym_id: str | None = None
    frame: Any = None

    def reset(self, key: Any, shape: tuple[int, ...]) -> Any:
        mark = (
            jnp.where(jax.random.bernoulli(key, 0.5, shape), 1.0, -1.0) if self.random_mark else jnp.ones(shape)
        )
        return jnp.stack([mark, jnp.zeros(shape)], axis=-1)

    def step(self, state: Any, action: Any) -> Any:
        del action
        return state + xp(state).asarray([0.0, 1.0], dtype=state.dtype)

    def observe(self, state: Any) -> Any:
        return state

    def terminated(self, state: Any) -> Any:
        return (state[..., 1] >= self.length) & self.ends

    def sketch(self, obs: Any) -> list[Any]:
        del obs
        return []


@dataclass(frozen=True)
class Blind(Probe):
    """The mark alone is seen, so time does not show."""

    observation_size: int = 1

    def observe(self, state: Any) -> Any:
        return state[..., :1]


@term
def one(mark):
    return mark * 0.0 + 1.0


@term
def mark_seen(mark):
    return mark


@term
def at_the_end(next_count):
    return xp(next_count).where(next_count >= 2, 1.0, 0.0)


def _aim(action: Any, target: Any) -> Any:
    if np.ndim(action) > np.ndim(target):
        return 1.0 - 4.0 * (action[..., 0] - BEST * target) ** 2
    lib = xp(target)
    return lib.where((action == 1) == (target > 0), 1.0, -1.0)


@term
def right_action(action, mark):
    return _aim(action, mark * 0.0 + 1.0)


@term
def right_answer(action, mark):
    return _aim(action, mark)


@term
def passed(terminated):
    return terminated * 1.0


def probe(horizon: int = 10, discount: float = 0.5, blind: bool = False, **settings: Any) -> Task:
    """A task around a probe environment."""
    fields = (Field("mark", read=0, low=-1, high=1), Field("count", read=1, low=0, high=2))
    return Task(
        name="probe",
        text="Do what pays.",
        env=(Blind if blind else Probe)(**settings),
        fields=fields[:1] if blind else fields,
        horizon=horizon,
        success=Success(passed, "reached the end", reduce="any"),
        native=one,
        discount=discount,
    )
