"""Units and bounds: metres compared with radians, degrees for radians, thresholds that nothing reaches."""

from __future__ import annotations

import math
from collections.abc import Iterator

from ...program.units import RADIAN, show
from .finding import Code, Example, Finding, Level
from .protocol import Check
from .quantity import About, Event
from .scene import Scene

MIXED = Code(
    "R601",
    "mixed units",
    Level.NOTE,
    why="Which of the two matters is decided by the units that somebody happened to choose, not by the task.",
    fix="Divide each by a scale of its own (`x / 2.4`), or give each a weight, so that the choice is "
    "written down.",
    how="Terms are evaluated on fields that know their unit; a sum of unlike units without a weight is a "
    "note, a comparison, minimum or maximum of them a warning. Numbers may have any unit; rad counts "
    "as a unit.",
    example=Example("cartpole", "-maximum(abs(x), abs(angle))", "-maximum(abs(x) / 2.4, abs(angle) / 0.2)"),
)
THRESHOLD = Code(
    "R602",
    "idle threshold",
    Level.WARNING,
    why="The condition is the same at every state, so what hangs on it is always or never paid.",
    fix="Compare with a number inside the bounds of the field; angles are in radians unless the field "
    "says deg.",
    how="The bounds of the compared expression follow from the bounds of its fields. Never true is a warning; "
    "always true is one where the number looks like degrees (at least 5, for a field in radians), else a note.",
    example=Example("cartpole", "where(abs(angle) < 12, 1, 0)", "where(abs(angle) < 0.2, 1, 0)"),
)
ANGLE = Code(
    "R603",
    "degrees and radians",
    Level.WARNING,
    why="Sine and cosine take radians: of degrees they are noise.",
    fix="Convert once, where the field is read, and state the unit of the field.",
    how="Sine, cosine or tangent of a quantity in degrees, and a conversion to radians of what is in "
    "radians, are warnings; sine of a quantity with another unit is a note, because a number before "
    "it may be a wave number.",
    example=Example(
        "cartpole",
        "import numpy as np\nimport rewardsmith as rs\n\n\n@rs.term\ndef reward(angle):\n"
        "    return np.cos(np.radians(angle))\n",
        "import numpy as np\nimport rewardsmith as rs\n\n\n@rs.term\ndef reward(angle):\n"
        "    return np.cos(angle)\n",
    ),
)
_DEGREES = (("deg", 1.0),)
_SUMS = ("+", "-", "where", "hypot", "%")


def find(scene: Scene) -> Iterator[Finding]:
    """Read the trace of the terms."""
    for part, event in scene.trace.of("mixed"):
        yield _mixed(part, event)
    for part, event in scene.trace.of("compared"):
        yield from _compared(part, event)
    for part, event in scene.trace.of("angle", "converted"):
        yield from _angle(part, event)


def _mixed(part: str, event: Event) -> Finding:
    units = [show(event.left.unit), show(event.right.unit)]
    said = f"{event.op} of {_named(event.left)} and {_named(event.right)}"
    level = Level.NOTE if event.op in _SUMS and "deg" not in units else Level.WARNING
    return Finding(MIXED, said, part, {"operation": event.op, "units": units}, level)


def _compared(part: str, event: Event) -> Iterator[Finding]:
    about, number = event.left, event.right.low
    outcome = _outcome(about.low, about.high, event.op, number)
    if outcome is None:
        return
    degrees = about.unit == RADIAN and 5.0 <= abs(number) <= 360.0
    span = f"{about.text} lies within [{about.low:.4g}, {about.high:.4g}] {show(about.unit)}".rstrip(" 1")
    hint = f"; {number:g} looks like degrees, {math.radians(number):.4g} rad" if degrees else ""
    said = f"{about.text} {event.op} {number:g} is {'always' if outcome else 'never'} true: {span}{hint}"
    evidence = {"expression": about.text, "bounds": [about.low, about.high], "number": number}
    yield Finding(THRESHOLD, said, part, evidence, Level.NOTE if outcome and not degrees else None)


def _outcome(low: float, high: float, op: str, number: float) -> bool | None:
    """Whether the comparison is true everywhere (True), nowhere (False), or depends (None)."""
    if not (math.isfinite(low) and math.isfinite(high)) or low == high:
        return None
    if op in ("==", "!="):
        return (op == "!=") if number < low or number > high else None
    if op in ("<", "<="):
        # Touching the bound is no mistake: a field may be at its bound.
        return True if high < number else False if low > number else None
    return True if low > number else False if high < number else None


def _angle(part: str, event: Event) -> Iterator[Finding]:
    unit = event.left.unit
    if event.kind == "converted":
        twice = {"deg2rad": RADIAN, "radians": RADIAN, "rad2deg": _DEGREES, "degrees": _DEGREES}[event.op]
        if unit == twice:
            yield Finding(ANGLE, f"{event.op} of {_named(event.left)}, which is converted already", part)
        return
    if unit == _DEGREES:
        yield Finding(ANGLE, f"{event.op} of {_named(event.left)}", part)
    elif unit not in (None, (), RADIAN):
        yield Finding(ANGLE, f"{event.op} of {_named(event.left)}", part, level=Level.NOTE)


def _named(about: About) -> str:
    return f"{about.text or 'a quantity'} ({show(about.unit)})"


CHECK = Check("units", (MIXED, THRESHOLD, ANGLE), find, needs_task=False)
