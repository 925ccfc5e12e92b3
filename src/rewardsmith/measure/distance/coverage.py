"""Coverage: the transitions on which rewards are compared, recorded once for all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...core.algebra import Reward, Scope, require_scope
from ...core.draws import keyed_normal
from ...core.errors import BadInput, MissingField
from ...tasks import Box, Task
from ...tasks.record import Actor, record_episodes

Numbers = np.ndarray[Any, Any]
STEPS = 32_000
MOST_EPISODES = 1024
# Episodes that are played before their usual length is known.
_FIRST = 64


@dataclass(frozen=True)
class RandomPolicies:
    """As many policies as there are rows of observations: each a random linear rule with some noise.

    They go where held actions do not: they lean, spin and settle, each in its own way.  The noise belongs to
    the observation, so the same observation is answered alike.

    Args:
        task: what is played.
        seed: of the rules.
        noise: standard deviation of what is added to the standardised rule.
    """

    task: Task
    seed: int
    noise: float = 0.5

    def act(self, obs: Numbers) -> Numbers:
        """Actions for observations ``(N, O)``, row i by policy i."""
        obs = np.asarray(obs, np.float64)
        space, rng = self.task.actions, np.random.default_rng([self.seed, 0x9D])
        width = len(space.low) if isinstance(space, Box) else space.n
        rule = rng.normal(size=(len(obs), obs.shape[1], width))  # row i is the same for any number of rows
        # Columns have different units, and none may decide alone.
        score = np.einsum("no,now->nw", np.tanh(obs), rule)
        place = obs @ np.random.default_rng([self.seed, 0x9E]).normal(size=obs.shape[1])
        score = score + self.noise * keyed_normal(self.seed, place[:, None], np.arange(width)[None])
        if isinstance(space, Box):
            low, high = np.asarray(space.low), np.asarray(space.high)
            return low + (np.tanh(score) + 1.0) / 2.0 * (high - low)
        return score.argmax(-1)


@dataclass(frozen=True, eq=False)
class Coverage:
    """Whole episodes of a task, and the same steps side by side.

    Args:
        task: what was played.
        episodes: batches of the leading shape ``(1, L)``, as ``record_episodes`` gives them.
        played: by whom, for people.
    """

    task: Task
    episodes: tuple[dict[str, Numbers], ...]
    played: str

    @property
    def steps(self) -> int:
        """How many transitions."""
        return sum(one["terminated"].size for one in self.episodes)

    @property
    def owner(self) -> Numbers:
        """For each transition the number of its episode, ``(N,)``."""
        return np.repeat(np.arange(len(self.episodes)), [one["terminated"].size for one in self.episodes])

    def flat(self) -> dict[str, Numbers]:
        """Every transition as an episode of one step: fields ``(N, 1, ...)``, with ``success``."""
        names = ("obs", "action", "next_obs", "terminated", "native_reward", "native_success")
        arrays = {
            name: np.concatenate([one[name][0] for one in self.episodes])[:, None]
            for name in names
            if name in self.episodes[0]
        }
        return self.task.with_success(self.task.batch(**arrays))


def record_coverage(task: Task, seed: int = 0, steps: int = STEPS, policies: Sequence[Actor] = ()) -> Coverage:
    """Episodes of random held actions, of random linear policies, and of the given policies, in equal parts.

    Distances are means over these transitions: where nobody went, nothing is compared.

    Args:
        steps: about how many transitions; long episodes are never cut, so it may be more.
        policies: who else plays, for instance policies trained on the rewards.

    Raises:
        BadInput: for a budget of nothing.
    """
    if isinstance(steps, bool) or steps < 1:
        raise BadInput("steps of coverage", steps, "a whole number, at least 1")
    players: list[Actor | None] = [None, RandomPolicies(task, seed), *policies]
    names = ["random held actions", "random linear policies"]
    names += [f"{len(policies)} given policies"] if policies else []
    found: list[dict[str, Numbers]] = []
    for number, player in enumerate(players):
        found += _enough(task, 1000 * seed + 2 * number, steps / len(players), player)
    return Coverage(task, tuple(found), ", ".join(names))


def _enough(task: Task, seed: int, steps: float, player: Actor | None) -> list[dict[str, Numbers]]:
    """Episodes of one player: a few to learn how long they are, then the rest."""
    first = min(_FIRST, max(8, round(steps / task.horizon)))
    found = list(record_episodes(task, seed, first, player))
    so_far = sum(one["terminated"].size for one in found)
    missing = round((steps - so_far) / (so_far / len(found)))
    if missing > 0:
        found += record_episodes(task, seed + 1, min(missing, MOST_EPISODES), player)
    return found


def evaluate_rewards(rewards: Sequence[Reward], batch: dict[str, Numbers], where: str) -> Numbers:
    """What each reward pays at transitions that are judged alone, ``(..., R)`` for fields ``(..., 1)``.

    Raises:
        ScopeError: a reward must see whole episodes; returns, ranks and regret can be compared all the same.
        MissingField: a field that the task does not have.
        BadInput: a reward without a verdict (NaN) somewhere.
    """
    columns: list[Numbers] = []
    for reward in rewards:
        require_scope(reward, Scope.STEP, where)
        paid = np.asarray(reward(batch), np.float64)[..., 0]
        if np.isnan(paid).any():
            share = float(np.isnan(paid).mean())
            raise BadInput(
                "reward",
                f"{reward} with NaN at {share:.1%} of the transitions",
                "a verdict at every transition",
                "a distance is a mean over all of them",
            )
        columns.append(paid)
    return np.stack(columns, axis=-1)


def check_fields(reward: Reward, task: Task) -> None:
    """Refuse a reward that reads what the task does not have, before anything is recorded.

    Raises:
        MissingField: naming the field.
    """
    known = {field.name for field in task.table()} | {"success"}
    known |= set() if task.is_array else {"native_reward"}
    for name in sorted(reward.fields - known):
        raise MissingField(name, str(reward), ", ".join(sorted(known)))
