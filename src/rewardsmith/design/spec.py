"""RewardSpec: a reward as the parameters of a fixed cost, filled in by whitelisted calls.

The cost is written once, by people:  c(x, u) = sum_i w_i n_i(r_i(x, u, psi_i)),  with residuals r_i, norms n_i,
weights w_i and targets psi_i.  Whoever translates words into behaviour only fills in weights and targets, by
calls of a few setters, as JSON.  No program is run, and nothing outside of the schema can be said.

Source: Yu et al. (2023), Language to Rewards for Robotic Skill Synthesis, arXiv:2306.08647.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from ..core.algebra import Reward
from ..core.errors import BadInput
from ..core.term import Term
from ..program import Program
from ..transforms import Norm

Mode = Literal["replace", "patch"]
QUADRATIC = Norm("quadratic")


@dataclass(frozen=True)
class Parameter:
    """A number that may be set.

    Args:
        name: a Python identifier.
        low, high: bounds, finite; nothing outside is accepted.
        default: what it is if nobody sets it.
        unit, meaning: for people and language models.
    """

    name: str
    low: float
    high: float
    default: float
    unit: str = "1"
    meaning: str = ""

    def __post_init__(self) -> None:
        if not self.name.isidentifier():
            raise BadInput("name of a parameter", repr(self.name), "a Python identifier")
        if not (math.isfinite(self.low) and math.isfinite(self.high) and self.low < self.high):
            raise BadInput(f"bounds of {self.name}", f"[{self.low}, {self.high}]", "finite, low < high")
        self.checked(self.default)

    def checked(self, value: object) -> float:
        """The value as a number.

        Raises:
            BadInput: it is not a number or outside of the bounds.
        """
        allowed = f"a number from {self.low:g} to {self.high:g} {self.unit}"
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise BadInput(f"parameter {self.name}", repr(value), allowed)
        if not self.low <= value <= self.high:  # also refuses NaN
            raise BadInput(f"parameter {self.name}", repr(value), allowed)
        return float(value)


@dataclass(frozen=True)
class Cost:
    """One addend of the cost: w n(r(x, u, psi)).

    Args:
        residual: 0 where all is well: a term, or a program that returns one value.
        weight: the name of the parameter that is w.
        norm: n.
        numbers: pairs of a number of the residual and the parameter that sets it; other numbers stay.
        name: of the addend; None takes that of the term.
    """

    residual: Term | Program
    weight: str
    norm: Norm = QUADRATIC
    numbers: tuple[tuple[str, str], ...] = ()
    name: str | None = None

    def __post_init__(self) -> None:
        if not self.label.isidentifier():
            raise BadInput("name of a cost", repr(self.name), "a Python identifier")
        own = self.residual.own_numbers()
        for number, _ in self.numbers:
            if number not in own:
                raise BadInput(f"cost {self.label}", repr(number), ", ".join(own) or "no number")

    @property
    def label(self) -> str:
        """How the addend is called."""
        if self.name is not None:
            return self.name
        return "" if isinstance(self.residual, Program) else self.residual.name

    @property
    def parameters(self) -> tuple[str, ...]:
        """The parameters it reads."""
        return self.weight, *(name for _, name in self.numbers)

    def reward(self, values: Mapping[str, float]) -> Reward:
        """Minus this addend."""
        return -values[self.weight] * (self.aimed(values) | self.norm)

    def aimed(self, values: Mapping[str, float]) -> Term | Program:
        """The residual with its targets in place."""
        targets = {number: values[name] for number, name in self.numbers}
        return self.residual.with_own({**self.residual.own_numbers(), **targets}, self.residual.children())


@dataclass(frozen=True)
class Setter:
    """A call that may be made: it sets some parameters, by name."""

    name: str
    parameters: tuple[str, ...]
    meaning: str = ""


@dataclass(frozen=True)
class Schema:
    """What can be said about one robot: parameters, the cost that they fill in, and the calls that set them.

    Raises:
        BadInput: a cost or setter names a parameter that there is not, or a name is used twice.
    """

    name: str
    parameters: tuple[Parameter, ...]
    costs: tuple[Cost, ...]
    setters: tuple[Setter, ...]

    def __post_init__(self) -> None:
        names = [each.name for each in self.parameters]
        for kind, given in (("parameters", names), ("setters", [each.name for each in self.setters])):
            if len(set(given)) < len(given):
                raise BadInput(f"{kind} of {self.name}", ", ".join(given), "a name of its own for each")
        read = [(cost.label, p) for cost in self.costs for p in (cost.weight, *dict(cost.numbers).values())]
        read += [(setter.name, p) for setter in self.setters for p in setter.parameters]
        for where, parameter in read:
            if parameter not in names:
                raise BadInput(f"{where} of {self.name}", f"parameter {parameter!r}", ", ".join(names))

    def spec(self) -> RewardSpec:
        """Everything at its default."""
        return RewardSpec(self, tuple(each.default for each in self.parameters))

    def parameter(self, name: str) -> Parameter:
        """A parameter by name.

        Raises:
            BadInput: there is none.
        """
        found = {each.name: each for each in self.parameters}
        if name not in found:
            raise BadInput(f"parameter of {self.name}", repr(name), ", ".join(found))
        return found[name]

    def setter(self, name: object) -> Setter:
        """A setter by name.

        Raises:
            BadInput: there is none.
        """
        found = {each.name: each for each in self.setters}
        if not isinstance(name, str) or name not in found:
            raise BadInput(f"call to {self.name}", repr(name), ", ".join(found))
        return found[name]

    def describe(self) -> str:
        """The calls and their typed slots, as a prompt shows them to whoever fills them in."""
        lines: list[str] = []
        for setter in self.setters:
            lines.append(f"{setter.name}: {setter.meaning}")
            lines += [f"  {name}: {slot}" for name, slot in self.slots(setter.parameters).items()]
        return "\n".join(lines)

    def slots(self, names: Iterable[str] | None = None) -> dict[str, str]:
        """Parameters, all of them if None, and what may be put in: ``[NUM: 0 to 2 m, default 1] meaning``."""
        chosen = self.parameters if names is None else map(self.parameter, names)
        return {
            each.name: f"[NUM: {each.low:g} to {each.high:g} {each.unit}, default {each.default:g}] "
            f"{each.meaning}".rstrip()
            for each in chosen
        }


@dataclass(frozen=True)
class RewardSpec:
    """A filled-in schema; immutable, every call gives a new one.

    Args:
        values: one per parameter of the schema, in its order.

    Example:
        >>> from rewardsmith.design.motion import ROBOT
        >>> spec = ROBOT.spec().apply({"call": "set_turn", "arguments": {"turn_rate": 1.0, "turn_weight": 1.0}})
        >>> [row["term"] for row in spec.active()]
        ['turn_error', 'lean_error', 'lean_speed']
    """

    schema: Schema
    values: tuple[float, ...]

    def __post_init__(self) -> None:
        if len(self.values) != len(self.schema.parameters):
            raise BadInput("values of a spec", len(self.values), f"{len(self.schema.parameters)}, one each")
        pairs = zip(self.schema.parameters, self.values, strict=True)
        object.__setattr__(self, "values", tuple(each.checked(value) for each, value in pairs))

    def __getitem__(self, name: str) -> float:
        return self.named[self.schema.parameter(name).name]

    @property
    def named(self) -> dict[str, float]:
        """Values by name."""
        return {each.name: value for each, value in zip(self.schema.parameters, self.values, strict=True)}

    def apply(self, call: Mapping[str, Any] | str, mode: Mode = "replace") -> RewardSpec:
        """Carry out one call, ``{"call": name, "arguments": {parameter: number}}``, also as JSON text.

        Args:
            mode: what becomes of the setter's parameters that the call does not mention: ``replace`` sets them
                to their defaults, ``patch`` leaves them as they are.

        Raises:
            BadInput: anything but a known call with known parameters within their bounds.
        """
        if mode not in get_args(Mode):
            raise BadInput("mode", repr(mode), ", ".join(map(repr, get_args(Mode))))
        setter, arguments = _read(call, self.schema)
        values = self.named
        if mode == "replace":
            values |= {name: self.schema.parameter(name).default for name in setter.parameters}
        for name, value in arguments.items():
            if name not in setter.parameters:
                raise BadInput(f"argument of {setter.name}", repr(name), ", ".join(setter.parameters) or "none")
            values[name] = self.schema.parameter(name).checked(value)
        return RewardSpec(self.schema, tuple(values.values()))

    def answer(self, calls: Iterable[Mapping[str, Any] | str], mode: Mode = "replace") -> RewardSpec:
        """Carry out a whole answer.

        Args:
            mode: ``replace`` forgets everything said before, as whoever has no memory must; ``patch`` changes
                only what the answer mentions.
        """
        spec = self.schema.spec() if mode == "replace" else self
        for call in calls:
            spec = spec.apply(call, mode)
        return spec

    def filled(self, numbers: Mapping[str, Any], mode: Mode = "patch") -> RewardSpec:
        """Set parameters by their names, without calls.

        Args:
            mode: what becomes of the others: ``patch`` leaves them, ``replace`` sets them to their defaults.

        Raises:
            BadInput: an unknown parameter, or anything but a number within its bounds.
        """
        if mode not in get_args(Mode):
            raise BadInput("mode", repr(mode), ", ".join(map(repr, get_args(Mode))))
        values = (self if mode == "patch" else self.schema.spec()).named
        values |= {name: self.schema.parameter(name).checked(value) for name, value in numbers.items()}
        return RewardSpec(self.schema, tuple(values.values()))

    def reward(self) -> Reward:
        """Minus the cost, as a reward like any other; addends of weight 0 are left out.

        Raises:
            BadInput: no addend is active: there is nothing to do.
        """
        parts = [cost.reward(self.named) for cost in self.schema.costs if self[cost.weight] != 0.0]
        if not parts:
            raise BadInput(f"spec of {self.schema.name}", "no active term", "at least one weight that is not 0")
        total = parts[0]
        for part in parts[1:]:
            total = total + part
        return total

    def active(self) -> list[dict[str, Any]]:
        """The addends in force: name, weight, norm and targets of each."""
        return [self._row(cost) for cost in self.schema.costs if self[cost.weight] != 0.0]

    def silent(self) -> list[dict[str, Any]]:
        """Addends whose target was set although their weight is 0: most likely a mistake."""
        rows = [self._row(cost) for cost in self.schema.costs if self[cost.weight] == 0.0]
        return [row for row in rows if any(self[n] != self.schema.parameter(n).default for n in row["targets"])]

    def to_json(self) -> str:
        """Parameters only."""
        return json.dumps({"schema": self.schema.name, "values": self.named})

    @staticmethod
    def from_json(text: str, schema: Schema) -> RewardSpec:
        """Read what ``to_json`` wrote.

        Raises:
            BadInput: it is no JSON, of another schema, or does not have exactly the schema's parameters.
        """
        found = _parsed(text)
        if set(found) != {"schema", "values"} or found["schema"] != schema.name:
            raise BadInput("spec", text, f'{{"schema": "{schema.name}", "values": {{...}}}}')
        values, names = found["values"], [each.name for each in schema.parameters]
        if not isinstance(values, dict) or set(values) != set(names):
            raise BadInput("values of a spec", values, ", ".join(names))
        return RewardSpec(schema, tuple(schema.parameter(name).checked(values[name]) for name in names))

    def _row(self, cost: Cost) -> dict[str, Any]:
        targets = {name: self[name] for _, name in cost.numbers}
        return {
            "term": cost.label, "weight": self[cost.weight], "norm": str(cost.norm), "targets": targets
        }  # fmt: skip


def _read(call: Mapping[str, Any] | str, schema: Schema) -> tuple[Setter, Mapping[str, Any]]:
    found = _parsed(call) if isinstance(call, str) else call
    if not isinstance(found, Mapping) or set(found) - {"call", "arguments"} or "call" not in found:
        raise BadInput("call", repr(found), '{"call": name, "arguments": {parameter: number}}')
    arguments = found.get("arguments", {})
    if not isinstance(arguments, Mapping):
        raise BadInput("arguments of a call", repr(arguments), "an object of numbers by name")
    return schema.setter(found["call"]), arguments


def _parsed(text: str) -> Any:
    try:
        found = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as problem:
        raise BadInput("JSON", repr(text), "a JSON object", " ".join(str(problem).split())) from None
    if not isinstance(found, dict):
        raise BadInput("JSON", repr(text), "a JSON object")
    return found
