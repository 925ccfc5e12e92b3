"""Random reward programs of the kinds that people write for control: weighted sums of named terms."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from ..core.errors import BadInput
from . import tree
from .grammar import Chooser, Grammar, Prior, Signal
from .program import Program
from .tree import Apply, Compare, Expr, Number, Read, negate

ONE, ZERO = Number(1.0), Number(0.0)


def random_program(grammar: Grammar, rng: np.random.Generator, chooser: Chooser | None = None) -> Program:
    """Draw a program.

    Args:
        grammar: signals and odds.
        rng: draws the numbers inside the chosen ranges (and the choices, for the default chooser).
        chooser: takes the decisions; by default the odds of the grammar.

    Example:
        >>> from rewardsmith.core.fields import Field
        >>> grammar = Grammar.from_fields([Field("x", "m", -2.0, 2.0), Field("v", "m/s", -1.0, 1.0)])
        >>> program = random_program(grammar, np.random.default_rng(0))
        >>> sorted(program.fields) <= ["v", "x"]
        True
    """
    draw = Draw(grammar, rng, chooser or Prior(grammar))
    count = int(draw.option("terms"))
    parts: list[tuple[str, Expr]] = []
    for _ in range(count):
        add_part(parts, *draw.term())
    if not any(reads_fields(expr) for _, expr in parts):
        add_part(parts, *draw.term("bump"))
    return Program.of(tuple(parts), (), grammar.fields)


def survey(grammar: Grammar, rng: np.random.Generator) -> Iterator[Program]:
    """Programs of one part that pay for one signal near a value worth aiming at: every signal in turn.

    Chance alone may never try the one signal that matters among many; a search that begins so has tried each.
    One turn aims at 0, the next at the highest values, then the lowest; the order and the widths are drawn.

    Example:
        >>> from rewardsmith.core.fields import Field
        >>> grammar = Grammar.from_fields([Field("x", "m", -2.0, 2.0), Field("v", "m/s", -1.0, 1.0)])
        >>> programs = survey(grammar, np.random.default_rng(0))
        >>> sorted(name.removeprefix("next_") for _ in range(2) for name in next(programs).fields)
        ['v', 'x']
    """
    for target in itertools.cycle(("zero", "high", "low")):
        for at in rng.permutation(len(grammar.states)):
            one = replace(grammar, states=(grammar.states[at],))
            yield Program.of((Draw(one, rng, _Aimed(one, target)).term("bump"),), (), grammar.fields)


@dataclass(frozen=True)
class _Aimed(Prior):
    """Decides by the odds, but for the value to aim at, and that being there is paid."""

    target: str

    def choose(self, production: str, options: tuple[str, ...], rng: np.random.Generator) -> int:
        if production in ("target", "rate_target") and self.target in options:
            return options.index(self.target)
        if production == "reward_sign":
            return options.index("+")
        return Prior.choose(self, production, options, rng)


def add_part(parts: list[tuple[str, Expr]], name: str, expr: Expr) -> None:
    """Append a named part; a name that is taken gets a number."""
    taken = {known for known, _ in parts}
    fresh, count = name, 2
    while fresh in taken:
        fresh, count = f"{name}_{count}", count + 1
    parts.append((fresh, expr))


def reads_fields(expr: Expr) -> bool:
    """False for expressions that are the same in every row."""
    return any(isinstance(node, (Read, tree.Local)) for node in tree.walk(expr))


@dataclass(frozen=True)
class Draw:
    """One random draw: the grammar, the source of randomness and who decides."""

    grammar: Grammar
    rng: np.random.Generator
    chooser: Chooser

    def option(self, production: str) -> str:
        """The option chosen for a production."""
        options = self.grammar.productions()[production]
        at = self.chooser.choose(production, options, self.rng)
        if not 0 <= at < len(options):
            raise BadInput(f"choice for {production}", at, f"0 to {len(options) - 1}")
        return options[at]

    def term(self, kind: str | None = None) -> tuple[str, Expr]:
        """A weighted term and its name."""
        kind = kind or self.option("kind")
        if kind in ("alive", "ended") and not self.grammar.ends:
            kind = "bump"
        if kind == "effort" and not self.grammar.actions:
            kind = "change"
        name, expr, sign_of = _KINDS[kind](self)
        sign = -1.0 if self.option(sign_of) == "-" else 1.0
        expr, scale = _without_scale(expr)
        weight = Number(rounded(sign * self._in_bin(float(self.option("weight")), 3.0) / scale))
        if sign < 0 and kind in _COSTS:
            name = f"{name.removesuffix('_distance').removesuffix('_square')}_cost"
        return name, weight if expr == ONE else Apply("*", (weight, expr))

    def signal(self, later: bool = True) -> Signal:
        """A state signal; with ``later``, perhaps as it is one step later."""
        label = self.option("signal")
        found = next(signal for signal in self.grammar.states if signal.label == label)
        if later and found.later is not None and self.option("time") == "next":
            return Signal(found.label, found.later, found.unit, found.low, found.high)
        return found

    def offset(self, signal: Signal) -> Expr:
        """``f - target``, or ``f`` where the target is 0."""
        return minus(signal.expr, self.aim(signal))

    def aim(self, signal: Signal) -> float:
        """A value to aim at; rates of change mostly aim at 0."""
        return signal.target(self.option("rate_target" if signal.is_rate else "target"))

    def width(self, signal: Signal) -> Number:
        """A length in the signal's own unit."""
        return Number(rounded(signal.scale * self._in_bin(float(self.option("width")), 2.0)))

    def bump(self, signal: Signal) -> Expr:
        """``exp(-square((f - target) / width))``"""
        return exp_square(self.offset(signal), self.width(signal))

    def _in_bin(self, start: float, ratio: float) -> float:
        return start * ratio ** self.rng.random()


def exp_square(expr: Expr, width: Number) -> Expr:
    """``exp(-square(expr / width))``"""
    return Apply("exp", (negate(Apply("square", (Apply("/", (expr, width)),))),))


def _without_scale(expr: Expr) -> tuple[Expr, float]:
    """``x / s`` and ``square(x / s)`` as ``x`` and ``square(x)``, with what they were divided by."""
    match expr:
        case Apply("/", (inner, Number(scale))):
            return inner, scale
        case Apply("square", (Apply("/", (inner, Number(scale))),)):
            return Apply("square", (inner,)), scale**2
        case _:
            return expr, 1.0


def rounded(value: float) -> float:
    """Three digits: more say nothing and are hard to read."""
    return float(f"{value:.3g}")


def minus(expr: Expr, value: float) -> Expr:
    """``expr - value`` without ``- 0`` or ``- -1``."""
    if value == 0:
        return expr
    value = rounded(value)
    return Apply("+", (expr, Number(-value))) if value < 0 else Apply("-", (expr, Number(value)))


def over(expr: Expr, value: float) -> Expr:
    """``expr / value`` without ``/ 1``."""
    return expr if value == 1 else Apply("/", (expr, Number(rounded(value))))


# ---------------------------------------------------------------------- kinds of terms
_Made = tuple[str, Expr, str]


def _linear(draw: Draw) -> _Made:
    signal = draw.signal()
    return signal.label, over(signal.expr, signal.scale), "either_sign"


def _distance(draw: Draw) -> _Made:
    signal = draw.signal()
    return f"{signal.label}_distance", over(Apply("abs", (draw.offset(signal),)), signal.scale), "cost_sign"


def _square(draw: Draw) -> _Made:
    signal = draw.signal()
    inner = over(draw.offset(signal), signal.scale)
    return f"{signal.label}_square", Apply("square", (inner,)), "either_sign"


def _bump(draw: Draw) -> _Made:
    signal = draw.signal()
    return f"{signal.label}_bump", draw.bump(signal), "reward_sign"


def _product(draw: Draw) -> _Made:
    first, second = draw.signal(), draw.signal()
    if second.label == first.label:
        return f"{first.label}_bump", draw.bump(first), "reward_sign"
    name = f"{first.label}_and_{second.label}"
    return name, Apply("*", (draw.bump(first), draw.bump(second))), "reward_sign"


def _progress(draw: Draw) -> _Made:
    signal = draw.signal(later=False)
    if signal.later is None:
        return _linear(draw)
    target = draw.aim(signal)
    before, after = (Apply("abs", (minus(expr, target),)) for expr in (signal.expr, signal.later))
    change = Apply("-", (before, after))
    return f"{signal.label}_progress", Apply("/", (change, draw.width(signal))), "reward_sign"


def _change(draw: Draw) -> _Made:
    signal = draw.signal(later=False)
    if signal.later is None:
        return _square(draw)
    change = Apply("-", (signal.later, signal.expr))
    return f"{signal.label}_change", Apply("square", (Apply("/", (change, draw.width(signal))),)), "cost_sign"


def _effort(draw: Draw) -> _Made:
    label = draw.option("action")
    signal = next(action for action in draw.grammar.actions if action.label == label)
    return f"{label}_square", Apply("square", (over(signal.expr, signal.scale),)), "cost_sign"


def _inside(draw: Draw) -> _Made:
    signal = draw.signal()
    test = Compare(("<",), (Apply("abs", (draw.offset(signal),)), draw.width(signal)))
    return f"{signal.label}_inside", Apply("where", (test, ONE, ZERO)), "reward_sign"


def _above(draw: Draw) -> _Made:
    signal = draw.signal()
    return f"{signal.label}_above", Apply("where", (_threshold(draw, signal), ONE, ZERO)), "either_sign"


def _gated(draw: Draw) -> _Made:
    gate, paid = draw.signal(), draw.signal()
    name = f"{paid.label}_where_{gate.label}"
    return name, Apply("where", (_threshold(draw, gate), draw.bump(paid), ZERO)), "reward_sign"


def _squash(draw: Draw) -> _Made:
    signal = draw.signal()
    inner = Apply("/", (draw.offset(signal), draw.width(signal)))
    return f"{signal.label}_squash", Apply("tanh", (inner,)), "either_sign"


def _alive(draw: Draw) -> _Made:
    return "alive", Apply("-", (ONE, Read("terminated"))), "either_sign"


def _ended(draw: Draw) -> _Made:
    return "ended", Read("terminated"), "cost_sign"


def _living(draw: Draw) -> _Made:
    return "living", ONE, "cost_sign"


def _threshold(draw: Draw, signal: Signal) -> Expr:
    """``f > c`` with c between the target and the middle of the range."""
    target = draw.aim(signal)
    middle = signal.target("middle")
    level = middle + (target - middle) * draw.rng.random()
    return Compare((">",), (signal.expr, Number(rounded(level))))


_COSTS = frozenset({"linear", "distance", "square", "effort", "change", "living"})
_KINDS: dict[str, Callable[[Draw], _Made]] = {
    "linear": _linear, "distance": _distance, "square": _square, "bump": _bump, "product": _product,
    "progress": _progress, "change": _change, "effort": _effort, "inside": _inside, "above": _above,
    "gated": _gated, "squash": _squash, "alive": _alive, "ended": _ended, "living": _living,
}  # fmt: skip
