"""What the scripted model understands of a prompt: the fields, the programs, the curves, what is asked for."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ...core.errors import BadInput, ProgramError
from ...core.fields import Field, Kind, with_twins
from ...program import Program, parse
from ..candidate import TermTrace
from ..propose.abstraction import Abstraction, abstraction_of
from ..propose.describe import TABLE_HEAD, UNBOUNDED

Messages = Sequence[Mapping[str, str]]
ECHO = "#: "
_FENCE = re.compile(r"(?m)^(`{3,})python\n(.*?)\n\1$", re.DOTALL)
_ROW = re.compile(r"(?m)^\| (\w+) \| (\w+) \| (\d+)( \(a vector\))? \| (\S+) \| (\S+) \| (\S+) \| (.*) \|$")
_STUB = re.compile(r"^    (\w+): (?:float|Vector\[(\d+)\])  # (\S+); (.*?); (.*)$")
_QUOTED = re.compile(r"<<<\w+ ([0-9a-f]{16})\n.*?\n\1>>>", re.DOTALL)
_LINE = re.compile(
    r"(?m)^    (?:# )?(\w+)(?: = .*?  #|:) (state|action|flag), (?:one number|vector of (\d+)); "
    r"(\S+); (.*?); (.*)$"
)
_OBSERVE = re.compile(r"# observe: (.+)")
_CURVE = re.compile(r"(?m)^- (\w+): (-?\d[^;\n]*); max ")
_SLOT = re.compile(r"(?m)^- (\w+): \[NUM: (\S+) to (\S+) ")
_KINDS = {"State": "state", "Act": "action", "Episode": "flag"}
# What a prompt asks for is known by its own words, not by those that it quotes; the first that fits names it.
_PHRASES = (
    ('"critique":', "critic"),
    ('"suggestion":', "analyzer"),
    ("differs from the older one", "difference"),
    ("set the parameters of a planner", "coder"),
    ("describe what a robot shall do", "descriptor"),
    ("one part only", "survey"),
    ("numbers only", "numbers"),
    ("different structure", "structure"),
    ("in a different way", "different"),
    ("come next on this line", "path"),
    ("Combine them", "crossover"),
    ("improved reward", "improve"),
)
REPAIR = "cannot be used"


@dataclass(frozen=True)
class Understood:
    """A prompt as the scripted model understands it.

    Args:
        fields: what a reward may read.
        names: abstract names, where the prompt describes classes.
        asked: an operator or a role.
        programs: the rewards in the prompt, in order.
        curves: what the parts of the last reward paid.
        python: replies are NumPy.
        json: replies are JSON.
        signs: the reward has the parts ``sparse`` and ``dense``.
        observe: the reply also says what the agent sees.
        parameters: (name, low, high) of what can be set.
        text: the last message.
        observed: what it says in the last code of the prompt, if any.
    """

    fields: tuple[Field, ...]
    names: Abstraction | None
    asked: str
    programs: tuple[Program, ...]
    curves: tuple[tuple[str, TermTrace], ...]
    python: bool
    json: bool
    signs: bool
    observe: bool
    parameters: tuple[tuple[str, float, float], ...] = ()
    text: str = ""
    observed: tuple[str, ...] | None = None


def understand(messages: Messages) -> Understood:
    """Read a conversation."""
    said = [message["content"] for message in messages]
    system = said[0] if messages[0]["role"] == "system" else ""
    asking = _without_repairs(messages)
    last = asking[-1]["content"]
    fields, names = _fields("\n".join(said))
    own = _QUOTED.sub("", last)
    asked = next((kind for phrase, kind in _PHRASES if phrase in own), "fresh")
    return Understood(
        fields,
        names,
        asked,
        _programs([each for each in asking if each["role"] != "system"], fields, names),
        _curves(last),
        "Python with NumPy" in system,
        "one JSON object" in system or "one JSON object" in last,
        'exactly two parts: `return {"sparse"' in system,
        "# observe:" in system,
        tuple((name, float(low), float(high)) for name, low, high in _SLOT.findall(last)),
        last,
        _observed("\n".join(each["content"] for each in asking if each["role"] != "system")),
    )


def _observed(text: str) -> tuple[str, ...] | None:
    found = [match[1] for _, code in _FENCE.findall(text) if (match := _OBSERVE.match(code))]
    return tuple(found[-1].split(", ")) if found else None


def _without_repairs(messages: Messages) -> list[Mapping[str, str]]:
    """The conversation without refused replies and why they were refused."""
    kept = list(messages)
    while len(kept) > 2 and REPAIR in kept[-1]["content"] and kept[-2]["role"] == "assistant":
        kept = kept[:-2]
    return kept


# ---------------------------------------------------------------------- fields
def _fields(text: str) -> tuple[tuple[Field, ...], Abstraction | None]:
    """The fields that a description names, with their twins, and the names that it gives them."""
    if TABLE_HEAD in text:
        table = text.split(TABLE_HEAD, 1)[1].split("\n\n", 1)[0]
        rows = [
            _field(name, kind, unit, _bounds(low, high), meaning, int(columns) if vector else 0)
            for name, kind, columns, vector, unit, low, high, meaning in _ROW.findall(table)
        ]
        return with_twins(rows), None
    if "class State:" in text:
        fields = with_twins(_stubs(text))
        return fields, abstraction_of(fields)
    if "def compute_fields(" in text:
        body = text.split("def compute_fields(", 1)[1].split("    return ", 1)[0]
        rows = [
            _field(name, kind, unit, _said_bounds(bounds), meaning, int(width or 0))
            for name, kind, width, unit, bounds, meaning in _LINE.findall(body)
        ]
        return with_twins(rows), None
    return (), None


def _stubs(text: str) -> list[Field]:
    kind, found = "", list[Field]()
    for line in text.split("class State:", 1)[1].split("\ndef reward(", 1)[0].split("\n"):
        if head := re.match(r"class (\w+):", line):
            kind = _KINDS.get(head[1], "")
        elif match := _STUB.match(line):
            name, width, unit, bounds, meaning = match.groups()
            found.append(_field(name, kind or "state", unit, _said_bounds(bounds), meaning, int(width or 0)))
    return found


def _field(name: str, kind: str, unit: str, bounds: tuple[float, float], meaning: str, width: int) -> Field:
    known: dict[str, Kind] = {"state": "state", "action": "action", "flag": "flag"}
    if kind not in known:
        raise BadInput("kind of a field in a prompt", repr(kind), ", ".join(known))
    return Field(name, unit, *bounds, meaning, width, known[kind])


def _said_bounds(text: str) -> tuple[float, float]:
    low, _, high = text.partition(" to ")
    return _bounds(low, high or UNBOUNDED)


def _bounds(low: str, high: str) -> tuple[float, float]:
    return (
        -math.inf if low == UNBOUNDED else float(low),
        math.inf if high == UNBOUNDED else float(high),
    )


# ---------------------------------------------------------------------- programs and curves
def _programs(messages: Messages, fields: tuple[Field, ...], names: Abstraction | None) -> tuple[Program, ...]:
    """Every reward that the conversation shows."""
    found: list[Program] = []
    for message in messages:
        for _, code in _FENCE.findall(message["content"]):
            echoed = [line.removeprefix(ECHO) for line in code.split("\n") if line.startswith(ECHO)]
            source = "\n".join(echoed) or code
            try:
                text = source if names is None or echoed else names.to_fields(source).text
                found.append(parse(text, fields))
            except (ProgramError, BadInput):
                continue  # a description, an example, or a reward that it cannot read
    return tuple(found)


def _curves(text: str) -> tuple[tuple[str, TermTrace], ...]:
    """What the parts paid, by the last reflection."""
    parsed = {name: [float(each) for each in values.split(", ")] for name, values in _CURVE.findall(text)}
    sizes = {name: sum(map(abs, values)) / len(values) for name, values in parsed.items() if name != "success"}
    total = sum(sizes.values()) or 1.0
    return tuple(
        (name, TermTrace(parsed[name][0], parsed[name][-1], size / total, tuple(parsed[name])))
        for name, size in sizes.items()
    )
