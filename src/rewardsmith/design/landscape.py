"""How a reward depends on its fields, and what its parts pay: everything that ``rewardsmith plot`` shows."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..core.algebra import Reward, Shares, holds
from ..core.errors import BadInput
from ..core.fields import NEXT, Field
from ..optimize.control.scoring import check_reward
from ..report.landscape import Axis, Landscape, Response
from ..tasks import Discrete, Task

GRID = 101
LINE = 201
Numbers = np.ndarray[Any, Any]
Changes = Mapping[str, Numbers]


@dataclass(frozen=True, eq=False)
class Base:
    """The place from which fields are moved: everything else stays as it is here.

    Args:
        obs, action: one observation ``(O,)`` and one action, ``()`` or ``(A,)``.
        native: the simulator's own reward, NaN where there is none.
        at: values of fields that were asked for.
    """

    obs: Numbers
    action: Numbers
    native: float
    at: Mapping[str, float]


def landscape(
    task: Task,
    reward: Reward,
    episodes: Sequence[Mapping[str, Numbers]],
    fields: Sequence[str] = (),
    at: Mapping[str, float] | None = None,
    played: str = "",
) -> Landscape:
    """Heat map over two fields, response of every part along each of them, income over recorded episodes.

    Args:
        episodes: of ``record_episodes``.
        fields: one or two fields; the two on which the reward depends most if none are given.  A state field
            moves together with its twin; ``next_<name>`` moves the twin alone.
        at: values of other fields; the rest stays at the median of the episodes.
        played: who played the episodes, for the caption.

    Raises:
        BadInput: a field that the task does not have or that is not one number, the same field twice, or more
            than two.
        ScopeError: the reward must see more than an episode.
        MissingField: it reads a field that the task does not have.
    """
    check_reward(reward, task)
    base = base_of(task, episodes, at or {})
    axes = _axes(task, reward, base, episodes, fields)
    income, state = _income(task, reward, episodes)
    heat = None
    if len(axes) == 2:
        x, y = np.meshgrid(axes[0].values, axes[1].values)
        changes = {axes[0].name: x.ravel(), axes[1].name: y.ravel()}
        heat = np.asarray(vary(task, reward, base, changes, state).total, float).reshape(x.shape)
    responses: list[Response] = []
    for axis in axes:
        fine = _values(task, _field(task, axis.name), _seen(episodes, axis.name), LINE)
        shares = vary(task, reward, base, {axis.name: fine}, state)
        responses.append(Response(axis.name, fine, np.asarray(shares.total), shares.parts))
    moved = {name for axis in axes for name in (axis.name, NEXT + axis.name)}
    return Landscape(
        title=f"{task.name}: {textwrap.shorten(str(reward), 150, placeholder=' ...')}",
        text=str(reward),
        axes=axes,
        heat=heat,
        responses=tuple(responses),
        income=income,
        fixed=_fixed(task, reward, base, moved),
        played=played,
    )


def base_of(task: Task, episodes: Sequence[Mapping[str, Numbers]], at: Mapping[str, float]) -> Base:
    """The median of recorded steps (of choices: the most frequent one), with the values asked for."""
    for name, value in at.items():
        _field(task, name)
        if not np.isfinite(value):
            raise BadInput(f"value of {name}", value, "a finite number")

    def joined(name: str) -> Numbers:
        return np.concatenate([np.asarray(episode[name])[0] for episode in episodes])

    actions = joined("action")
    choice = np.bincount(actions.astype(int)).argmax() if isinstance(task.actions, Discrete) else None
    native = joined("native_reward") if "native_reward" in episodes[0] else np.array([np.nan])
    return Base(
        obs=np.median(joined("obs").astype(float), axis=0),
        action=np.median(actions.astype(float), axis=0) if choice is None else np.asarray(choice),
        native=float(np.median(native)),
        at=dict(at),
    )


def vary(task: Task, reward: Reward, base: Base, changes: Changes, state: Any = None) -> Shares:
    """The reward and its parts ``(n,)`` where some fields have n values and everything else is as in ``base``.

    Fields that are columns of ``obs`` or ``action`` are set there, so that fields computed from them
    follow; computed fields are set themselves.  Every value counts as an episode of one step.

    Args:
        state: of a reward with running statistics: each value is then judged alone, after this state.
    """
    count = len(next(iter(changes.values())))
    batch = _batch(task, base, changes, count)
    batch = task.with_success(batch) if "success" in reward.fields else batch
    if state is None:
        shares, _ = reward.explain(batch, reward.init(batch))
        return _flat([shares])
    rows = ({name: array[i : i + 1] for name, array in batch.items()} for i in range(count))
    return _flat([reward.explain(row, state)[0] for row in rows])


def effect(task: Task, reward: Reward, base: Base, name: str, values: Numbers) -> float:
    """How far the reward moves along one field; 0 where it has no verdict."""
    total = np.asarray(vary(task, reward, base, {name: values}).total, float)
    known = total[np.isfinite(total)]
    return float(np.ptp(known)) if len(known) else 0.0


def seen_range(field: Field, seen: Numbers) -> tuple[float, float]:
    """What was seen of a field and a margin, inside its bounds."""
    low, high = float(seen.min()), float(seen.max())
    margin = 0.25 * (high - low) + 1e-6
    return max(field.low, low - margin), min(field.high, high + margin)


def _flat(pieces: list[Shares]) -> Shares:
    def joined(arrays: list[Any]) -> Numbers:
        return np.concatenate([np.asarray(array, float).reshape(-1) for array in arrays])

    names = pieces[0].parts
    parts = {name: joined([piece.parts[name] for piece in pieces]) for name in names}
    return Shares(joined([piece.total for piece in pieces]), parts)


def _batch(task: Task, base: Base, changes: Changes, count: int) -> dict[str, Numbers]:
    """All fields with the leading shape ``(n, 1)``."""
    obs, action = (np.tile(array, (count, 1, *(1,) * array.ndim)) for array in (base.obs, base.action))
    after, ended = obs.copy(), np.zeros((count, 1), bool)
    wanted = {name: np.full(count, value) for name, value in base.at.items()} | dict(changes)
    computed: dict[str, Numbers] = {}
    for name, values in wanted.items():
        field, column = _field(task, name), np.asarray(values)[:, None]
        if name == "terminated":
            ended = column.astype(bool)
        elif name == "action":
            action = column.astype(base.action.dtype)
        elif isinstance(field.read, int):
            targets = {"state": (obs, after), "next": (after,), "action": (action,)}[field.kind]
            for target in targets:
                target[..., field.read] = column
        else:
            computed[name] = column
            if field.kind == "state":
                computed.setdefault(NEXT + name, column)
    native = None if np.isnan(base.native) else np.full((count, 1), base.native)
    flags = {"first": np.ones((count, 1), bool), "truncated": np.zeros((count, 1), bool)}
    return {**task.batch(obs, action, after, ended, native), **flags, **computed}


def _income(
    task: Task, reward: Reward, episodes: Sequence[Mapping[str, Numbers]]
) -> tuple[dict[str, tuple[Numbers, ...]], Any]:
    """What each part paid in each step of each episode, and the state afterwards (None if none is kept)."""
    found: dict[str, list[Numbers]] = {}
    state: Any = None
    keeps = False
    for episode in episodes:
        batch = task.with_success(episode) if "success" in reward.fields else episode
        if state is None:
            state = reward.init(batch)
            keeps = holds(state)
        shares, state = reward.explain(batch, state)
        for name, part in shares.parts.items():
            found.setdefault(name, []).append(np.asarray(part, float)[0])
    return {name: tuple(rows) for name, rows in found.items()}, state if keeps else None


def _axes(
    task: Task,
    reward: Reward,
    base: Base,
    episodes: Sequence[Mapping[str, Numbers]],
    names: Sequence[str],
) -> tuple[Axis, ...]:
    if len(names) > 2 or len(set(names)) < len(names):
        raise BadInput("fields to plot", ",".join(names), "one field, or two different ones: a,b")
    both = sorted(set(names) & set(base.at))
    if both:
        raise BadInput("fields to plot", ",".join(names), "fields that are not fixed", f"{both[0]} is fixed")
    chosen = [_field(task, name) for name in names] or _most_influential(task, reward, base, episodes)
    axes: list[Axis] = []
    for field in chosen:
        values = _values(task, field, _seen(episodes, field.name), GRID)
        paths = tuple(np.asarray(episode[field.name], float)[0] for episode in episodes)
        axes.append(Axis(field.name, field.unit, values, paths, field.kind == "state"))
    return tuple(axes)


def _most_influential(
    task: Task, reward: Reward, base: Base, episodes: Sequence[Mapping[str, Numbers]]
) -> list[Field]:
    """Two fields along which the reward moves most; a twin alone only where moving both together is mute."""
    scores: dict[str, float] = {}
    fields = {field.name: field for field in task.table() if not field.width and field.kind != "flag"}
    for name, field in fields.items():
        values = _values(task, field, _seen(episodes, name), 41)
        if field.kind != "next":
            scores[name] = effect(task, reward, base, name, values)
    for name, field in fields.items():
        twin = name.removeprefix(NEXT)
        if field.kind == "next" and name in reward.fields and not scores[twin] > 1e-12:
            values = _values(task, field, _seen(episodes, name), 41)
            scores[name] = scores[twin] = effect(task, reward, base, name, values)
    order = sorted(scores, key=lambda name: (-scores[name], fields[name].kind != "state"))
    return [fields[name] for name in order[:2]]


def _field(task: Task, name: str) -> Field:
    known = {field.name: field for field in task.table() if not field.width}
    if name not in known:
        why = f"{name} has several columns" if name in {field.name for field in task.table()} else ""
        raise BadInput("field to plot", repr(name), ", ".join(known), why)
    return known[name]


def _seen(episodes: Sequence[Mapping[str, Numbers]], name: str) -> Numbers:
    return np.concatenate([np.asarray(episode[name], float)[0] for episode in episodes])


def _values(task: Task, field: Field, seen: Numbers, count: int) -> Numbers:
    """The values of an axis: all choices, the bounds of the field where it has them, else what was seen."""
    if field.kind == "flag":
        return np.arange(2)
    if field.name == "action" and isinstance(task.actions, Discrete):
        return np.arange(task.actions.n)
    low, high = seen_range(field, seen)
    if np.isfinite(field.low) and np.isfinite(field.high):
        low, high = field.low, field.high
    return np.linspace(low, high, count)


def _fixed(task: Task, reward: Reward, base: Base, moved: set[str]) -> dict[str, float]:
    """Of the fields that the reward reads: those that stay where they are, and where that is."""
    here = _batch(task, base, {}, 1)
    scalars = {field.name for field in task.table() if not field.width}
    shown = sorted({name.removeprefix(NEXT) for name in reward.fields & scalars} - moved)
    return {name: float(here[name].reshape(())) for name in shown}
