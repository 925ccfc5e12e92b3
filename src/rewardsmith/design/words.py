"""Rewards in plain English: what a reward pays for, what costs, the weightiest first."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from ..core.algebra import Reward
from ..core.fields import NEXT, Field
from ..core.nodes import Constant, Piped, Scale, Sum
from ..core.term import Term
from ..program import Program, tree
from ..program.printing import show
from ..sandbox import PythonReward
from .affine import CLEARLY, Affine, affine, at_now, gates, inside_bump, inside_distance, is_abs, plus

_BEFORE_DETAIL = re.compile(r"[:;,(]")
_GLOSS = re.compile(r"(-?\d+(?:\.\d+)?) (?:is )?([a-z][a-z ]*[a-z])")


@dataclass(frozen=True)
class Phrase:
    """One thing that is paid for (weight > 0) or costs (weight < 0)."""

    weight: float
    text: str


def in_words(reward: Reward, fields: Iterable[Field]) -> str:
    """One sentence: what ``reward`` pays for and what costs, ordered by weight.

    The weight of a part is the most it can pay where the bounds of its field are known, and its
    coefficient where they are not.  A part of no known shape is quoted as it is written; of Python code it
    says only that it is code.

    Args:
        reward: a program, or a sum of programs and terms.
        fields: the fields of the task; their meanings are used, twins need not be listed.

    Example:
        >>> from rewardsmith.program import parse
        >>> fields = (Field("speed", "m/s", -2.0, 2.0, "speed of the cart"), Field("terminated", kind="flag"))
        >>> in_words(parse("-abs(speed - 1.0) - 5.0 * terminated", fields), fields)
        'pays for keeping the speed of the cart near 1; ending the episode early costs'
    """
    if isinstance(reward, PythonReward):
        return "a function in Python"
    speaker = _Speaker({field.name: field for field in fields})
    phrases = sorted(speaker.phrases(reward, 1.0), key=lambda phrase: -abs(phrase.weight))
    paid = [phrase.text for phrase in phrases if phrase.weight > 0]
    costs = [phrase.text for phrase in phrases if phrase.weight < 0]
    halves: list[str] = []
    if paid:
        halves.append("pays for " + _in_order(paid))
    if costs:
        halves.append(f"{_joined(costs)} cost{'' if len(costs) > 1 else 's'}")
    return "; ".join(halves) or "pays nothing"


@dataclass(frozen=True)
class _Speaker:
    table: dict[str, Field]

    # ------------------------------------------------------------------ rewards
    def phrases(self, reward: Any, factor: float) -> Iterator[Phrase]:
        if isinstance(reward, Sum):
            for part in reward.parts:
                yield from self.phrases(part, factor)
        elif isinstance(reward, Piped) and isinstance(reward.transform, Scale):
            yield from self.phrases(reward.reward, factor * reward.transform.weight)
        elif isinstance(reward, Program):
            total = Affine({})
            for _, expr in reward.parts:
                total = plus(total, affine(tree.inline(expr, reward.bindings)), factor)
            yield from self.of_sum(total)
        elif isinstance(reward, Constant):
            yield Phrase(factor * reward.value, "every step")
        elif isinstance(reward, Term):
            # A term is described by its author: the first line of its docstring.
            lines = (reward.function.__doc__ or "").strip().splitlines()
            label = reward.label.replace("_", " ")
            yield Phrase(factor, f"{label} ({lines[0].rstrip('.')})" if lines else label)
        else:
            yield Phrase(factor, f"`{reward}`")

    def of_sum(self, total: Affine) -> Iterator[Phrase]:
        """One phrase for every summand; a field and its twin with opposite signs are progress."""
        left = dict(total.parts)
        for text, (weight, atom) in total.parts.items():
            before = at_now(atom)
            if before is None or text not in left or show(before) not in left:
                continue
            if abs(weight + left[show(before)][0]) <= CLEARLY + 1e-9 * abs(weight):
                del left[text], left[show(before)]
                yield self._progress(weight, before)
        for weight, atom in left.values():
            yield self.of_atom(weight, atom)
        if abs(total.constant) > CLEARLY:
            yield Phrase(total.constant, "every step")

    # ------------------------------------------------------------------ one summand
    def of_atom(self, weight: float, atom: tree.Expr) -> Phrase:
        if (linear := self._field_of(atom)) is not None:
            return self._linear(weight, *linear, atom)
        for shape in (self._distance, self._bump, self._condition, self._monotone, self._gated):
            phrase = shape(weight, atom)
            if phrase is not None:
                return phrase
        return Phrase(weight, f"`{show(atom)}`")

    def _linear(self, weight: float, field: Field, name: str, atom: tree.Expr) -> Phrase:
        if name == "terminated":
            return Phrase(weight, "ending the episode early")
        size = max(abs(field.low), abs(field.high))
        strength = weight * size if 0 < size < math.inf else weight
        high = self._gloss(field, field.high)
        if weight > 0:
            return Phrase(strength, f"a high {self._noun(atom)}" + (f" ({high})" if high else ""))
        low = self._gloss(field, field.low)
        if low:  # the other end has a name, so the negative sign is a wish for that end
            return Phrase(-strength, f"a low {self._noun(atom)} ({low})")
        return Phrase(strength, f"a high {self._noun(atom)}")

    def _progress(self, weight: float, before: tree.Expr) -> Phrase:
        if self._field_of(before) is not None:
            verb = "raising" if weight > 0 else "lowering"
            return Phrase(abs(weight), f"{verb} {self._the(before)}")
        found = self._from_target(before)
        if found is None:
            return Phrase(weight, f"increasing `{show(before)}`")
        _, target, what = found
        if weight > 0:
            return Phrase(weight, f"moving {what} away from {target}")
        return Phrase(-weight, f"bringing {what} closer to {target}")

    def _distance(self, weight: float, atom: tree.Expr) -> Phrase | None:
        """|f - t|, (f - t)^2: the negative sign pays for being near, the positive one for being far."""
        found = self._from_target(atom)
        if found is None:
            return None
        size, target, what = found
        if weight < 0:
            return Phrase(-weight * size, f"keeping {what} near {target}")
        return Phrase(weight * size, f"{what} being far from {target}")

    def _bump(self, weight: float, atom: tree.Expr) -> Phrase | None:
        """exp(-k (f - t)^2) and 1 / (1 + k |f - t|): near a target."""
        inner = inside_bump(atom)
        found = None if inner is None else self._from_target(inner)
        if found is None:
            return None
        _, target, what = found
        return Phrase(
            weight, f"{'keeping ' if weight > 0 else ''}{what}{'' if weight > 0 else ' being'} near {target}"
        )

    def _condition(self, weight: float, atom: tree.Expr) -> Phrase | None:
        text = self._when(atom)
        return None if text is None else Phrase(weight, text)

    def _monotone(self, weight: float, atom: tree.Expr) -> Phrase | None:
        """tanh, sqrt, exp ... of one field: high or low, as the field itself."""
        if not (isinstance(atom, tree.Apply) and atom.op in _RISING):
            return None
        inner = affine(atom.args[0])
        if len(inner.parts) != 1:
            return None
        ((slope, below),) = inner.parts.values()
        if self._field_of(below) is None and self._from_target(below) is None:
            return None
        phrase = self.of_atom(weight * slope, below)
        return replace(phrase, weight=math.copysign(weight, phrase.weight))

    def _gated(self, weight: float, atom: tree.Expr) -> Phrase | None:
        """Recognise condition * something and where(condition, something, 0)."""
        for gate, below in gates(atom):
            when = self._when(gate)
            inner = affine(below)
            if when is None or len(inner.parts) != 1 or abs(inner.constant) > CLEARLY:
                continue
            ((slope, single),) = inner.parts.values()
            phrase = self.of_atom(weight * slope, single)
            if not phrase.text.startswith("`"):
                return replace(phrase, text=f"{phrase.text} while {when.replace(' being', ' is')}")
        return None

    # ------------------------------------------------------------------ words for fields and conditions
    def _from_target(self, expr: tree.Expr) -> tuple[float, str, str] | None:
        """(greatest value, target, what) of |f - t|, (f - t)^2 and |f - g|."""
        inside = inside_distance(expr)
        if inside is None:
            return None
        inner, power = inside
        distance = affine(inner)
        terms = list(distance.parts.values())
        if any(self._field_of(atom) is None for _, atom in terms):
            return None
        if len(terms) == 1:
            ((slope, atom),) = terms
            target = -distance.constant / slope
            size = self._farthest(atom, slope, distance.constant) ** power
            field = self._field_of(atom)
            gloss = self._gloss(field[0], target) if field else ""
            return size, _number(target) + (f" ({gloss})" if gloss else ""), self._the(atom)
        if len(terms) == 2 and abs(distance.constant) <= CLEARLY and abs(terms[0][0] + terms[1][0]) <= 1e-9:
            return 1.0, self._the(terms[1][1]), self._the(terms[0][1])
        return None

    def _farthest(self, atom: tree.Expr, slope: float, constant: float) -> float:
        found = self._field_of(atom)
        ends = () if found is None else (found[0].low, found[0].high)
        sizes = [abs(slope * end + constant) for end in ends if math.isfinite(end)]
        return max(sizes) if len(sizes) == 2 and max(sizes) > 0 else abs(slope)

    def _when(self, expr: tree.Expr) -> str | None:
        """A condition as a noun phrase: "the speed being above 1"."""
        if isinstance(expr, tree.Apply) and expr.op == "and":
            parts = [self._when(arg) for arg in expr.args]
            return None if any(part is None for part in parts) else " and ".join(str(part) for part in parts)
        if isinstance(expr, tree.Apply) and expr.op == "or":
            parts = [self._when(arg) for arg in expr.args]
            return None if any(part is None for part in parts) else " or ".join(str(part) for part in parts)
        if not isinstance(expr, tree.Compare) or len(expr.ops) != 1 or expr.ops[0] not in _SIDES:
            return None
        difference = plus(affine(expr.args[0]), affine(expr.args[1]), -1.0)
        if len(difference.parts) != 1:
            return None
        ((slope, atom),) = difference.parts.values()
        above = (expr.ops[0] in (">", ">=")) == (slope > 0)
        bound = -difference.constant / slope
        if self._field_of(atom) is not None:
            return f"{self._the(atom)} being {'above' if above else 'below'} {_number(bound)}"
        found = self._from_target(atom)
        if found is None or not is_abs(atom):
            return None
        _, target, what = found
        near, of = ("farther than", "from") if above else ("within", "of")
        return f"{what} being {near} {_number(bound)} {of} {target}"

    def _field_of(self, expr: tree.Expr) -> tuple[Field, str] | None:
        """The field that an expression reads alone (one column counts), and the name it is read by."""
        source = expr.source if isinstance(expr, tree.Column) else expr
        if not isinstance(source, tree.Read):
            return None
        base = source.name.removeprefix(NEXT)
        field = self.table.get(base) or self.table.get(source.name) or Field(base)
        return (replace(field, low=-math.inf, high=math.inf) if source is not expr else field), source.name

    def _noun(self, expr: tree.Expr) -> str:
        found = self._field_of(expr)
        if found is None:
            return f"`{show(expr)}`"
        field, _ = found
        noun = _BEFORE_DETAIL.split(field.meaning)[0].strip() or field.name.replace("_", " ")
        return f"{noun} [{expr.index}]" if isinstance(expr, tree.Column) else noun

    def _the(self, expr: tree.Expr) -> str:
        return f"the {self._noun(expr)}"

    @staticmethod
    def _gloss(field: Field, value: float) -> str:
        """The word that the meaning of a field has for a value: ``1 upright, -1 hanging``."""
        for number, word in _GLOSS.findall(field.meaning):
            if math.isclose(float(number), value, abs_tol=1e-9):
                return word
        return ""


_RISING = frozenset({"tanh", "sigmoid", "sqrt", "exp", "log", "arctan"})
_SIDES = ("<", "<=", ">", ">=")


# ---------------------------------------------------------------------- sentences
def _in_order(things: list[str]) -> str:
    return ", then for ".join(things)


def _joined(things: list[str]) -> str:
    return things[0] if len(things) == 1 else f"{', '.join(things[:-1])} and {things[-1]}"


def _number(value: float) -> str:
    return f"{value + 0.0:.3g}" if abs(value) > 1e-9 else "0"
