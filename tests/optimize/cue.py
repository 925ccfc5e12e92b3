"""A task of one step: say whether the cue is positive.  Two columns, and their product as a computed field."""

from __future__ import annotations

from dataclasses import dataclass, replace

from rewardsmith.core.arrays import xp
from rewardsmith.core.fields import Field
from rewardsmith.core.term import term
from rewardsmith.tasks import Discrete, Success, Task
from rewardsmith.tasks.envs.protocol import uniform

TWO = Discrete(2)


@dataclass(frozen=True)
class Cue:
    """State: cue and noise, both in [-1, 1].  ``shows`` says what of it is the observation."""

    shows: str = "cue noise"
    actions: Discrete = TWO
    gym_id: str | None = None
    frame = (-1.0, 1.0, -1.0, 1.0)

    @property
    def observation_size(self):
        return 2 if " " in self.shows else 1

    def reset(self, key, shape):
        return uniform(key, shape, (-1.0, -1.0), (1.0, 1.0))

    def step(self, state, action):
        return state

    def observe(self, state):
        cue, noise = state[..., 0], state[..., 1]
        columns = {"cue": cue, "noise": noise, "nothing": 0.0 * noise, "product": cue * noise}
        return xp(state).stack([columns[name] for name in self.shows.split()], axis=-1)

    def terminated(self, state):
        return xp(state).zeros_like(state[..., 0], dtype=bool)

    def sketch(self, obs):
        return []


def product(obs):
    return obs[..., 0] * obs[..., 1]


def both(obs):
    return xp(obs).stack([obs[..., 0] * obs[..., 1], obs[..., 1]], axis=-1)


@term
def right(cue, action):
    return xp(cue).where((cue > 0.0) == (action == 1), 1.0, 0.0)


@term
def like(product, action):
    return xp(product).where((product > 0.0) == (action == 1), 1.0, 0.0)


CUE = Field("cue", read=0, low=-1.0, high=1.0, meaning="what is asked for")
NOISE = Field("noise", read=1, low=-1.0, high=1.0, meaning="says nothing")
PRODUCT = Field("product", read=product, low=-1.0, high=1.0, meaning="cue times noise")
BOTH = Field("both", read=both, width=2, meaning="product and noise")

TASK = Task(
    name="cue",
    text="Say whether the cue is positive.",
    env=Cue(),
    fields=(CUE, NOISE, PRODUCT, BOTH),
    horizon=1,
    success=Success(right, meaning="the sign of the cue"),
    naive=right,
)
# The same worlds, written by hand so that there is nothing else to see.
ONLY_CUE = replace(TASK, env=Cue("cue"), fields=(CUE,))
CUE_AND_ZERO = replace(TASK, env=Cue("cue nothing"))
SIGN = replace(TASK, success=Success(like, meaning="the sign of the product"), naive=like)
ONLY_PRODUCT = replace(SIGN, env=Cue("product"), fields=(replace(PRODUCT, read=0),))

task = TASK
