"""catalogue: every transform and ready-made combination, described by itself."""

from __future__ import annotations

import inspect
import re
import sys
from dataclasses import dataclass
from typing import Any

from ..core.algebra import Reward, Transform
from ..core.errors import BadInput


@dataclass(frozen=True)
class Entry:
    """One row of the catalogue.

    Args:
        name: how it is written.
        kind: ``transform`` (follows a reward after ``|``) or ``reward`` (stands where a reward stands).
        meaning: one line.
        formula: the first paragraph of its documentation.
        scope: the smallest unit that it must see whole: STEP, EPISODE or GROUP.
        laws: what it promises, in words; of each example where they differ.
        fields: what its first example reads besides the reward.
        example: its first example as text.
        source: the publication, or nothing.
    """

    name: str
    kind: str
    meaning: str
    formula: str
    scope: str
    laws: str
    fields: tuple[str, ...]
    example: str
    source: str


def catalogue() -> tuple[Entry, ...]:
    """All that ``rewardsmith.transforms`` exports, by name.

    Example:
        >>> next(each for each in catalogue() if each.name == "Clip").laws
        'may change optimal policies, keeps the order, within [-1, 1]; within [0, 0.5]'
    """
    return tuple(_describe(kind) for kind in _classes())


def example_transforms() -> tuple[Transform, ...]:
    """Small valid instances of all of them: what laws are checked on."""
    return tuple(each for kind in _classes() if issubclass(kind, Transform) for each in kind.examples())


def find(name: str) -> Entry:
    """The entry of a name; case does not matter.

    Raises:
        BadInput: there is none.
    """
    entries = {each.name.lower(): each for each in catalogue()}
    if name.lower() not in entries:
        raise BadInput("transform", repr(name), ", ".join(each.name for each in entries.values()))
    return entries[name.lower()]


def _classes() -> list[type[Any]]:
    package: Any = sys.modules[__package__ or ""]
    exported = {getattr(package, name) for name in package.__all__}
    classes = [each for each in exported if inspect.isclass(each) and issubclass(each, (Transform, Reward))]
    return sorted(classes, key=lambda kind: kind.__name__)


def _describe(kind: type[Any]) -> Entry:
    text = inspect.getdoc(kind) or ""
    first = " ".join(text.partition("\n\n")[0].split())
    head, _, rest = (sys.modules[kind.__module__].__doc__ or "").partition("\n")[0].partition(": ")
    written = kind.written or kind.__name__
    examples: tuple[Any, ...] = kind.examples()
    source = re.search(r"^Source: (.*?)(?=\n\s*\n|\n[A-Z][a-z ]+:|\Z)", text, re.MULTILINE | re.DOTALL)
    return Entry(
        name=written,
        kind="transform" if issubclass(kind, Transform) else "reward",
        meaning=rest.rstrip(".") if head in (kind.__name__, written) else first.rstrip("."),
        formula=first,
        scope=" or ".join(dict.fromkeys(each.scope.name for each in examples)),
        laws=_laws(examples),
        fields=tuple(sorted(examples[0].fields)),
        example=str(examples[0]),
        source=" ".join(source.group(1).split()) if source else "",
    )


def _laws(examples: tuple[Any, ...]) -> str:
    """The laws of the first example, and what other examples promise beyond."""
    said: list[str] = []
    seen: set[str] = set()
    for example in examples:
        laws = example.laws.describe() if isinstance(example, Transform) else ""
        fresh = [word for word in re.split(r", (?=[a-z])", laws) if word and word not in seen]
        seen.update(fresh)
        said += [", ".join(fresh)] * bool(fresh)
    return "; ".join(said)
