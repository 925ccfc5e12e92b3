"""A reward inside a Gymnasium environment: ``env = wrap(gymnasium.make(id), reward, fields=...)``."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, Literal

import numpy as np

from ..core.algebra import Reward, Scope, require_scope
from ..core.errors import BadInput, MissingExtra, RewardsmithError
from ..core.fields import NEXT, Field

try:
    import gymnasium
    from gymnasium.utils import RecordConstructorArgs
except ModuleNotFoundError as error:
    if error.name != "gymnasium":
        raise
    raise MissingExtra("gymnasium", "control", "rewards in Gymnasium environments") from error

Undecided = Literal["raise", "nan", "native"]
Reset = Literal["never", "episode"]
_ALWAYS = ("obs", "next_obs", "action", "terminated", "native_reward")


class NoVerdict(RewardsmithError, ArithmeticError):
    """The reward had no verdict (NaN) at a step, and the wrapper was told to raise."""


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


class RewardWrapper(gymnasium.Wrapper[Any, Any, Any, Any], RecordConstructorArgs):
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
        named = _named(fields)
        _check(env, reward, named, undecided, reset_state)
        RecordConstructorArgs.__init__(
            self, reward=reward, fields=named, undecided=undecided, reset_state=reset_state
        )
        gymnasium.Wrapper.__init__(self, env)
        self.reward, self.fields = reward, named
        self.undecided, self.reset_state = undecided, reset_state
        self._obs: np.ndarray[Any, Any] | None = None
        self._state: Any = None  # begun with the first batch, because init() may look at it

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, Any]:
        """Reset the environment, and the reward's state where ``reset_state="episode"``."""
        obs, info = self.env.reset(seed=seed, options=options)
        self._obs = _row(obs)
        if self.reset_state == "episode":
            self._state = None
        return obs, info

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """One step of the environment, paid by the reward."""
        if self._obs is None:
            raise gymnasium.error.ResetNeeded("call reset() before step()")
        obs, native, terminated, truncated, info = self.env.step(action)
        batch = self.batch(self._obs, _row(action), _row(obs), bool(terminated), float(native))
        if self._state is None:
            self._state = self.reward.init(batch)
        shares, self._state = self.reward.explain(batch, self._state)
        paid = self._decided(float(shares.total[0]), float(native))
        terms = {name: float(part[0]) for name, part in shares.parts.items()}
        self._obs = batch["next_obs"]
        return obs, paid, terminated, truncated, {**info, "reward_terms": terms, "native_reward": float(native)}

    def batch(self, obs: Any, action: Any, next_obs: Any, terminated: bool, native: float) -> dict[str, Any]:
        """One transition as the fields a reward reads, each with the leading shape (1,)."""
        batch = {
            "obs": obs,
            "action": action,
            "next_obs": next_obs,
            "terminated": np.array([terminated]),
            "native_reward": np.array([native]),
        }
        for field in self.fields:
            if field.kind == "action":
                batch[field.name] = field.of(action)
            else:
                batch[field.name] = field.of(obs)
                batch[NEXT + field.name] = field.of(next_obs)
        return batch

    def _decided(self, paid: float, native: float) -> float:
        if not math.isnan(paid) or self.undecided == "nan":
            return paid
        if self.undecided == "native":
            return native
        raise NoVerdict(
            f"{self.reward} has no verdict (NaN) at this step; allowed: a number, "
            "or undecided='native' or 'nan' in wrap()"
        )


def _row(value: Any) -> np.ndarray[Any, Any]:
    """Observation or action with the leading shape (1,): ``(1, D)``, or ``(1,)`` for choices.

    A copy in float64 (integers stay), because some environments write their next observation into the
    same array.
    """
    array = np.array(value)
    if array.dtype.kind == "f":
        array = array.astype(np.float64)
    return array.reshape(1, -1) if array.ndim else array.reshape(1)


def _named(fields: Any) -> tuple[Field, ...]:
    """Fields with a reader: of a sequence, or of anything that has ``fields`` (a task)."""
    named = tuple(getattr(fields, "fields", fields))
    for field in named:
        if not isinstance(field, Field):
            raise BadInput("fields of wrap", type(field).__name__, "Field(name, read=...), or a task")
        if field.read is None:
            raise BadInput(f"field {field.name}", "no 'read'", "a column or a function of obs (or of action)")
    return named


def _check(env: Any, reward: Reward, fields: tuple[Field, ...], undecided: str, reset_state: str) -> None:
    if not isinstance(reward, Reward):
        raise BadInput("reward of wrap", type(reward).__name__, "a rewardsmith reward")
    if undecided not in ("raise", "nan", "native"):
        raise BadInput(
            "undecided", repr(undecided), "'raise', 'nan' or 'native'", "a missing verdict is never 0"
        )
    if reset_state not in ("never", "episode"):
        raise BadInput("reset_state", repr(reset_state), "'never' or 'episode'")
    require_scope(reward, Scope.STEP, "a Gymnasium wrapper")
    for role in ("observation", "action"):
        space = getattr(env, f"{role}_space")
        if not isinstance(space, (gymnasium.spaces.Box, gymnasium.spaces.Discrete)):
            raise BadInput(f"{role}s of {env}", space, "Box or Discrete", "flatten them first")
    states = [field for field in fields if field.kind != "action"]
    known = {*_ALWAYS, *(field.name for field in fields), *(NEXT + field.name for field in states)}
    missing = sorted(reward.fields - known)
    if missing:
        why = f"{reward} reads it; give wrap() fields=... that define it"
        if missing[0] == "success":
            why = "success is what a task judges by; a wrapped environment does not have it"
        raise BadInput("fields of wrap", f"no field {missing[0]!r}", ", ".join(sorted(known)), why)
