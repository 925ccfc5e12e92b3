"""What a language model is told of a task: generated from its typed fields, never from success or the native
reward.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from ...core.errors import BadInput
from ...core.fields import NEXT, Field
from ...tasks import Task
from .abstraction import Abstraction, abstraction_of
from .observation import observation_code
from .prompts import code_fence

UNBOUNDED = "unbounded"
TABLE_HEAD = "| field | kind | columns | unit | from | to | meaning |"
TWINS = (
    f"Every field of kind `state` has a twin `{NEXT}<field>`: its value one step later, after the action. "
    "One row of a batch is one step."
)


@dataclass(frozen=True)
class Description:
    """The description of an environment, and the names that a reply may use instead of fields.

    Args:
        kind: how it was made.
        text: what stands in the prompt.
        names: the map between abstract names and fields, where the description has names of its own.
    """

    kind: str
    text: str
    names: Abstraction | None = None


def describe(task: Task, kind: str = "table") -> Description:
    """The description of a task.

    Args:
        task: its fields are described; its success and native reward are not.
        kind: ``table`` (a table of fields), ``classes`` (typed classes, as in Text2Reward) or ``code`` (how
            each field is computed from the observation, as in Eureka).

    Source: Xie et al., "Text2Reward", ICLR 2024, arXiv:2309.11489; Ma et al., "Eureka", ICLR 2024,
    arXiv:2310.12931.
    Differs from the papers: all three are generated from the fields, none is written by hand.

    Example:
        >>> from rewardsmith import tasks
        >>> print(describe(tasks.load("pendulum")).text.splitlines()[5])
        | upright | state | 1 | 1 | -1 | 1 | cosine of the angle: 1 upright, -1 hanging |
    """
    if kind not in KINDS:
        raise BadInput("description", repr(kind), ", ".join(KINDS))
    return KINDS[kind](task)


def field_table(fields: Iterable[Field]) -> str:
    """Fields as a Markdown table; twins are said in words."""
    rows = [_row(field) for field in fields if field.kind != "next"]
    return "\n".join([TABLE_HEAD, "|---|---|---|---|---|---|---|", *rows])


def _row(field: Field) -> str:
    columns = f"{field.width} (a vector)" if field.width else "1"
    cells = (field.name, field.kind, columns, field.unit, number(field.low), number(field.high))
    return f"| {' | '.join(cells)} | {_cell(field.meaning)} |"


def remark(field: Field) -> str:
    """Unit, bounds and meaning in one comment."""
    if math.isinf(field.low) and math.isinf(field.high):
        bounds = UNBOUNDED
    else:
        bounds = f"{number(field.low)} to {number(field.high)}"
    return f"{field.unit}; {bounds}; {_cell(field.meaning)}"


def number(value: float) -> str:
    """A bound in digits, or that there is none.

    Example:
        >>> number(-8.0), number(float("inf"))
        ('-8', 'unbounded')
    """
    return UNBOUNDED if math.isinf(value) else f"{value:.6g}"


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "/").split())


def _table(task: Task) -> Description:
    return Description("table", f"{field_table(task.table())}\n\n{TWINS}")


def _classes(task: Task) -> Description:
    names = abstraction_of(task.table())
    return Description("classes", code_fence(names.stubs(remark)), names)


def _code(task: Task) -> Description:
    return Description("code", f"{code_fence(observation_code(task, remark))}\n\n{TWINS}")


KINDS: dict[str, Callable[[Task], Description]] = {"table": _table, "classes": _classes, "code": _code}
