"""plan: the best actions from here, in a model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ...core.errors import BadInput
from ..control.scoring import check_reward
from .arrays import ArrayModel
from .config import Planner
from .model import Model, Numbers
from .search import Search, improve, to_actions


@dataclass(frozen=True, eq=False)
class Plan:
    """A plan from one state.

    Args:
        actions: ``(H, ...)``, as the environment takes them.
        value: its discounted return under the reward, in the model.
        search: what the next plan can start from.
    """

    actions: Numbers
    value: float
    search: Search

    @property
    def action(self) -> Numbers:
        """The first action: what to do now."""
        return self.actions[0]


def plan(
    reward: Any,
    model: Model | Any,
    state: Any,
    planner: Planner | None = None,
    *,
    seed: int = 0,
    clock: int = 0,
    after: Plan | None = None,
) -> Plan:
    """Find actions with a high return from one state.

    Args:
        reward: any reward that reads the task's fields; it sees one plan at a time, as an episode.
        model: an ``ArrayModel`` or ``MujocoModel``; a task with array dynamics stands for its ``ArrayModel``.
        state: one state: ``(D,)`` of array dynamics, or a ``mujoco.MjData``.
        planner: the configuration; None takes the defaults.
        clock: steps of the episode before this state.
        after: the plan of the previous step, to start from.

    Raises:
        BadInput: a state of another size, or no verdict on any plan.
        MissingField: the reward reads a field that the task does not have.

    Example:
        >>> from rewardsmith import tasks
        >>> task = tasks.load("pendulum")
        >>> found = plan(task.native, task, np.array([0.1, 0.0]), Planner(horizon=8, samples=16))
        >>> found.actions.shape
        (8, 1)
    """
    model = model_of(model)
    planner = planner or Planner()
    check_reward(reward, model.task)
    rng = np.random.default_rng([seed, 1, clock])
    start = after.search.shifted if after else Search.start(planner, model.task.actions, 1)
    if start.mean.shape[1] != planner.horizon:
        raise BadInput("after", f"a plan of {start.mean.shape[1]} steps", f"one of {planner.horizon} steps")
    found = improve(planner, model, reward, _one(state), clock, start, [rng])
    return Plan(to_actions(model.task.actions, found.best[0]), float(found.value[0]), found)


def model_of(model: Any) -> Model:
    """A model as it is, or that of a task with array dynamics."""
    if hasattr(model, "imagine"):
        return model
    if getattr(model, "is_array", False):
        return ArrayModel(model)
    what = getattr(model, "name", type(model).__name__)
    raise BadInput("model", what, "an ArrayModel, a MujocoModel, or a task with array dynamics")


def _one(state: Any) -> Any:
    if not isinstance(state, np.ndarray):
        return (state,)
    if state.ndim != 1:
        raise BadInput("state", f"shape {state.shape}", "one state, (D,)")
    return state.astype(np.float64)[None]
