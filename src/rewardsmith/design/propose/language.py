"""What a language model is told of the reward language, made from the tables that the parser itself uses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...program.codes import CODES
from ...program.functions import ARITHMETIC, COMPARISONS, FUNCTIONS, LOGIC, signature
from ...program.program import MAX_DEPTH, MAX_PARTS
from ...program.scan import MAX_LENGTH
from .abstraction import Abstraction
from .prompts import load_prompt


def language_text(
    kind: str = "programs", names: Abstraction | None = None, compose: str = "sum", folder: str = ""
) -> str:
    """The rules of what may be written.

    Args:
        kind: ``programs`` of the reward language, or sandboxed ``python``.
        names: where fields have other names in the prompt.
        compose: ``sum`` of the parts, or ``signs`` of the parts ``sparse`` and ``dense``.
        folder: of prompts that replace the shipped ones.

    Example:
        >>> text = language_text()
        >>> all(f"`{signature(name)}`" in text for name in FUNCTIONS) and all(code in text for code in CODES)
        True
    """
    said = _python(names, folder) if kind == "python" else _programs(names, folder)
    return f"{said}\n\n{load_prompt('signs', folder).text}" if compose == "signs" else said


def _programs(names: Abstraction | None, folder: str) -> str:
    functions = [f"- `{signature(name)}`: {each.meaning}" for name, each in FUNCTIONS.items()]
    return load_prompt("language_programs", folder).fill(
        arguments=_arguments(names),
        reads=_reads(names),
        functions="\n".join(functions),
        arithmetic=" ".join(ARITHMETIC),
        comparisons=" ".join(COMPARISONS),
        logic=", ".join(LOGIC),
        parts=MAX_PARTS,
        depth=MAX_DEPTH,
        characters=MAX_LENGTH,
        codes=_listed(CODES),
    )


def _python(names: Abstraction | None, folder: str) -> str:
    from ...sandbox.codes import CODES as PYTHON_CODES
    from ...sandbox.codes import MODULES

    return load_prompt("language_python", folder).fill(
        arguments=_arguments(names),
        reads=_reads(names),
        modules=", ".join(MODULES),
        codes=_listed(PYTHON_CODES),
    )


def _listed(codes: Mapping[str, Any]) -> str:
    lines = [f"- {code}: {each.meaning}; write instead: {each.allowed}" for code, each in codes.items()]
    return "\n".join(lines)


def _arguments(names: Abstraction | None) -> str:
    return "<fields>" if names is None else ", ".join(name for _, name in names.objects)


def _reads(names: Abstraction | None) -> str:
    return "" if names is None else ", as attributes of these objects (`before.x` for the field x)"
