"""Composition by signs: a writer chooses only what is good and what is bad, never how much (Auto MC-Reward)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ..program import Program, tree
from ..program.tree import Apply, Compare, Expr, Local, Number
from .candidate import Parent
from .propose.ask import Ask, Draft

DENSE = 0.1
DEAD = 1e-9
_WRAPPER = """

def signs_of_parts({fields}):
    found = {function}({given})
    parts = found[1] if isinstance(found, tuple) else found
    signs = {{name: np.where(np.abs(parts[name]) <= {dead!r}, 0.0, np.sign(parts[name])) for name in parts}}
    return {{"sparse": signs["sparse"], "dense": {dense!r} * signs["dense"]}}
"""


def signs(program: Program, dense: float = DENSE, dead: float = DEAD) -> Program:
    """``sign(sparse) + dense * sign(sum of all other parts)``.

    Values of size up to ``dead`` count as 0, since the sign of rounding errors means nothing; NaN stays NaN.
    With dense = 0.1 a step pays 0, +-0.1, +-0.9, +-1 or +-1.1.  What is composed already stays as it is.

    Source: Li et al., "Auto MC-Reward", CVPR 2024, arXiv:2312.09238.
    Differs from the paper: the dead band.  Many dense steps can still outweigh the sparse reward: more than 10.

    Example:
        >>> import numpy as np
        >>> from rewardsmith.core.fields import Field
        >>> from rewardsmith.program import parse
        >>> program = parse("return {'sparse': 50 * x, 'far': -y, 'fast': 9 * x}", [Field("x"), Field("y")])
        >>> signs(program)({"x": np.array([0.0, 1.0]), "y": np.array([3.0, -2.0])}).tolist()
        [-0.1, 1.1]
    """
    if _is_composed(program, dense, dead):
        return program
    parts = [(name, tree.inline(expr, program.bindings)) for name, expr in program.parts]
    groups: dict[str, list[Expr]] = {"sparse": [], "dense": []}
    for name, expr in parts:
        groups["sparse" if name == "sparse" else "dense"].append(expr)
    bindings, composed = list[tuple[str, Expr]](), list[tuple[str, Expr]]()
    for name, exprs in groups.items():
        if not exprs:
            continue
        whole = exprs[0]
        for expr in exprs[1:]:
            whole = Apply("+", (whole, expr))
        bindings.append((f"{name}_value", whole))
        composed.append((name, _sign(f"{name}_value", 1.0 if name == "sparse" else dense, dead)))
    return Program.of(tuple(composed), tuple(bindings), program.table)


def python_signs(reward: Any, dense: float = DENSE, dead: float = DEAD) -> Any:
    """The same for a ``PythonReward`` of the parts ``sparse`` and ``dense``: a function around its function."""
    if reward.function == "signs_of_parts":
        return reward
    names = [each.name for each in reward.table]
    wrapper = _WRAPPER.format(
        fields=", ".join(names),
        given=", ".join(f"{name}={name}" for name in names),
        function=reward.function,
        dense=dense,
        dead=dead,
    )
    return replace(reward, source=reward.source + wrapper, function="signs_of_parts")


def composed(draft: Draft, compose: str) -> Draft:
    """The draft as it is trained."""
    if compose != "signs" or draft.program is None:
        return draft
    made = signs(draft.program) if isinstance(draft.program, Program) else python_signs(draft.program)
    return replace(draft, program=made)


def plain(program: Program) -> Program:
    """What was composed, as it was before: the parts ``sparse`` and ``dense`` without their signs.

    Example:
        >>> from rewardsmith.core.fields import Field
        >>> from rewardsmith.program import parse
        >>> program = parse("return {'sparse': x, 'dense': -y}", [Field("x"), Field("y")])
        >>> plain(signs(program)) == program == plain(program)
        True
    """
    if not _is_composed(program, DENSE, DEAD):
        return program
    parts = [(name, _under(expr)) for name, expr in program.parts]
    return Program.of(
        tuple((name, tree.inline(expr, program.bindings)) for name, expr in parts), (), program.table
    )


def uncomposed(ask: Ask, compose: str) -> Ask:
    """The ask with parents as they were written: a writer who changed signs of signs would change nothing."""
    if compose != "signs" or ask.numbers:
        return ask
    return replace(ask, parents=tuple(_written(parent) for parent in ask.parents))


def _written(parent: Parent) -> Parent:
    program = parent.candidate.program
    written = plain(program) if isinstance(program, Program) else _python_plain(program)
    return replace(parent, candidate=replace(parent.candidate, program=written))


def _python_plain(reward: Any) -> Any:
    if reward.function != "signs_of_parts":
        return reward
    source, _, wrapper = reward.source.rpartition("\n\ndef signs_of_parts(")
    function = wrapper.partition("found = ")[2].partition("(")[0]
    return replace(reward, source=source, function=function)


def _under(expr: Expr) -> Expr:
    """The local name whose sign a composed part is."""
    return next(node for node in tree.walk(expr) if isinstance(node, Local))


def _sign(name: str, weight: float, dead: float) -> Expr:
    value = Local(name)
    tiny = Compare(("<=",), (Apply("abs", (value,)), Number(dead)))
    sign = Apply("where", (tiny, Number(0.0), Apply("sign", (value,))))
    return sign if weight == 1.0 else Apply("*", (Number(weight), sign))


def _is_composed(program: Program, dense: float, dead: float) -> bool:
    bound = [name for name, _ in program.bindings]  # Program.of renames those that would hide a field
    return all(
        name in ("sparse", "dense")
        and any(expr == _sign(local, 1.0 if name == "sparse" else dense, dead) for local in bound)
        for name, expr in program.parts
    )
