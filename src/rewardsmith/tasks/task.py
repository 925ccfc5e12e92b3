"""Task: what is to be achieved, in which environment, and what a reward may read there."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from ..core.algebra import Reward
from ..core.arrays import Array, Batch, xp
from ..core.errors import BadInput
from ..core.fields import NEXT, Field, with_twins
from ..core.term import term
from .envs.film import FRAMES, WIDTH, Act, film, sketched
from .envs.gym import Engine, GymEnv
from .envs.protocol import ArrayEnv, Frame, Shape
from .spaces import Actions
from .success import Success

RESERVED = (
    "obs",
    "next_obs",
    "action",
    "terminated",
    "truncated",
    "success",
    "native_reward",
    "native_success",
    "reward",
)


@dataclass(frozen=True)
class Task:
    """An environment with named fields, a text and a definition of success.

    Args:
        name: how commands and reports call it.
        text: what is to be achieved, in a sentence or two; language models read it.
        env: array dynamics (``ArrayEnv``) or a simulator (``GymEnv``).
        fields: named views, each with ``read``; state fields read ``obs`` (a twin ``next_<name>`` is
            added), action fields read ``action``.
        horizon: steps after which an episode is cut off (truncated, not terminated).
        success: what is really wanted.  No reward, search prompt or screen may read it unless it says so.
        native: the environment's own reward, over fields (``native_reward`` where a simulator delivers it).
        naive: one obvious dense reward, as a control.
        discount: the discount that controls are trained with.
        ending: what it means when an episode terminates before the horizon; screens compare it with living on.
            ``unknown`` where nobody said: a language model is told that it may, screens take it for ``never``.
        trainings, steps: the budget of a search for which none is given: trainings to start, and environment
            steps of each.
        parameters: what may be set where a reward is written as parameters, a ``design.spec.Schema``; None
            makes it from the fields.

    Raises:
        BadInput: for fields that cannot be read here, reserved or doubled names, or a success that
            reads a field the task does not have.
    """

    name: str
    text: str
    env: Any
    fields: tuple[Field, ...]
    horizon: int
    success: Success
    native: Reward | None = None
    naive: Reward | None = None
    discount: float = 0.99
    ending: Literal["failure", "goal", "never", "unknown"] = "never"
    trainings: int = 320
    steps: int = 150_000
    parameters: Any = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "fields", tuple(self.fields))
        _check_numbers(self)
        _check_fields(self.name, self.fields)
        _check_reads(self)
        _check_rewards(self)

    @property
    def actions(self) -> Actions:
        """What the agent may do."""
        return self.env.actions

    @property
    def observation_size(self) -> int:
        """Columns of ``obs``."""
        return self.env.observation_size

    @property
    def is_array(self) -> bool:
        """True where the environment runs as pure array functions (inside one compiled program)."""
        return isinstance(self.env, ArrayEnv)

    def batch(
        self,
        obs: Array,
        action: Array,
        next_obs: Array,
        terminated: Array,
        native_reward: Array | None = None,
        native_success: Array | None = None,
    ) -> dict[str, Array]:
        """Recorded transitions as named fields; never contains ``success``.

        Args:
            obs, next_obs: ``(..., O)``; ``next_obs`` is the true successor, also where an episode ended.
            action: ``(...)`` choices or ``(..., A)`` numbers.
            terminated: ``(...)``, true where the episode ended in ``next_obs`` (not where time ran out).
            native_reward: ``(...)``, from simulators that deliver it.
            native_success: ``(...)``, the simulator's own verdict, which only ``success`` may read; where it
                is not given, it is NaN: no verdict.
        """
        batch = {"obs": obs, "action": action, "next_obs": next_obs, "terminated": terminated}
        for field in self.fields:
            if field.kind == "action":
                batch[field.name] = field.of(action)
                continue
            batch[field.name] = field.of(obs)
            batch[NEXT + field.name] = field.of(next_obs)
        if native_reward is not None:
            batch["native_reward"] = native_reward
        if "native_success" in self.success.signal.fields:
            unknown = xp(obs).full_like(xp(obs).sum(obs, axis=-1), math.nan)
            batch["native_success"] = unknown if native_success is None else native_success
        return batch

    def with_success(self, batch: Batch) -> dict[str, Any]:
        """The batch and the field ``success`` (per step, 0..1): for judging, and for ``rs.success``."""
        return {**batch, "success": self.success.signal(batch)}

    def table(self) -> tuple[Field, ...]:
        """Every field that a reward or program may read on this task."""
        low, high = self.actions.bounds
        choices = "choice, 0 to n - 1" if self.actions.width == 0 else "what the agent did"
        obs = Field("obs", width=self.observation_size, meaning="all the agent sees")
        action = Field("action", low=low, high=high, width=self.actions.width, kind="action", meaning=choices)
        ended = Field(
            "terminated", low=0.0, high=1.0, kind="flag", meaning="the episode ended here, not by time"
        )
        return with_twins((obs, action, ended, *self.fields))

    @property
    def frame(self) -> Frame | None:
        """The part of the world that ``sketch`` draws, or None where nothing can be drawn."""
        return getattr(self.env, "frame", None)

    def sketch(self, obs: Array) -> list[Shape]:
        """Shapes that draw one observation ``(O,)``; empty where nothing can be drawn."""
        return self.env.sketch(obs) if self.frame is not None else []

    def render(self, act: Act, seed: int = 0, frames: int = FRAMES, width: int = WIDTH) -> Array:
        """A film of one episode: pictures ``(T, H, W, 3)`` of bytes, T at most ``frames``.

        Simulators draw themselves; array functions are drawn from ``sketch``.

        Args:
            act: what to do, ``(1, O) -> (1,)`` or ``(1, A)``, for instance ``policy.act``.
            seed: of the start.
            width: no side of a picture is longer.

        Raises:
            BadInput: this environment cannot be drawn here, and why.
        """
        if self.is_array:
            return sketched(self.env, act, seed, self.horizon, frames, width)
        return film(self.env, act, seed, frames, width)

    @staticmethod
    def from_gymnasium(
        id: str,
        *,
        fields: Iterable[Field],
        success: Success,
        horizon: int | None = None,
        engine: Engine = "auto",
        options: Mapping[str, Any] | None = None,
        success_key: str | None = None,
        **parts: Any,
    ) -> Task:
        """A task in any Gymnasium environment whose observations are numbers or choices.

        They are flattened to one vector ``obs``: a choice among n becomes n columns (one-hot), parts of a Dict
        follow in the order in which it holds them, as in ``gymnasium.spaces.flatten``.

        Args:
            id: as ``gymnasium.make`` takes it.
            fields, success: what rewards may read, and what is wanted.
            horizon: steps of an episode; the environment's own limit if None.
            engine: ``envpool``, ``gymnasium``, or ``auto``: envpool where it has the environment.
            options: keyword arguments of the environment.
            success_key: an entry of ``info`` in which the environment itself says whether a step succeeded,
                such as ``is_success``; a success over ``rewardsmith.tasks.native_success`` reads it.
            parts: the remaining parts of a Task (``name``, ``text``, ``native``, ``naive``, ``discount``,
                ``ending``, which is ``unknown`` unless it is given).
        """
        env = GymEnv.inspect(id, horizon, engine, options, success_key)
        defaults: dict[str, Any] = {
            "name": id,
            "text": f"Succeed in {id}: {success.meaning}",
            "native": native_reward,
            "ending": "unknown",
        }
        return Task(env=env, fields=tuple(fields), horizon=env.horizon, success=success, **(defaults | parts))


@term
def native_reward(native_reward: Array) -> Array:
    """The simulator's own reward."""
    return native_reward


@term
def native_success(native_success: Array) -> Array:
    """The simulator's own verdict on a step, 0 to 1: for ``Success``, no other reward may read it."""
    return native_success


def _check_numbers(task: Task) -> None:
    if not task.name or task.name != task.name.strip():
        raise BadInput("name of a task", repr(task.name), "a word without spaces around it")
    if isinstance(task.horizon, bool) or not isinstance(task.horizon, int) or task.horizon < 1:
        raise BadInput(f"horizon of task {task.name}", task.horizon, "a whole number of steps, at least 1")
    if task.ending not in ("failure", "goal", "never", "unknown"):
        allowed = "'failure', 'goal', 'never' or 'unknown'"
        raise BadInput(f"ending of task {task.name}", repr(task.ending), allowed)
    for name in ("trainings", "steps"):
        value = getattr(task, name)
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise BadInput(f"{name} of task {task.name}", value, "a whole number, at least 1")
    if not 0.0 < task.discount <= 1.0:
        raise BadInput(f"discount of task {task.name}", task.discount, "above 0, at most 1")
    for part in ("actions", "observation_size"):
        if not hasattr(task.env, part):
            raise BadInput(
                f"environment of task {task.name}", type(task.env).__name__, "an ArrayEnv or a GymEnv"
            )
    if not isinstance(task.success, Success):
        raise BadInput(f"success of task {task.name}", type(task.success).__name__, "a Success(signal, ...)")


def _check_fields(task: str, fields: tuple[Field, ...]) -> None:
    seen: set[str] = set()
    for field in fields:
        if not isinstance(field, Field):
            raise BadInput(f"fields of task {task}", type(field).__name__, "Field(name, ...)")
        if field.name in RESERVED:
            raise BadInput(
                f"fields of task {task}", repr(field.name), "another name", "the engine fills that one"
            )
        if field.name in seen:
            raise BadInput(f"fields of task {task}", f"{field.name!r} twice", "different names")
        if field.kind not in ("state", "action"):
            raise BadInput(f"field {field.name} of task {task}", f"kind {field.kind!r}", "'state' or 'action'")
        seen.add(field.name)


def _check_rewards(task: Task) -> None:
    known = {field.name for field in task.table()}
    judged = known | ({"native_success"} if getattr(task.env, "success_key", None) else set[str]())
    readable = {"success": judged, "native": known | {"native_reward"}, "naive": known}
    rewards = {"success": task.success.signal, "native": task.native, "naive": task.naive}
    for role, reward in rewards.items():
        if reward is None:
            continue
        if not isinstance(reward, Reward):
            raise BadInput(
                f"{role} of task {task.name}", type(reward).__name__, "a reward, such as an @rs.term"
            )
        unknown = sorted(reward.fields - readable[role])
        if unknown:
            raise BadInput(
                f"{role} of task {task.name}", f"field {unknown[0]!r}", ", ".join(sorted(readable[role]))
            )


def _check_reads(task: Task) -> None:
    """Read every field once from zeros, so that a wrong column or shape is found here and not in a training."""
    for field in task.fields:
        width = task.observation_size if field.kind == "state" else task.actions.width
        source = "obs" if field.kind == "state" else "action"
        what, columns = f"field {field.name} of task {task.name}", f"columns 0 to {width - 1} of {source}"
        if field.read is None or (isinstance(field.read, int) and not 0 <= field.read < width):
            got = "no 'read'" if field.read is None else f"read={field.read}"
            raise BadInput(
                what, got, f"{columns}, or a function of {source}" if width else "a function of action"
            )
        try:
            with np.errstate(all="ignore"):
                shape = np.shape(field.of(np.zeros((2, width) if width else (2,))))
        except Exception as problem:
            raise BadInput(
                what, f"{type(problem).__name__}: {problem}", f"a function of {source} {(2, width)}"
            ) from None
        wanted = (2, field.width) if field.width else (2,)
        if shape != wanted:
            raise BadInput(what, f"shape {shape}", f"{wanted} from {source} with leading shape (2,)")
