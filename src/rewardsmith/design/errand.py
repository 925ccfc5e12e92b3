"""Errands: places to visit in order on a grid, as tabular tasks; and costs in stages for them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..core import grid
from ..core.errors import BadInput
from ..core.fields import Field
from ..core.mdp import Floats, TabularMDP
from ..optimize.tabular import QLearning
from .tabular import TabularTask


def errand(
    name: str, text: str, order: str, learning: QLearning, discount: float = 0.95, slip: float = 0.0
) -> TabularTask:
    """A grid on which lettered places must be entered in order; entering the last one pays 1 and ends.

    Args:
        text: as of ``core.grid.gridworld``: ``S`` starts, ``#`` walls.
        order: letters, each one cell of the map.

    Fields: ``row``, ``column``, for each letter x ``to_x`` (steps on an empty grid), and for each but the last
    ``has_x`` (1 after its visit).  States are (visits done, cell), done first.

    Example:
        >>> task = errand("carry", "KSG", "KG", QLearning(episodes=10))
        >>> task.mdp.states, task.values["has_k"].tolist(), task.values["to_g"].tolist()
        (6, [0.0, 0.0, 0.0, 1.0, 1.0, 1.0], [2.0, 1.0, 0.0, 2.0, 1.0, 0.0])
    """
    letters = [letter for _, _, letter in grid.cells(text)]
    if not order or any(letters.count(letter) != 1 for letter in order) or len(set(order)) != len(order):
        raise BadInput("order of an errand", repr(order), "different letters, each at one cell of the map")
    plain = grid.gridworld(text, discount, slip, {}, terminal="")
    cells, goals = plain.states, [letters.index(letter) for letter in order]
    size = cells * len(order)
    transition, reward = np.zeros((size, 4, size)), np.zeros((size, 4, size))
    for done, goal in enumerate(goals):
        here = slice(done * cells, (done + 1) * cells)
        transition[here, :, here] = plain.transition
        arrived = plain.transition[:, :, goal]
        at = done * cells + goal
        if done + 1 < len(goals):
            transition[here, :, at] = 0.0
            transition[here, :, at + cells] = arrived
        else:
            reward[:, :, at] = 1.0
    ends = np.zeros(size, bool)
    ends[(len(goals) - 1) * cells + goals[-1]] = True
    initial = np.concatenate([plain.initial, np.zeros(size - cells)])
    mdp = TabularMDP(transition, reward, discount, initial, ends)
    values = _values(text, order, goals, cells)
    fields = tuple(
        Field(key, "1" if "has" in key else "cell", 0.0, float(v.max())) for key, v in values.items()
    )
    return TabularTask(name, mdp, fields, values, learning)


def staged(stages: Sequence[tuple[str, str]]) -> str:
    """One expression: the first stage that is not done costs its cost plus 1 for each stage after it.

    Args:
        stages: (condition under which it is done, cost between 0 and 1), in order; the condition of the last
            one is not read.

    Done stages cost nothing, so the reward never falls when a stage is reached.

    Source: the staged rewards that Xie et al., "Text2Reward", ICLR 2024, arXiv:2309.11489, ask for.
    Differs from the paper: costs instead of gains, since an episode that ends early must not lose by it.

    Example:
        >>> staged([("held > 0.5", "to_cup / 9"), ("", "to_shelf / 9")])
        'where(held > 0.5, -(to_shelf / 9), -(to_cup / 9) - 1)'
    """
    if not stages:
        raise BadInput("stages", "none", "at least one")
    text = f"-({stages[-1][1]})"
    for left, (done, cost) in enumerate(reversed(stages[:-1]), start=1):
        text = f"where({done}, {text}, -({cost}) - {left})"
    return text


def _values(text: str, order: str, goals: Sequence[int], cells: int) -> dict[str, Floats]:
    where, copies = grid.coordinates(text), len(order)
    values = {key: np.tile(each, copies) for key, each in where.items()}
    for letter, goal in zip(order, goals, strict=True):
        steps = sum(np.abs(each - each[goal]) for each in where.values())
        values[f"to_{letter.lower()}"] = np.tile(np.asarray(steps, np.float64), copies)
    for number, letter in enumerate(order[:-1]):
        values[f"has_{letter.lower()}"] = np.repeat(np.arange(copies) > number, cells).astype(np.float64)
    return values
