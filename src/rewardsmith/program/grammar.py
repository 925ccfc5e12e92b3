"""What random programs are made of: signals of a task, productions and their odds.

A random program is a chain of decisions ("how many terms", "which kind", "which signal" ...), each with
a name, fixed options and odds.  Decisions are taken by a ``Chooser``; a learned generator replaces it,
sees every decision and can compute the probability of the whole program.
"""

from __future__ import annotations

import bisect
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any, Protocol

import numpy as np

from ..core.errors import BadInput
from ..core.fields import NEXT, Field
from .program import table_of
from .tree import Apply, Column, Expr, Read
from .units import RADIAN, Unit, parse_unit

Weights = tuple[tuple[str, float], ...]
_HUGE = 1e6


class Chooser(Protocol):
    """Takes one decision: the index of one of the options of a production."""

    def choose(self, production: str, options: tuple[str, ...], rng: np.random.Generator) -> int: ...


@dataclass(frozen=True)
class Odds:
    """How often each option of each production is chosen; weights need not sum to 1."""

    terms: Weights = (("1", 0.2), ("2", 0.35), ("3", 0.3), ("4", 0.15))
    kind: Weights = (
        ("bump", 0.18), ("product", 0.17), ("distance", 0.13), ("linear", 0.12), ("square", 0.08),
        ("progress", 0.08), ("effort", 0.07), ("inside", 0.04), ("above", 0.03), ("gated", 0.05),
        ("squash", 0.03), ("change", 0.02), ("alive", 0.03), ("ended", 0.03), ("living", 0.02),
    )  # fmt: skip
    target: Weights = (("zero", 0.3), ("high", 0.3), ("low", 0.2), ("middle", 0.05), ("one", 0.15))
    rate_target: Weights = (("zero", 0.7), ("high", 0.1), ("low", 0.1), ("one", 0.1))
    # Shares of the signal's scale (half its range).
    width: Weights = (("0.05", 0.1), ("0.1", 0.2), ("0.2", 0.25), ("0.4", 0.25), ("0.8", 0.2))
    weight: Weights = (("0.03", 0.2), ("0.1", 0.25), ("0.3", 0.25), ("1", 0.3))
    time: Weights = (("now", 0.4), ("next", 0.6))
    # The sign in front of a term: rewards, costs, and those that may be either.
    reward_sign: Weights = (("+", 0.9), ("-", 0.1))
    cost_sign: Weights = (("+", 0.15), ("-", 0.85))
    either_sign: Weights = (("+", 0.5), ("-", 0.5))
    mutation: Weights = (
        ("numbers", 0.3), ("calm", 0.16), ("signal", 0.14), ("replace", 0.12), ("add", 0.12), ("drop", 0.08),
        ("wrap", 0.08),
    )  # fmt: skip
    wrap: Weights = (("tanh", 0.4), ("gate", 0.4), ("near", 0.2))
    crossover: Weights = (("terms", 0.7), ("subtree", 0.3))


@dataclass(frozen=True)
class Signal:
    """One number per row that terms may use, with its unit and range; ``later`` is it one step later."""

    label: str
    expr: Expr
    unit: Unit
    low: float
    high: float
    later: Expr | None = None

    @property
    def scale(self) -> float:
        """Half the range; 1 where the range is unknown."""
        half = (self.high - self.low) / 2
        return half if 0 < half < _HUGE else 1.0

    @property
    def is_rate(self) -> bool:
        """True for a change per time, such as m/s."""
        return any(symbol == "s" and exponent < 0 for symbol, exponent in self.unit or ())

    def target(self, name: str) -> float:
        """A value to aim at: a bound, the middle, 0 or 1."""
        known = self.scale != 1.0 or self.high - self.low == 2.0
        low, high = (self.low, self.high) if known else (-1.0, 1.0)
        return {"zero": 0.0, "one": 1.0, "low": low, "high": high, "middle": (low + high) / 2}[name]


@dataclass(frozen=True)
class Grammar:
    """The signals of a task and the odds of the productions.

    Example:
        >>> grammar = Grammar.from_fields([Field("angle", "rad", -3.0, 3.0), Field("torque", kind="action")])
        >>> [signal.label for signal in grammar.states]
        ['angle', 'sin_angle', 'cos_angle']
    """

    fields: tuple[Field, ...]
    states: tuple[Signal, ...]
    actions: tuple[Signal, ...] = ()
    ends: bool = False
    odds: Odds = field(default_factory=Odds)
    max_terms: int = 6

    @classmethod
    def from_fields(cls, fields: Any, odds: Odds | None = None, exclude: Sequence[str] = ()) -> Grammar:
        """Signals of a task (or of a sequence of fields).

        Named fields are preferred; columns of ``obs`` are used only where there are none.  Angles (unit
        ``rad``) also give their sine and cosine.  ``success`` and ``native_reward`` never take part.
        """
        table = table_of(fields)
        hidden = {"success", "native_reward", *exclude}
        rows = [row for row in table.values() if row.name not in hidden]
        states = [row for row in rows if row.kind == "state"]
        named = [row for row in states if not row.width] or states
        actions = [row for row in rows if row.kind == "action" and not _is_choice(row)]
        # The raw action vector says the same as the named action fields.
        actions = [row for row in actions if not row.width] or actions
        signals = tuple(signal for row in named for signal in _signals(row, table))
        if not signals:
            raise BadInput("fields of a grammar", ", ".join(table) or "none", "at least one state field")
        ends = "terminated" in table and "terminated" not in hidden
        efforts = tuple(signal for row in actions for signal in _plain(row, None))
        return cls(tuple(rows), signals, efforts, ends, odds or Odds())

    def productions(self) -> dict[str, tuple[str, ...]]:
        """The options of every decision, in a fixed order: what a learned generator needs to know."""
        return {name: tuple(option for option, _ in weights) for name, weights in self.weights().items()}

    def weights(self) -> dict[str, Weights]:
        """The options with their odds."""
        named = {name: getattr(self.odds, name) for name in self.odds.__dataclass_fields__}
        named["signal"] = tuple((signal.label, 1.0) for signal in self.states)
        named["action"] = tuple((signal.label, 1.0) for signal in self.actions)
        return named


@dataclass(frozen=True)
class Prior:
    """Chooses by the odds of a grammar."""

    grammar: Grammar

    def choose(self, production: str, options: tuple[str, ...], rng: np.random.Generator) -> int:
        """Draw one option."""
        weights = [weight for _, weight in self.grammar.weights()[production]]
        return min(bisect.bisect(list(accumulate(weights)), rng.random() * sum(weights)), len(options) - 1)


def _is_choice(row: Field) -> bool:
    """A discrete action: its number is a name, not a quantity."""
    return row.name == "action" and row.width == 0


def _signals(row: Field, table: dict[str, Field]) -> list[Signal]:
    twin = table.get(NEXT + row.name)
    plain = _plain(row, twin)
    if parse_unit(row.unit) != RADIAN:
        return plain
    waves = [
        Signal(
            f"{wave}_{signal.label}",
            Apply(wave, (signal.expr,)),
            (),
            -1.0,
            1.0,
            None if signal.later is None else Apply(wave, (signal.later,)),
        )
        for wave in ("sin", "cos")
        for signal in plain
    ]
    return [*plain, *waves]


def _plain(row: Field, twin: Field | None) -> list[Signal]:
    unit = parse_unit(row.unit)
    low, high = (row.low, row.high) if math.isfinite(row.high - row.low) else (-math.inf, math.inf)
    if not row.width:
        return [Signal(row.name, Read(row.name), unit, low, high, Read(twin.name) if twin else None)]
    return [
        Signal(
            f"{row.name}_{i}",
            Column(Read(row.name), i),
            None if unit == () else unit,
            low,
            high,
            Column(Read(twin.name), i) if twin else None,
        )
        for i in range(row.width)
    ]
