"""What the wrappers of one and of many Gymnasium environments share: transitions as fields, and checks."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal, TypeAlias

import numpy as np

from ..core.algebra import Reward, Scope, require_scope
from ..core.errors import BadInput, MissingExtra
from ..core.fields import NEXT, Field
from .single import NoVerdict as NoVerdict

try:
    import gymnasium
except ModuleNotFoundError as error:
    if error.name != "gymnasium":
        raise
    raise MissingExtra("gymnasium", "control", "rewards in Gymnasium environments") from error

Rows: TypeAlias = np.ndarray[Any, Any]
Undecided = Literal["raise", "nan", "native"]
Reset = Literal["never", "episode"]
_ALWAYS = ("obs", "next_obs", "action", "terminated", "native_reward")


def transition(
    fields: Iterable[Field], obs: Rows, action: Rows, next_obs: Rows, terminated: Rows, native: Rows
) -> dict[str, Rows]:
    """One transition in each of N environments as the fields a reward reads, leading shape (N,)."""
    batch = {
        "obs": obs,
        "action": action,
        "next_obs": next_obs,
        "terminated": terminated,
        "native_reward": native,
    }
    for field in fields:
        if field.kind == "action":
            batch[field.name] = field.of(action)
        else:
            batch[field.name] = field.of(obs)
            batch[NEXT + field.name] = field.of(next_obs)
    return batch


def decided(paid: Any, native: Rows, undecided: Undecided, reward: Reward) -> Rows:
    """What is paid where the reward has no verdict.

    Raises:
        NoVerdict: there is none somewhere, and ``undecided`` is "raise".
    """
    paid = np.asarray(paid, np.float64)
    missing = np.isnan(paid)
    if undecided == "nan" or not missing.any():
        return paid
    if undecided == "native":
        return np.where(missing, native, paid)
    where = "" if paid.size == 1 else f" in {int(missing.sum())} of {paid.size} environments"
    raise NoVerdict(
        f"{reward} has no verdict (NaN) at this step{where}; allowed: a number, "
        "or undecided='native' or 'nan' where it is wrapped"
    )


def rows(values: Any) -> Rows:
    """Observations or actions of N environments: ``(N, D)``, or ``(N,)`` for choices.

    A copy in float64 (integers stay), because some environments write their next observation into the
    same array.
    """
    array = np.array(values)
    if array.dtype.kind == "f":
        array = array.astype(np.float64)
    return array if array.ndim == 1 else array.reshape(len(array), -1)


def named_fields(fields: Any, where: str) -> tuple[Field, ...]:
    """Fields with a reader: of a sequence, or of anything that has ``fields`` (a task)."""
    named = tuple(getattr(fields, "fields", fields))
    for field in named:
        if not isinstance(field, Field):
            raise BadInput(f"fields of {where}", type(field).__name__, "Field(name, read=...), or a task")
        if field.read is None:
            raise BadInput(f"field {field.name}", "no 'read'", "a column or a function of obs (or of action)")
    return named


def check_choices(undecided: str, reset_state: str) -> None:
    """Refuse words that are not one of the choices."""
    if undecided not in ("raise", "nan", "native"):
        raise BadInput(
            "undecided", repr(undecided), "'raise', 'nan' or 'native'", "a missing verdict is never 0"
        )
    if reset_state not in ("never", "episode"):
        raise BadInput("reset_state", repr(reset_state), "'never' or 'episode'")


def check_wiring(env: Any, spaces: tuple[Any, Any], reward: Any, fields: tuple[Field, ...]) -> None:
    """Refuse a reward that cannot be paid here; ``spaces`` are those of one environment.

    Raises:
        ScopeError: it must see more than one step.
        BadInput: it is no reward, or reads what is not there; or the spaces are neither arrays nor choices.
    """
    if not isinstance(reward, Reward):
        raise BadInput("reward of an environment", type(reward).__name__, "a rewardsmith reward")
    require_scope(reward, Scope.STEP, "a Gymnasium wrapper")
    for role, space in zip(("observation", "action"), spaces, strict=True):
        if not isinstance(space, (gymnasium.spaces.Box, gymnasium.spaces.Discrete)):
            raise BadInput(f"{role}s of {env}", space, "Box or Discrete", "flatten them first")
    states = [field for field in fields if field.kind != "action"]
    known = {*_ALWAYS, *(field.name for field in fields), *(NEXT + field.name for field in states)}
    missing = sorted(reward.fields - known)
    if missing:
        why = f"{reward} reads it; give fields=... that define it"
        if missing[0] == "success":
            why = "success is what a task judges by; a wrapped environment does not have it"
        raise BadInput(
            "fields of a wrapped environment", f"no field {missing[0]!r}", ", ".join(sorted(known)), why
        )
