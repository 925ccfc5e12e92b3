"""Fields: the named arrays that rewards read."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from .arrays import Array, Batch
from .errors import BadInput, MissingField

Kind = Literal["state", "next", "action", "flag"]
NEXT = "next_"


@dataclass(frozen=True)
class Field:
    """One named array of a batch.

    Args:
        name: a Python identifier, as terms and programs write it.
        unit: ``"m"``, ``"rad"``, ``"m/s"``, ``"1"`` ...; programs add and compare like units only.
        low, high: bounds of the values (may be infinite).
        meaning: one sentence for people and for language models.
        width: 0 for one number per step, shape ``(...)``; k for k columns, shape ``(..., k)``.
        kind: ``state`` fields have a twin ``next_<name>`` of kind ``next``; ``action`` and ``flag``
            fields have none.
        read: how a task obtains it: a column of ``obs`` (or of ``action`` for action fields), or a
            module-level pure function of that array.  None where the batch brings it along.
    """

    name: str
    unit: str = "1"
    low: float = -math.inf
    high: float = math.inf
    meaning: str = ""
    width: int = 0
    kind: Kind = "state"
    read: int | Callable[[Array], Array] | None = None

    def __post_init__(self) -> None:
        if not self.name.isidentifier() or self.name.startswith("_"):
            raise BadInput("field name", repr(self.name), "a Python identifier without a leading underscore")
        if self.kind == "state" and self.name.startswith(NEXT):
            raise BadInput(
                "field name", repr(self.name), "a name without 'next_'", "the twin is made by the task"
            )
        if math.isnan(self.low) or math.isnan(self.high) or self.low > self.high:
            raise BadInput(f"bounds of field {self.name}", f"[{self.low}, {self.high}]", "low <= high")
        if self.width < 0:
            raise BadInput(f"width of field {self.name}", self.width, "0 (a number) or the number of columns")

    def of(self, source: Array) -> Array:
        """Read this field from an ``obs`` (or ``action``) array of shape ``(..., D)``."""
        if self.read is None:
            raise BadInput(f"field {self.name}", "no 'read'", "a column or a function of obs")
        return source[..., self.read] if isinstance(self.read, int) else self.read(source)

    @property
    def twin(self) -> Field:
        """The same field one step later."""
        if self.kind != "state":
            raise BadInput(
                "twin", f"the {self.kind} field {self.name}", "state fields", "only states have a next value"
            )
        meaning = f"{self.meaning}, one step later"
        return replace(self, name=NEXT + self.name, meaning=meaning, kind="next")


def with_twins(fields: Iterable[Field]) -> tuple[Field, ...]:
    """Every field, and after the state fields their twins: what a reward may read."""
    fields = tuple(fields)
    return fields + tuple(field.twin for field in fields if field.kind == "state")


def read_field(batch: Batch, name: str, reader: object) -> Any:
    """``batch[name]``, or an error that names the reader and what the batch has."""
    try:
        return batch[name]
    except KeyError:
        why = "the twin of a state field" if name.startswith(NEXT) else ""
        raise MissingField(name, str(reader), ", ".join(sorted(batch)) or "nothing", why) from None


def at_next_fields(batch: Batch, names: Iterable[str], reader: object) -> Mapping[str, Any]:
    """A view of ``batch`` in which each name stands for its twin."""
    return {name: read_field(batch, NEXT + name, reader) for name in names}


def fields_to_json(fields: Iterable[Field]) -> list[dict[str, Any]]:
    """Fields without meaning and reader, as a stored reward keeps them; bounds as text: JSON has no infinity.

    Example:
        >>> fields_from_json(fields_to_json([Field("angle", "rad", low=-1.0)]))[0].low
        -1.0
    """
    columns = ("name", "unit", "width", "kind")
    return [
        {**{name: getattr(field, name) for name in columns}, "low": repr(field.low), "high": repr(field.high)}
        for field in fields
    ]


def fields_from_json(rows: Iterable[Mapping[str, Any]]) -> tuple[Field, ...]:
    """What ``fields_to_json`` wrote."""
    return tuple(
        Field(row["name"], row["unit"], float(row["low"]), float(row["high"]), "", row["width"], row["kind"])
        for row in rows
    )
