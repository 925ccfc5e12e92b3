"""Rewards as parameters: the schema of a task, and a filled-in schema as a program of the reward language.

Source: Yu et al. (2023), Language to Rewards for Robotic Skill Synthesis, arXiv:2306.08647.
"""

from __future__ import annotations

import math
from typing import Any

from ..core.errors import BadInput
from ..core.fields import NEXT, Field
from ..program import Program, parse
from ..program import tree as nodes
from ..program.printing import show
from ..program.program import SOLE
from ..program.tree import Apply, Expr, Number
from ..tasks import Task
from ..transforms import Norm
from .spec import Cost, Parameter, RewardSpec, Schema, Setter

NORM = Norm("quadratic")  # of residuals whose size is about 1
HEAVIEST = 10.0
WIDE = 10.0  # where a field has no bounds
FAILING = 3.0
TARGET = f"{SOLE}.c0"


def schema_of(task: Task) -> Schema:
    """What can be set on a task: its own ``parameters``, or a target and a weight for each of its fields.

    The cost is the sum of w r^2 / 2.  For a state field x, r is ``(target - next_x) / h`` with h half of its
    range, and for an angle without bounds ``sin((target - next_x) / 2)``: weights compare misses by their share
    of the range.  Fields of actions have a weight only; where failing ends an episode, that has a weight
    too, because costs end with the episode.

    Differs from the paper: residuals are made from the fields, not written for one robot.

    Raises:
        BadInput: ``parameters`` is no schema, or the task has no state field.

    Example:
        >>> from rewardsmith import tasks
        >>> print(schema_of(tasks.load("pendulum")).slots()["upright_target"])
        [NUM: -1 to 1 1, default 0] cosine of the angle: 1 upright, -1 hanging
    """
    if task.parameters is not None:
        if not isinstance(task.parameters, Schema):
            raise BadInput(f"parameters of {task.name}", type(task.parameters).__name__, "a design.spec.Schema")
        return task.parameters
    states = [f for f in task.fields if f.kind == "state"] or [f for f in task.table() if f.name == "obs"]
    rows = [_aim(task, f, i) for f in states for i in range(max(f.width, 1)) if f.low < f.high]
    rows += [_effort(task, f) for f in _efforts(task)]
    rows += [_failing(task)] if task.ending == "failure" else []
    parameters = tuple(each for own, _ in rows for each in own)
    setters = tuple(
        Setter(f"set_{cost.label}", tuple(each.name for each in own), own[0].meaning) for own, cost in rows
    )
    return Schema(task.name, parameters, tuple(cost for _, cost in rows), setters)


def program_of(spec: RewardSpec, fields: Any) -> Program:
    """The filled-in schema as a program with one part for each addend; addends of weight 0 are left out.

    Args:
        fields: what it may read: a task, or a sequence of ``Field``.

    Raises:
        BadInput: no addend is active, or a residual is not in the reward language.
        ProgramError: more addends than a program has parts.

    Example:
        >>> from rewardsmith import tasks
        >>> task = tasks.load("pendulum")
        >>> spec = schema_of(task).spec().filled({"upright_target": 1.0, "upright_weight": 2.0})
        >>> print(program_of(spec, task))
        def reward(next_upright):
            return {
                "upright": -2.0 * (0.5 * square(1.0 - next_upright)),
            }
    """
    active = [cost for cost in spec.schema.costs if spec[cost.weight] != 0.0]
    if not active:
        raise BadInput(f"spec of {spec.schema.name}", "no active term", "at least one weight that is not 0")
    table = fields.table() if hasattr(fields, "table") else tuple(fields)
    parts = [(cost.label, _addend(cost, spec[cost.weight], cost.aimed(spec.named))) for cost in active]
    return Program.of(tuple(parts), (), table)


def spec_of(schema: Schema, program: Program) -> RewardSpec:
    """The parameters in a program that ``program_of`` made; numbers out of bounds are put on the bound.

    Raises:
        BadInput: the program was not made from this schema.
    """
    found = schema.spec().named
    costs = {cost.label: cost for cost in schema.costs}
    parts = dict(program.parts)
    if program.bindings or set(parts) - set(costs):
        allowed = f"parts {', '.join(costs)} without other lines"
        raise BadInput(f"program of {schema.name}", ", ".join(parts), allowed)
    for label, cost in costs.items():
        if label not in parts:
            found[cost.weight] = 0.0
            continue
        values = nodes.numbers(parts[label])
        # numbers are found by their place: a residual with names instead of numbers shows where each stands
        names = {name: name for name in cost.residual.own_numbers()}
        places = nodes.numbers(_addend(cost, 1.0, cost.residual.with_own(names, ())))
        if len(values) != len(places):
            raise BadInput(f"part {label} of a program", show(parts[label]), "as the schema has it")
        found[cost.weight] = -values[0]
        found |= {name: values[places.index(number)] for number, name in cost.numbers}
    return schema.spec().filled({name: _within(schema.parameter(name), found[name]) for name in found})


def _within(parameter: Parameter, value: float) -> float:
    return min(max(float(value), parameter.low), parameter.high)


def _addend(cost: Cost, weight: float, residual: Any) -> Expr:
    if not isinstance(residual, Program) or residual.names != (SOLE,):
        allowed = "a program that returns one value, to be written as a program"
        raise BadInput(f"residual of {cost.label}", str(residual), allowed)
    inside = nodes.inline(residual.parts[0][1], residual.bindings)
    return Apply("*", (Number(-weight), _cost(cost.norm, inside)))


def _cost(norm: Norm, r: Expr) -> Expr:
    """n(r) in the reward language."""
    s = float(norm.scale)
    square = Apply("square", (r,))
    match norm.kind:
        case "quadratic":
            return Apply("*", (Number(0.5), square))
        case "smooth_abs":
            root = Apply("sqrt", (Apply("+", (square, Number(float(f"{s * s:.12g}")))),))
            return Apply("-", (root, Number(s)))
        case "cosh":
            ratio = Apply("/", (r, Number(s)))
            both = Apply("+", (Apply("exp", (ratio,)), Apply("exp", (nodes.negate(ratio),))))
            above = Apply("-", (Apply("*", (Number(0.5), both)), Number(1.0)))
            return Apply("*", (Number(s * s), above))


# ---------------------------------------------------------------------- from fields
_Row = tuple[tuple[Parameter, ...], Cost]


def _aim(task: Task, field: Field, column: int) -> _Row:
    """A target and a weight for a state field, or for one of its columns."""
    label = f"{field.name}_{column}" if field.width else field.name
    read = f"{NEXT}{field.name}[:, {column}]" if field.width else f"{NEXT}{field.name}"
    low, high, turns = _range(field)
    default = min(max(0.0, low), high)
    half = (high - low) / 2.0
    if turns:
        source, number = f"sin(0.5 * ({default!r} - {read}))", f"{SOLE}.c1"
    else:
        scaled = "" if half == 1.0 else f" / {float(f'{half:.6g}')!r}"
        source, number = (f"({default!r} - {read}){scaled}", TARGET)
    target = Parameter(f"{label}_target", low, high, default, field.unit, field.meaning)
    weight = _weight(label, f"how much it matters that {label} is at its target; 0: not at all")
    cost = Cost(parse(source, task), weight.name, NORM, ((number, target.name),), label)
    return (target, weight), cost


def _range(field: Field) -> tuple[float, float, bool]:
    """Bounds of a target, and whether the field is an angle that turns round."""
    around = 2.0 * math.pi
    low, high = field.low, field.high
    if field.unit == "rad" and (math.isinf(high - low) or abs(high - low - around) < 0.1):
        return -math.pi, math.pi, True
    low = low if math.isfinite(low) else min(-WIDE, high - WIDE)
    high = high if math.isfinite(high) else max(WIDE, low + WIDE)
    return low, high, False


def _efforts(task: Task) -> list[Field]:
    """Named numbers of actions; the raw action where there is none, and it is no choice."""
    named = [f for f in task.fields if f.kind == "action" and not f.width]
    return named or [f for f in task.table() if f.name == "action" and f.width]


def _effort(task: Task, field: Field) -> _Row:
    if field.width:
        label, source = "effort", f"norm({field.name})"
    else:
        size = max(abs(field.low), abs(field.high))
        size = float(f"{size:.6g}") if math.isfinite(size) and size > 0.0 else 1.0
        label, source = field.name, field.name if size == 1.0 else f"{field.name} / {size!r}"
    weight = _weight(label, f"how much it matters that {label} is small; 0: not at all")
    return (weight,), Cost(parse(source, task), weight.name, NORM, (), label)


def _failing(task: Task) -> _Row:
    """With weight 1, failing costs as much as missing a target of weight 2 by half its range from here on."""
    steps = 1.0 / max(1.0 - task.discount, 1e-3)
    rest = float(f"{math.sqrt(2.0 * steps):.3g}")
    meaning = "how much it matters that the episode does not end early"
    weight = Parameter("failing_weight", 0.0, HEAVIEST, FAILING, "1", meaning)
    residual = parse(f"where(terminated, {rest!r}, 0.0)", task)
    return (weight,), Cost(residual, weight.name, NORM, (), "failing")


def _weight(label: str, meaning: str) -> Parameter:
    return Parameter(f"{label}_weight", 0.0, HEAVIEST, 0.0, "1", meaning)
