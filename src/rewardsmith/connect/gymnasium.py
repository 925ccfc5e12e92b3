"""A reward inside a Gymnasium environment: ``env = wrap(gymnasium.make(id), reward, fields=...)``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ..core.algebra import Reward
from ..core.errors import BadInput
from ..core.fields import Field
from .transition import NoVerdict as NoVerdict
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


def wrap(
    env: gymnasium.Env[Any, Any],
    reward: Reward,
    fields: Iterable[Field] | Any = (),
    *,
    undecided: Undecided = "raise",
    reset_state: Reset = "never",
) -> RewardWrapper:
    """Replace the reward of an environment.

    Every step puts the contribution of each part in ``info["reward_terms"]`` (they sum to the reward)
    and the environment's own reward in ``info["native_reward"]``.

    Args:
        env: any environment whose observations and actions are arrays or choices.
        reward: reads ``obs``, ``next_obs``, ``action``, ``terminated``, ``native_reward``, the named fields
            and the twins of the state fields.
        fields: how named fields are read from ``obs`` and ``action``; a task will do.
        undecided: what a step without verdict (NaN) gives: an error, NaN, or the native reward.
        reset_state: when the state of a reward such as ``Normalize`` starts anew: ``never`` (statistics
            go on over episodes), or at every ``episode``.

    Raises:
        ScopeError: the reward must see more than one step at a time.
        BadInput: it reads a field that is not available here, or the spaces are neither arrays nor choices.

    Example:
        >>> import gymnasium, rewardsmith as rs                                      # doctest: +SKIP
        >>> env = wrap(gymnasium.make("CartPole-v1"), reward, fields=[rs.Field("angle", read=2)])
        ...                                                                          # doctest: +SKIP
    """
    return RewardWrapper(env, reward, fields, undecided=undecided, reset_state=reset_state)


def observe(
    env: gymnasium.Env[Any, Any], fields: Iterable[Field] | Any, names: Iterable[str]
) -> ObserveWrapper:
    """Show the agent some fields, one after another, instead of the observation.

    Put it around ``wrap``, so that the reward reads what it did.

    Args:
        env: any environment whose observations are arrays or choices.
        fields: how named fields are read from ``obs``; a task will do.
        names: of state fields, in the order in which the agent sees them.

    Raises:
        BadInput: no name, a doubled one, or one that is no state field.

    Example:
        >>> import gymnasium, rewardsmith as rs                                      # doctest: +SKIP
        >>> observe(gymnasium.make("CartPole-v1"), rs.tasks.load("cartpole"), ["angle"]).reset()[0]
        ...                                                                          # doctest: +SKIP
        array([0.0273956], dtype=float32)
    """
    return ObserveWrapper(env, fields, names)


class ObserveWrapper(gymnasium.ObservationWrapper[Any, Any, Any], gymnasium.utils.RecordConstructorArgs):
    """What ``observe`` returns; arguments and errors are described there."""

    def __init__(
        self, env: gymnasium.Env[Any, Any], fields: Iterable[Field] | Any, names: Iterable[str]
    ) -> None:
        known = {f.name: f for f in named_fields(fields, "observe") if f.kind == "state"}
        chosen = tuple(names)
        wrong = [name for name in chosen if name not in known]
        if wrong or not chosen or len(set(chosen)) < len(chosen):
            raise BadInput("fields to observe", ", ".join(wrong or chosen) or "none", ", ".join(known))
        gymnasium.utils.RecordConstructorArgs.__init__(self, fields=tuple(known.values()), names=chosen)
        gymnasium.ObservationWrapper.__init__(self, env)
        self.shown = tuple(known[name] for name in chosen)
        low, high = (
            np.concatenate([np.full(max(1, f.width), getattr(f, side), np.float32) for f in self.shown])
            for side in ("low", "high")
        )
        self.observation_space = gymnasium.spaces.Box(low, high, dtype=np.float32)

    def observation(self, observation: Any) -> Any:
        """The fields of one observation, ``(columns,)``."""
        obs = rows([observation])
        return np.concatenate([np.ravel(field.of(obs)) for field in self.shown]).astype(np.float32)


class RewardWrapper(gymnasium.Wrapper[Any, Any, Any, Any], gymnasium.utils.RecordConstructorArgs):
    """What ``wrap`` returns; arguments and errors are described there."""

    def __init__(
        self,
        env: gymnasium.Env[Any, Any],
        reward: Reward,
        fields: Iterable[Field] | Any = (),
        *,
        undecided: Undecided = "raise",
        reset_state: Reset = "never",
    ) -> None:
        named = named_fields(fields, "wrap")
        if isinstance(env, gymnasium.vector.VectorEnv):
            raise BadInput(
                "env of wrap", env, "one environment", "for vector environments there is wrap_vector"
            )
        check_wiring(env, (env.observation_space, env.action_space), reward, named)
        check_choices(undecided, reset_state)
        gymnasium.utils.RecordConstructorArgs.__init__(
            self, reward=reward, fields=named, undecided=undecided, reset_state=reset_state
        )
        gymnasium.Wrapper.__init__(self, env)
        self.reward, self.fields = reward, named
        self.undecided: Undecided = undecided
        self.reset_state: Reset = reset_state
        self._obs: Rows | None = None
        self._state: Any = None  # begun with the first batch, because init() may look at it

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, Any]:
        """Reset the environment, and the reward's state where ``reset_state="episode"``."""
        obs, info = self.env.reset(seed=seed, options=options)
        self._obs = rows([obs])
        if self.reset_state == "episode":
            self._state = None
        return obs, info

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """One step of the environment, paid by the reward."""
        if self._obs is None:
            raise gymnasium.error.ResetNeeded("call reset() before step()")
        obs, native, terminated, truncated, info = self.env.step(action)
        ended, given = np.array([bool(terminated)]), np.array([float(native)])
        batch = transition(self.fields, self._obs, rows([action]), rows([obs]), ended, given)
        if self._state is None:
            self._state = self.reward.init(batch)
        shares, self._state = self.reward.explain(batch, self._state)
        paid = float(decided(shares.total, given, self.undecided, self.reward)[0])
        terms = {name: float(part[0]) for name, part in shares.parts.items()}
        self._obs = batch["next_obs"]
        return obs, paid, terminated, truncated, {**info, "reward_terms": terms, "native_reward": float(native)}
