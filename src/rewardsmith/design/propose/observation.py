"""The code that computes a task's fields from its observation, without success or native reward."""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Callable
from types import CodeType, FunctionType
from typing import Any

from ...core.fields import Field
from ...core.node import Node
from ...core.term import Term
from ...tasks import Task

_OURS = "rewardsmith.core"


def observation_code(task: Task, remark: Callable[[Field], str]) -> str:
    """A function that computes every field, and above it the functions and numbers that it needs.

    The source of a reader is shown as its author wrote it; what success, the native or the naive reward compute
    with is never shown, even where a reader calls it.

    Source: Ma et al., "Eureka", ICLR 2024, arXiv:2310.12931 (environment code as context).
    Differs from the paper: generated from the readers of the fields, instead of cut out of the environment.

    Example:
        >>> from rewardsmith import tasks
        >>> code = observation_code(tasks.load("mountain_car"), lambda field: field.unit)
        >>> "def compute_fields(obs, action, terminated):" in code
        True
    """
    hidden = _codes_of_rewards(task)
    shown: dict[str, str] = {}
    for field in task.fields:
        if isinstance(field.read, FunctionType):
            _collect(field.read, hidden, shown)
    lines = [_line(field, remark) for field in task.table() if field.kind != "next"]
    names = [field.name for field in task.table() if field.kind != "next"]
    body = ["def compute_fields(obs, action, terminated):", *lines, f"    return {', '.join(names)}"]
    numbers = [text for text in shown.values() if not text.startswith("def ")]
    functions = [text for text in shown.values() if text.startswith("def ")]
    head = "\n".join(["# xp(x) is the array library of x; x[..., i] is column i.", *numbers])
    return "\n\n\n".join([head, *functions, "\n".join(body)])


def _line(field: Field, remark: Callable[[Field], str]) -> str:
    if field.name in ("obs", "action", "terminated"):
        return f"    # {field.name}: {_kind(field)}; {remark(field)}"
    source = "action" if field.kind == "action" else "obs"
    if isinstance(field.read, int):
        value = f"{source}[..., {field.read}]"
    else:
        value = f"{getattr(field.read, '__name__', 'read')}({source})"
    return f"    {field.name} = {value}  # {_kind(field)}; {remark(field)}"


def _kind(field: Field) -> str:
    return f"{field.kind}, {f'vector of {field.width}' if field.width else 'one number'}"


def _collect(function: FunctionType, hidden: set[CodeType], shown: dict[str, str]) -> None:
    """Put a function, and before it what it needs, among what is shown."""
    name = function.__name__
    if name in shown:
        return
    shown[name] = ""  # keeps a circle of calls from going on for ever
    needed: dict[str, Any] = {
        each: function.__globals__[each]
        for each in dict.fromkeys(_names(function.__code__))
        if each in function.__globals__
    }
    for each, value in needed.items():
        if isinstance(value, FunctionType) and not value.__module__.startswith(_OURS):
            _collect(value, hidden, shown)
        elif _is_constant(value) and each not in shown:
            shown[each] = f"{each} = {value!r}"
    del shown[name]
    shown[name] = _stub(function) if function.__code__ in hidden else _source(function)


def _source(function: FunctionType) -> str:
    try:
        return textwrap.dedent(inspect.getsource(function)).rstrip()
    except (OSError, TypeError):
        return _stub(function)


def _stub(function: FunctionType) -> str:
    return f"def {function.__name__}{inspect.signature(function)}: ..."


def _names(code: CodeType) -> list[str]:
    inner = [name for const in code.co_consts if isinstance(const, CodeType) for name in _names(const)]
    return [*code.co_names, *inner]


def _is_constant(value: object) -> bool:
    if isinstance(value, tuple):
        return all(_is_constant(each) for each in value)
    return isinstance(value, (int, float, str)) and not isinstance(value, bool)


def _codes_of_rewards(task: Task) -> set[CodeType]:
    """The compiled functions that success and the known rewards are made of."""
    roots = [task.success.signal, task.native, task.naive]
    found: set[CodeType] = set()
    left: list[Node] = [root for root in roots if root is not None]
    while left:
        node = left.pop()
        left += node.children()
        function = getattr(node, "function", None) if isinstance(node, Term) else None
        if isinstance(function, FunctionType):
            found.add(function.__code__)
    return found
