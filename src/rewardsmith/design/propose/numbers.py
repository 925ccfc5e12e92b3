"""NumbersWriter: rewards as parameters, filled in by chance; no model is needed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...core.errors import BadInput, ProgramError
from ...program import Program
from ...program.generate import rounded
from ...program.program import MAX_PARTS
from ...tasks import Task
from ..candidate import Parent
from ..parameters import program_of, schema_of, spec_of
from ..spec import Cost, Parameter, RewardSpec, Schema
from .ask import Ask, Draft

_TRIES = 20
_MOST = 3  # addends of a new reward, besides those that are in force by default
_SPREAD = 0.5  # of the logarithm of a weight
_STEP = 0.2  # of a target, in ranges


@dataclass(frozen=True)
class NumbersWriter:
    """Fills in a schema by chance: a grammar of numbers.

    ``fresh`` gives a weight and a target to one to three addends, ``survey`` to one; ``numbers`` moves those
    that are set, ``structure`` sets another or takes one away, ``improve`` and ``path`` do either;
    ``crossover`` takes each addend from one of two parents; ``different`` sets what no parent has set.  Words
    are not understood.

    Args:
        task: whose programs are written.
    """

    task: Task

    @property
    def label(self) -> str:
        return "grammar of numbers"

    def spent(self) -> dict[str, Any]:
        return {}

    def start(self) -> Any:
        return ()

    def learn(self, state: Any, drafts: Sequence[Draft], scores: Sequence[float | None]) -> Any:
        del drafts, scores
        return state

    def write(
        self, state: Any, asks: Sequence[Ask], known: frozenset[str], rng: np.random.Generator
    ) -> list[Draft]:
        del state
        seen, drafts, schema = set(known), list[Draft](), schema_of(self.task)
        for ask in asks:
            program = self._new(schema, ask, seen, rng)
            if program is not None:
                seen.add(program.structural_hash)
                drafts.append(Draft(program, ask))
        return drafts

    def _new(self, schema: Schema, ask: Ask, seen: set[str], rng: np.random.Generator) -> Program | None:
        for _ in range(1 if ask.numbers else _TRIES):
            try:
                program = program_of(changed(schema, ask, rng), self.task)
            except (BadInput, ProgramError):
                continue  # nothing is set, or more than a program may have; the next draw may be another
            if program.structural_hash not in seen:
                return program
        return None


def start_of(schema: Schema, parents: Sequence[Parent]) -> RewardSpec:
    """The parameters of the first parent; the defaults where there is none, or it is not of the schema."""
    try:
        return spec_of(schema, parents[0].candidate.program) if parents else schema.spec()
    except BadInput:
        return schema.spec()


def exact(schema: Schema, ask: Ask) -> RewardSpec:
    """The parent with the numbers that are asked for, within the bounds of the schema."""
    return spec_of(schema, ask.parents[0].candidate.program.with_numbers(dict(ask.numbers)))


def changed(schema: Schema, ask: Ask, rng: np.random.Generator) -> RewardSpec:
    """What is asked for, by chance."""
    if ask.numbers:
        return exact(schema, ask)
    spec = start_of(schema, ask.parents)
    match ask.operator:
        case "fresh" | "survey" | "different":
            return _fresh(schema, ask, rng)
        case "crossover":
            return _mixed(spec, start_of(schema, ask.parents[1:]), rng)
        case "numbers":
            return _moved(spec, rng)
        case "structure":
            return _other(spec, rng)
        case _:
            return _moved(spec, rng) if rng.random() < 0.5 else _other(spec, rng)


def _fresh(schema: Schema, ask: Ask, rng: np.random.Generator) -> RewardSpec:
    spec = schema.spec()
    taken = {row["term"] for parent in ask.parents for row in start_of(schema, [parent]).active()}
    free = [cost for cost in schema.costs if spec[cost.weight] == 0.0 and cost.label not in taken]
    free = free or list(schema.costs)
    count = 1 if ask.operator == "survey" else 1 + int(rng.integers(min(_MOST, len(free))))
    for at in rng.choice(len(free), size=min(count, len(free)), replace=False):
        spec = _set(spec, free[int(at)], rng)
    return spec


def _set(spec: RewardSpec, cost: Cost, rng: np.random.Generator) -> RewardSpec:
    """A cost with a new weight and new targets."""
    weight = spec.schema.parameter(cost.weight)
    found = {weight.name: _held(weight, rounded(weight.high * 10.0 ** rng.uniform(-2.0, 0.0)))}
    for _, name in cost.numbers:
        found[name] = _target(spec.schema.parameter(name), rng)
    return spec.filled(found)


def _target(parameter: Parameter, rng: np.random.Generator) -> float:
    """A bound, the default or the middle as often as any number between the bounds."""
    low, high = parameter.low, parameter.high
    if rng.random() < 0.5:
        return (low, high, parameter.default, (low + high) / 2.0)[int(rng.integers(4))]
    return _held(parameter, rounded(rng.uniform(low, high)))


def _moved(spec: RewardSpec, rng: np.random.Generator) -> RewardSpec:
    """The same addends with other numbers."""
    found: dict[str, float] = {}
    for cost in _active(spec):
        weight = spec.schema.parameter(cost.weight)
        found[weight.name] = _held(weight, rounded(spec[weight.name] * np.exp(_SPREAD * rng.normal())))
        for _, name in cost.numbers:
            parameter = spec.schema.parameter(name)
            step = _STEP * (parameter.high - parameter.low) * rng.normal()
            found[name] = _held(parameter, rounded(spec[name] + step)) if rng.random() < 0.5 else spec[name]
    return spec.filled(found)


def _other(spec: RewardSpec, rng: np.random.Generator) -> RewardSpec:
    """One addend more, or one less."""
    active = _active(spec)
    idle = [cost for cost in spec.schema.costs if cost not in active]
    if len(active) > 1 and (rng.random() < 0.4 or not idle or len(active) >= MAX_PARTS):
        return spec.filled({active[int(rng.integers(len(active)))].weight: 0.0})
    return _set(spec, idle[int(rng.integers(len(idle)))], rng) if idle else _moved(spec, rng)


def _mixed(one: RewardSpec, other: RewardSpec, rng: np.random.Generator) -> RewardSpec:
    """Each addend, weight and targets together, as in one of both."""
    found: dict[str, float] = {}
    for cost in one.schema.costs:
        chosen = one if rng.random() < 0.5 else other
        found |= {name: chosen[name] for name in cost.parameters}
    return one.filled(found)


def _active(spec: RewardSpec) -> list[Cost]:
    return [cost for cost in spec.schema.costs if spec[cost.weight] != 0.0]


def _held(parameter: Parameter, value: float) -> float:
    return min(max(float(value), parameter.low), parameter.high)
