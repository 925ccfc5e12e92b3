"""Variation of programs: ``mutate`` and ``crossover``.  Results are always valid programs."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ..core.errors import ProgramError
from ..core.fields import Field
from . import tree
from .generate import Draw, add_part, exp_square, random_program, reads_fields, rounded
from .grammar import Grammar, Prior, Signal
from .program import MAX_PARTS, Program
from .shapes import Type, infer, infer_all
from .tree import Apply, Column, Compare, Expr, Number, Read, negate
from .units import alike

_TRIES = 12
_SPREAD = 0.5
_SHARE = 0.3


def mutate(
    program: Program, rng: np.random.Generator, grammar: Grammar, kinds: Sequence[str] | None = None
) -> Program:
    """A neighbour of a program: never the same, always valid.

    One of: numbers multiplied by ``exp(0.5 z)``; a signal exchanged for another of its unit; a term
    replaced, added, dropped, wrapped in a shaping function, or calmed (motion or effort costs something, or a
    term is paid only where something moves slowly).  Exponents are left alone, because
    ``x ** 1.9`` is undefined where ``x ** 2`` was not.

    Args:
        kinds: only these changes, with equal odds: ``numbers``, ``signal``, ``replace``, ``add``, ``drop``,
            ``wrap``, ``calm``; all, with the grammar's odds, if None.  Where none of them applies, the result
            is a random program.
    """
    draw = Draw(grammar, rng, Prior(grammar))
    for _ in range(_TRIES):
        kind = draw.option("mutation") if kinds is None else kinds[int(rng.integers(len(kinds)))]
        try:
            found = _MUTATIONS[kind](program, draw)
        except (ProgramError, _NothingToDo):
            continue
        if found != program:
            return found
    return random_program(grammar, rng)


def crossover(a: Program, b: Program, rng: np.random.Generator, max_terms: int = 6) -> Program:
    """A child of two programs: terms of both, or ``a`` with a subexpression of ``b`` that fits."""
    for _ in range(_TRIES):
        try:
            child = _mix(a, b, rng, max_terms) if rng.random() < 0.7 else _graft(a, b, rng)
        except (ProgramError, _NothingToDo):
            continue
        return child
    return a


def movable_numbers(program: Program) -> tuple[str, ...]:
    """Names (as in ``numbers()``) that may be changed: all but exponents.

    ``x ** 1.9`` is undefined where ``x ** 2`` was not.

    Example:
        >>> from rewardsmith.program import parse
        >>> movable_numbers(parse("-0.5 * angle ** 2", [Field("angle")]))
        ('program.reward.c0',)
    """
    flags = [flag for _, expr in (*program.bindings, *program.parts) for flag in _movable(expr)]
    return tuple(name for name, flag in zip(program.numbers(), flags, strict=True) if flag)


class _NothingToDo(Exception):
    """This kind of change does not apply here."""


# ---------------------------------------------------------------------- mutations
def _numbers(program: Program, draw: Draw) -> Program:
    movable = [move for _, expr in (*program.bindings, *program.parts) for move in _movable(expr)]
    places = [i for i, move in enumerate(movable) if move]
    if not places:
        raise _NothingToDo
    chosen = {i for i in places if draw.rng.random() < _SHARE} or {int(draw.rng.choice(places))}
    values = list(program.own_numbers().items())
    new = {name: _moved(value, draw.rng) if i in chosen else value for i, (name, value) in enumerate(values)}
    return program.with_own(new, ())


def _moved(value: float, rng: np.random.Generator) -> float:
    if value == 0:
        return rounded(0.1 * rng.standard_normal())
    moved = rounded(value * math.exp(_SPREAD * rng.standard_normal()))
    moved = -moved if rng.random() < 0.03 else moved
    return moved if math.isfinite(moved) and moved else value


def _movable(expr: Expr, exponent: bool = False) -> list[bool]:
    """For each number, in order: may it be changed?"""
    if isinstance(expr, Number):
        return [not exponent]
    power = isinstance(expr, Apply) and expr.op == "**"
    below = tree.children(expr)
    return [m for i, child in enumerate(below) for m in _movable(child, exponent or (power and i == 1))]


def _signal(program: Program, draw: Draw) -> Program:
    places = [
        (p, path)
        for p, (_, expr) in enumerate(program.parts)
        for path, node in _paths(expr)
        if _leaf_width(node, program) == 0
    ]
    if not places:
        raise _NothingToDo
    p, path = places[int(draw.rng.integers(len(places)))]
    known = {field.name: field for field in program.table}
    old = _at(program.parts[p][1], path)
    unit = infer(old, known, {}).unit
    states = draw.grammar.states
    options = [(s.label, expr) for s in states if alike(s.unit, unit) for expr in _forms(s) if expr != old]
    if not options:
        raise _NothingToDo
    label, new = options[int(draw.rng.integers(len(options)))]
    name, host = program.parts[p]
    known_as = next((s.label for s in states if old in _forms(s)), None)
    parts = list(program.parts)
    del parts[p]
    # The name goes on saying what the term looks at.
    add_part(parts, name if known_as is None else name.replace(known_as, label, 1), _put(host, path, new))
    return _built(program, parts, draw.grammar.fields)


def _replace(program: Program, draw: Draw) -> Program:
    p = int(draw.rng.integers(len(program.parts)))
    parts = [part for i, part in enumerate(program.parts) if i != p]
    add_part(parts, *draw.term())
    return _built(program, parts, draw.grammar.fields)


def _add(program: Program, draw: Draw) -> Program:
    if len(program.parts) >= draw.grammar.max_terms:
        raise _NothingToDo
    parts = list(program.parts)
    add_part(parts, *draw.term())
    return _built(program, parts, draw.grammar.fields)


def _drop(program: Program, draw: Draw) -> Program:
    if len(program.parts) < 2:
        raise _NothingToDo
    p = int(draw.rng.integers(len(program.parts)))
    return _built(program, [part for i, part in enumerate(program.parts) if i != p], draw.grammar.fields)


def _wrap(program: Program, draw: Draw) -> Program:
    p = int(draw.rng.integers(len(program.parts)))
    expr, how = program.parts[p][1], draw.option("wrap")
    if how == "tanh":
        new: Expr = Apply("tanh", (expr,))
    elif how == "near":
        new = Apply("exp", (negate(Apply("abs", (expr,))),))
    else:
        signal = draw.signal()
        level = rounded(signal.target("middle") + signal.scale * float(draw.rng.uniform(-0.8, 0.8)))
        test = Compare((">",), (signal.expr, Number(level)))
        new = Apply("where", (test, expr, Number(0.0)))
    return _with_part(program, p, new, draw.grammar.fields, how)


def _calm(program: Program, draw: Draw) -> Program:
    """Half of the time a cost on a rate or an effort, in proportion to what is paid; else a factor that is 1
    only where a rate is near 0.  People add such a cost to nearly every reward that aims at something.
    """
    rates = [signal for signal in draw.grammar.states if signal.is_rate]
    slow = bool(rates) and draw.rng.random() < 0.5
    moving = rates if slow else [*rates, *draw.grammar.actions]
    if not moving:
        raise _NothingToDo
    signal = moving[int(draw.rng.integers(len(moving)))]
    if slow:
        p = int(draw.rng.integers(len(program.parts)))
        near = exp_square(signal.expr, draw.width(signal))
        calmed = Apply("*", (program.parts[p][1], near))
        return _with_part(program, p, calmed, draw.grammar.fields, f"slow_{signal.label}")
    if len(program.parts) >= draw.grammar.max_terms:
        raise _NothingToDo
    share = 0.03 * 33 ** float(draw.rng.random())
    weight = Number(rounded(-share * _largest_weight(program) / signal.scale**2))
    parts = list(program.parts)
    add_part(parts, f"{signal.label}_cost", Apply("*", (weight, Apply("square", (signal.expr,)))))
    return _built(program, parts, draw.grammar.fields)


def _largest_weight(program: Program) -> float:
    """Of the numbers in front of the parts; 1 where a part has none."""
    found = [
        abs(expr.args[0].value)
        if isinstance(expr, Apply) and expr.op == "*" and isinstance(expr.args[0], Number)
        else 1.0
        for _, expr in program.parts
    ]
    return max(found)


_MUTATIONS = {
    "numbers": _numbers, "signal": _signal, "replace": _replace, "add": _add, "drop": _drop, "wrap": _wrap,
    "calm": _calm,
}  # fmt: skip


# ---------------------------------------------------------------------- crossover
def _mix(a: Program, b: Program, rng: np.random.Generator, max_terms: int) -> Program:
    ours, theirs = list(a.parts), [(name, tree.inline(expr, b.bindings)) for name, expr in b.parts]
    if len(ours) + len(theirs) < 2:
        raise _NothingToDo
    keep_a = [part for part in ours if rng.random() < 0.6] or [ours[int(rng.integers(len(ours)))]]
    keep_b = [part for part in theirs if rng.random() < 0.6] or [theirs[int(rng.integers(len(theirs)))]]
    parts: list[tuple[str, Expr]] = []
    for name, expr in (*keep_a, *keep_b):
        if len(parts) < min(max_terms, MAX_PARTS) and all(expr != known for _, known in parts):
            add_part(parts, name, expr)
    return _built(a, parts, (*a.table, *b.table))


def _graft(a: Program, b: Program, rng: np.random.Generator) -> Program:
    p = int(rng.integers(len(a.parts)))
    host = a.parts[p][1]
    donors = [node for _, part in b.parts for node in tree.walk(tree.inline(part, b.bindings))]
    places = _typed_paths(host, a)
    if not places:
        raise _NothingToDo
    path, old = places[int(rng.integers(len(places)))]
    known = {field.name: field for field in b.table}
    fitting = [node for node in donors if reads_fields(node) and _fits(infer(node, known, {}), old)]
    if not fitting:
        raise _NothingToDo
    new = fitting[int(rng.integers(len(fitting)))]
    return _with_part(a, p, _put(host, path, new), (*a.table, *b.table), "mix")


def _typed_paths(host: Expr, program: Program) -> list[tuple[tuple[int, ...], Type]]:
    """Places below which something reads a field, with their types."""
    known = {field.name: field for field in program.table}
    local = infer_all(program.bindings, known)
    return [(path, infer(node, known, local)) for path, node in _paths(host) if reads_fields(node)]


def _fits(new: Type, old: Type) -> bool:
    return new.width == old.width and new.boolean == old.boolean and alike(new.unit, old.unit)


# ---------------------------------------------------------------------- surgery
def _built(program: Program, parts: list[tuple[str, Expr]], fields: tuple[Field, ...]) -> Program:
    known = {field.name: field for field in (*fields, *program.table)}
    return Program.of(tuple(parts), program.bindings, known.values())


def _with_part(program: Program, p: int, expr: Expr, fields: tuple[Field, ...], change: str) -> Program:
    """One part exchanged; its name says that it is no longer what it was called."""
    parts = list(program.parts)
    name = parts.pop(p)[0]
    add_part(parts, name if name.endswith(change) else f"{name}_{change}"[-60:].lstrip("_0123456789"), expr)
    return _built(program, parts, fields)


def _paths(expr: Expr, path: tuple[int, ...] = ()) -> list[tuple[tuple[int, ...], Expr]]:
    found = [(path, expr)]
    for i, child in enumerate(tree.children(expr)):
        found += _paths(child, (*path, i))
    return found


def _at(expr: Expr, path: tuple[int, ...]) -> Expr:
    for i in path:
        expr = tree.children(expr)[i]
    return expr


def _put(expr: Expr, path: tuple[int, ...], new: Expr) -> Expr:
    if not path:
        return new
    below = list(tree.children(expr))
    below[path[0]] = _put(below[path[0]], path[1:], new)
    return tree.with_children(expr, tuple(below))


def _leaf_width(node: Expr, program: Program) -> int:
    """0 for a field of one number per row and for a column; -1 for everything else."""
    if isinstance(node, Column) and isinstance(node.source, Read):
        return 0
    widths = {field.name: field.width for field in program.table}
    return 0 if isinstance(node, Read) and widths[node.name] == 0 else -1


def _forms(signal: Signal) -> list[Expr]:
    return [signal.expr] if signal.later is None else [signal.expr, signal.later]
