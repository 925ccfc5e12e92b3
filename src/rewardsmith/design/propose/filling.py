"""Filling in: a language model describes what shall be done, then sets parameters from its own description."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from ...core.errors import BadInput, ProgramError
from ...program import Program
from ...terms.judge.verdict import read_object
from ..candidate import Parent
from ..parameters import program_of
from ..spec import RewardSpec, Schema
from .ask import Ask
from .numbers import start_of
from .prompts import load_prompt

JSON = {"type": "json_object"}
NOTHING = "(nothing)"
_WANTED = {"fresh": "set_fresh", "survey": "set_fresh", "crossover": "set_combine"}


def describing(schema: Schema, ask: Ask, instruction: str, seen: str = "", folder: str = "") -> str:
    """The prompt of the descriptor for an ask: parameters, how they are set, what was said, what is wanted.

    Args:
        instruction: what is to be achieved.
        seen: what is known of the first parent besides words.
        folder: of prompts that replace the shipped ones.
    """
    words = [*(note for parent in ask.parents for note in parent.notes), *ask.notes]
    settings = [settings_text(schema, parent) for parent in ask.parents]
    return load_prompt("descriptor", folder).fill(
        parameters=slots_text(schema.slots()),
        settings="\n\n".join(part for part in (*settings, seen) if part) or "(all at its default)",
        words="\n".join(dict.fromkeys(words)) or NOTHING,
        instruction=instruction,
        wanted=load_prompt(_WANTED.get(ask.operator, "set_change"), folder).text,
    )


def coding(slots: Mapping[str, str], description: str, folder: str = "") -> str:
    """The prompt of the coder, who knows the description and nothing else."""
    return load_prompt("coder", folder).fill(parameters=slots_text(slots), description=description)


def slots_text(slots: Mapping[str, str]) -> str:
    """Parameters as a list."""
    return "\n".join(f"- {name}: {meaning}" for name, meaning in slots.items())


def settings_text(schema: Schema, parent: Parent) -> str:
    """What is set for a parent: every parameter of the addends that are in force."""
    spec = start_of(schema, [parent])
    active = [cost for cost in schema.costs if spec[cost.weight] != 0.0]
    lines = [f"- {name}: {spec[name]:.6g}" for cost in active for name in cost.parameters]
    return "\n".join([f"{parent.candidate.id}:", *lines])


def read_numbers(reply: str, known: Sequence[str]) -> dict[str, float]:
    """The numbers in a reply of the coder.

    Raises:
        BadInput: no JSON object, an unknown parameter, or a value that is no number.
    """
    found = read_object(reply)
    if found is None:
        raise BadInput("reply of the coder", repr(reply[:60]), "one JSON object of numbers")
    for name, value in found.items():
        if name not in known:
            raise BadInput("parameter", repr(name), ", ".join(known))
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise BadInput(f"parameter {name}", json.dumps(value)[:40], "a number")
    return {name: float(value) for name, value in found.items()}


def filled_in(reply: str, schema: Schema, ask: Ask, task: Any) -> Program:
    """The program of a reply of the coder: what it mentions is set, the rest is as the first parent has it.

    Raises:
        ProgramError: E_PARAMETER with what is allowed, for anything but parameters within their bounds.
    """
    spec: RewardSpec = start_of(schema, ask.parents)
    try:
        return program_of(spec.filled(read_numbers(reply, tuple(spec.named))), task)
    except ProgramError:
        raise
    except (BadInput, OverflowError) as problem:
        received = f"{getattr(problem, 'what', 'number')}: {getattr(problem, 'received', problem)}"
        allowed = str(getattr(problem, "allowed", "a finite number"))
        raise ProgramError("E_PARAMETER", received, allowed) from None
