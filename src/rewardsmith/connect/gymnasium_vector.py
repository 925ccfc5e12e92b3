"""A reward in a Gymnasium vector environment: ``wrap_vector(gymnasium.make_vec(id, 64), reward, fields)``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

import numpy as np

from ..core.algebra import Reward, holds
from ..core.errors import BadInput
from ..core.fields import Field
from .transition import (
    Reset,
    Rows,
    Undecided,
    check_choices,
    check_wiring,
    decided,
    gymnasium,
    named_fields,
    rows,
    transition,
)

State = Literal["each", "shared"]
_SAME_STEP, _NEXT_STEP = "SameStep", "NextStep"
_MODES = (_NEXT_STEP, _SAME_STEP, "Disabled")


def wrap_vector(
    env: gymnasium.vector.VectorEnv[Any, Any, Any],
    reward: Reward,
    fields: Iterable[Field] | Any = (),
    *,
    undecided: Undecided = "raise",
    state: State = "each",
    reset_state: Reset = "never",
) -> VectorRewardWrapper:
    """Replace the reward of a vector environment, with one evaluation for all N copies of a step.

    Pays what N environments that are wrapped one by one would be paid.  Where an episode ends, the reward
    sees its true last observation in each of Gymnasium's autoreset modes.  ``info["reward_terms"]`` holds
    one array ``(N,)`` for every part, ``info["native_reward"]`` the environment's own rewards, and, as
    everywhere in Gymnasium, ``info["_reward_terms"]`` says where they hold: with autoreset "NextStep" a copy
    whose episode has ended spends one step on its reset, in which nothing happened and 0 is paid.

    Args:
        env: any vector environment whose observations and actions are arrays or choices.
        reward, fields, undecided: as for ``wrap``.
        state: whether each copy keeps a state of its own, which costs one evaluation for each copy where the
            reward has a state at all; or all copies feed a shared one (running statistics of all rewards).
        reset_state: when a state starts anew: ``never``, or at every ``episode`` of its copy.

    Raises:
        ScopeError: the reward must see more than one step at a time.
        BadInput: it reads a field that is not available here, the spaces are neither arrays nor choices, the
            autoreset mode is not known, or a shared state is to start anew at every episode.

    Example:
        >>> envs = wrap_vector(gymnasium.make_vec("CartPole-v1", 64), reward, fields)   # doctest: +SKIP
    """
    return VectorRewardWrapper(env, reward, fields, undecided=undecided, state=state, reset_state=reset_state)


class VectorRewardWrapper(gymnasium.vector.VectorWrapper[Any, Any, Any, Any, Any]):
    """What ``wrap_vector`` returns; arguments and errors are described there."""

    def __init__(
        self,
        env: gymnasium.vector.VectorEnv[Any, Any, Any],
        reward: Reward,
        fields: Iterable[Field] | Any = (),
        *,
        undecided: Undecided = "raise",
        state: State = "each",
        reset_state: Reset = "never",
    ) -> None:
        if not isinstance(env, gymnasium.vector.VectorEnv):
            raise BadInput("env of wrap_vector", env, "a vector environment", "wrap is for one environment")
        named = named_fields(fields, "wrap_vector")
        check_wiring(env, (env.single_observation_space, env.single_action_space), reward, named)
        check_choices(undecided, reset_state)
        if state not in ("each", "shared"):
            raise BadInput("state", repr(state), "'each' or 'shared'")
        if state == "shared" and reset_state == "episode":
            raise BadInput(
                "reset_state", "'episode' with state='shared'", "'never'", "episodes end at different times"
            )
        super().__init__(env)
        self.reward, self.fields = reward, named
        self.undecided: Undecided = undecided
        self.state: State = state
        self.reset_state: Reset = reset_state
        self._mode = _autoreset_mode(env)
        self._obs: Rows | None = None
        self._ended = np.zeros(env.num_envs, bool)  # copies that the next step resets
        self._states: list[Any] = [None] * (1 if state == "shared" else env.num_envs)
        self._keeps_state: bool | None = None  # known after the first step, because init() may look at it

    def reset(self, *, seed: Any = None, options: dict[str, Any] | None = None) -> tuple[Any, Any]:
        """Reset all copies, or those that ``options["reset_mask"]`` says."""
        chosen = (options or {}).get("reset_mask")
        fresh = np.ones(self.num_envs, bool) if chosen is None else np.array(chosen, bool)
        obs, info = self.env.reset(seed=seed, options=options)
        self._obs = rows(obs)
        self._ended = self._ended & ~fresh
        self._begin(fresh)
        return obs, info

    def step(self, actions: Any) -> tuple[Any, Rows, Any, Any, dict[str, Any]]:
        """One step of every copy, paid by the reward."""
        if self._obs is None:
            raise gymnasium.error.ResetNeeded("call reset() before step()")
        before, acted = self._obs, rows(actions)
        obs, native, terminated, truncated, info = self.env.step(actions)
        self._obs = rows(obs)
        ended = np.array(terminated, bool) | np.array(truncated, bool)
        happened = ~self._ended if self._mode == _NEXT_STEP else np.ones(self.num_envs, bool)
        after = _with_final(self._obs, ended, info) if self._mode == _SAME_STEP else self._obs
        given = np.array(native, np.float64)
        batch = transition(self.fields, before, acted, after, np.array(terminated, bool), given)
        total, terms = self._evaluate(batch, np.flatnonzero(happened))
        paid = np.zeros(self.num_envs)
        paid[happened] = decided(total[happened], given[happened], self.undecided, self.reward)
        self._ended = ended
        self._begin(ended)
        info = {**info, "reward_terms": terms, "_reward_terms": happened}
        info |= {"native_reward": given, "_native_reward": happened}
        return obs, paid, terminated, truncated, info

    def _evaluate(self, batch: dict[str, Rows], happened: Rows) -> tuple[Rows, dict[str, Rows]]:
        """Total and parts ``(N,)`` of the copies in which something happened; 0 elsewhere."""
        total, terms = np.zeros(self.num_envs), {}
        for place, copies in self._groups(batch, happened):
            some = {name: values[copies] for name, values in batch.items()}
            own = self._states[place]
            if own is None:
                own = self.reward.init(some)
            shares, self._states[place] = self.reward.explain(some, own)
            total[copies] = shares.total
            for name, part in shares.parts.items():
                terms.setdefault(name, np.zeros(self.num_envs))[copies] = part
        return total, terms

    def _groups(self, batch: dict[str, Rows], happened: Rows) -> list[tuple[int, Rows]]:
        """Which copies are evaluated together, and with which state."""
        if not len(happened):
            return []
        if self._keeps_state is None:
            first = {name: values[happened[:1]] for name, values in batch.items()}
            begun = self.reward.init(first)
            self._keeps_state = holds(begun) or holds(self.reward.explain(first, begun)[1])
        if self.state == "shared" or not self._keeps_state:
            return [(0, happened)]
        return [(int(copy), happened[i : i + 1]) for i, copy in enumerate(happened)]

    def _begin(self, fresh: Rows) -> None:
        """New episodes in some copies."""
        if self.reset_state == "episode":
            self._states = [None if new else own for own, new in zip(self._states, fresh, strict=True)]


def _autoreset_mode(env: Any) -> str:
    mode = env.metadata.get("autoreset_mode")
    name = str(getattr(mode, "value", mode))
    if name not in _MODES:
        raise BadInput(
            f"autoreset mode of {env}",
            "none" if mode is None else mode,
            "metadata['autoreset_mode'] of gymnasium.vector.AutoresetMode",
            "it decides which observation ends an episode",
        )
    return name


def _with_final(obs: Rows, ended: Rows, info: dict[str, Any]) -> Rows:
    """The true successors: where an episode ended, ``obs`` holds the first observation of the next one."""
    after = obs.copy()
    for copy in np.flatnonzero(ended):
        after[copy] = rows([info["final_obs"][copy]])[0]
    return after
