"""What runs on the device: programs, and the few other rewards that a task knows beforehand.

The device sees the task's fields, and beside them the success signal and the task's own reward as two
more fields, so that the controls (success alone, the native reward) train as fast as programs.  Programs
that a search proposes cannot read them, because they are parsed against ``task.table()``.
"""

from __future__ import annotations

from typing import Any

from ...core.algebra import Reward
from ...core.arrays import Array, Batch
from ...core.fields import Field
from ...core.nodes import Constant
from ...core.term import success
from ...program import Program, tree

SUCCESS = Field("success", low=0.0, high=1.0, kind="flag")
NATIVE = Field("native_reward", kind="flag")


def device_table(task: Any) -> tuple[Field, ...]:
    """The fields that compiled rewards may read on a task."""
    own = () if task.native is None else (NATIVE,)
    return (*task.table(), SUCCESS, *own)


def with_signals(task: Any, batch: Batch) -> dict[str, Array]:
    """The batch with the fields that ``device_table`` adds."""
    own = {} if task.native is None else {NATIVE.name: task.native(batch)}
    return {**task.with_success(batch), **own}


def as_program(reward: Reward, task: Any) -> Program | None:
    """A reward as a program for the device; None where it must be evaluated on the host."""
    if isinstance(reward, Program):
        return reward
    if reward == success:
        return _read(SUCCESS, reward.label)
    if task.native is not None and reward == task.native:
        return _read(NATIVE, reward.label)
    if isinstance(reward, Constant):
        ended = tree.Apply("*", (tree.Number(0.0), tree.Read("terminated")))
        parts = ((reward.label, tree.Apply("+", (ended, tree.Number(float(reward.value))))),)
        return Program.of(parts, (), task.table())
    return None


def _read(field: Field, label: str) -> Program:
    return Program.of(((label, tree.Read(field.name)),), (), (field,))
