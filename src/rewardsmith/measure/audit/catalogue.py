"""All attacks, relations and codes of the audit."""

from __future__ import annotations

from ..check.finding import Code
from . import behaviour, hidden, judges, nothing, same, wrong
from .attack import Attack, Relation


def attacks() -> tuple[Attack, ...]:
    """Every attack, in the order in which they are reported.

    Example:
        >>> len(attacks()) > 20, attacks()[0].name
        (True, 'empty')
    """
    return (*nothing.ATTACKS, *hidden.ATTACKS, *wrong.ATTACKS, *judges.ATTACKS)


def relations() -> tuple[Relation, ...]:
    """Every relation that a right answer should survive."""
    return same.RELATIONS


def codes() -> dict[str, Code]:
    """Every code of the audit, by its four characters."""
    every = (*behaviour.CODES, *(each.code for each in (*attacks(), *relations())))
    return {code.code: code for code in sorted(every, key=lambda code: code.code)}
