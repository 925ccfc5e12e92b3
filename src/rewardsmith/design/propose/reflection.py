"""Reflection: a change to a reward that answers what its parts paid during training.

The rules are those of Eureka's reward reflection (Ma et al., ICLR 2024, arXiv:2310.12931), applied by
program instead of by a language model: a part that hardly pays is strengthened, replaced or dropped; a
part that drowns the others is weakened; a part that the agent has not learned to earn is replaced.

Differs from the paper: success itself is not shown.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from ...core.fields import Field
from ...program import Grammar, Program, mutate, random_program, tree
from ..candidate import Parent, TermTrace

DOMINATED, DOMINATING, UNLEARNED = 0.02, 0.9, 0.02


def answer(parent: Parent, grammar: Grammar, rng: np.random.Generator) -> Program:
    """One changed program; a plain mutation where the statistics ask for nothing."""
    program = parent.candidate.program
    complaints = [(name, verdict) for name, trace in parent.terms.items() if (verdict := complaint(trace))]
    complaints = [(name, verdict) for name, verdict in complaints if name in program.names]
    if len(program.names) < 2 or not complaints:
        return mutate(program, rng, grammar)
    name, verdict = complaints[int(rng.integers(len(complaints)))]
    if verdict == "dominating":
        return scaled(program, name, float(np.exp(rng.uniform(np.log(0.05), np.log(0.5)))))
    if verdict == "dominated" and rng.random() < 0.5:
        return scaled(program, name, float(np.exp(rng.uniform(np.log(2.0), np.log(20.0)))))
    return replaced(program, name, random_program(grammar, rng), rng, grammar.fields)


def complaint(trace: TermTrace) -> str | None:
    """What a reader of the training log would object to in one part."""
    if trace.share >= DOMINATING:
        return "dominating"
    if trace.share <= DOMINATED:
        return "dominated"
    size = max(abs(trace.early), abs(trace.late))
    if size > 0 and abs(trace.late - trace.early) <= UNLEARNED * size:
        return "unlearned"
    return None


def scaled(program: Program, name: str, factor: float) -> Program:
    """The program with one part multiplied; a leading number of the part is multiplied itself."""
    parts = tuple((n, _times(factor, expr) if n == name else expr) for n, expr in program.parts)
    return Program(parts, program.bindings, program.table)


def replaced(
    program: Program, name: str, other: Program, rng: np.random.Generator, fields: Iterable[Field]
) -> Program:
    """The program with one part dropped, and one part of another program in its place."""
    parts = [(n, tree.inline(expr, program.bindings)) for n, expr in program.parts if n != name]
    taken = {n for n, _ in parts}
    new, expr = other.parts[int(rng.integers(len(other.parts)))]
    free = next(n for n in (new, *(f"{new}_{i}" for i in range(2, 100))) if n not in taken)
    return Program.of((*parts, (free, tree.inline(expr, other.bindings))), (), fields)


def _times(factor: float, expr: tree.Expr) -> tree.Expr:
    factor = float(f"{factor:.4g}")
    if isinstance(expr, tree.Apply) and expr.op == "*" and isinstance(expr.args[0], tree.Number):
        return tree.Apply("*", (tree.Number(float(f"{factor * expr.args[0].value:.4g}")), expr.args[1]))
    return tree.Apply("*", (tree.Number(factor), expr))
