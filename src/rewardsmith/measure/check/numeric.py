"""Numbers that are none: NaN, infinity, exceptions, other answers to the same question, changed inputs."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from ...core.errors import RewardsmithError
from ...core.node import walk
from ...core.term import Term
from .finding import Code, Example, Finding, Level
from .protocol import Check
from .scene import Numbers, Sample, Scene, copied, state_at

_TERM = "import numpy as np\nimport rewardsmith as rs\n\n\n@rs.term\ndef reward(angle):\n    "
NAN = Code(
    "R701",
    "no verdict",
    Level.WARNING,
    why="NaN means 'no verdict': a trainer masks or drops such steps, so the agent learns nothing there.",
    fix="Guard the operation that is undefined (0/0, log or root of a negative number), or say where the "
    "reward applies with `gate`.",
    how="Any NaN at recorded steps, or at probes: observations within the bounds of the fields, with "
    "corners and zeros. A note where only probes of fields without bounds give one.",
    example=Example("cartpole", "sqrt(angle)", "sqrt(abs(angle))"),
)
INFINITE = Code(
    "R702",
    "infinite",
    Level.ERROR,
    why="One infinite value turns every parameter of the learner into NaN.",
    fix="Bound the term: `rs.Clip`, or a denominator that cannot reach 0.",
    how="Any infinity at recorded steps is an error; at probes within the bounds, with corners and "
    "zeros, a warning.",
    example=Example("cartpole", "1 / abs(angle)", "1 / (0.1 + abs(angle))"),
)
RAISES = Code(
    "R703",
    "raises",
    Level.ERROR,
    why="The first step of a training would end it.",
    fix="The message names what failed; most often a field has another name or shape on this task.",
    how="The reward is evaluated on recorded steps.",
    example=Example("cartpole", _TERM + "return angle[:, 0]\n", _TERM + "return -abs(angle)\n"),
)
CHANGES = Code(
    "R704",
    "not repeatable",
    Level.ERROR,
    why="The same step pays differently when asked again: no result can be repeated, no critic can learn it.",
    fix="Take random numbers and counters out of the term; a transform may keep state, explicitly.",
    how="Evaluated twice on the same arrays from the same state: any difference is reported.",
    example=Example(
        "cartpole",
        _TERM + "return np.random.default_rng().normal(angle)\n",
        _TERM + "return np.random.default_rng(0).normal(angle)\n",
    ),
)
MUTATES = Code(
    "R705",
    "changes its inputs",
    Level.ERROR,
    why="What the trainer learns from is no longer what happened.",
    fix="Use `x = x + y`, not `x += y`, on arrays that were given.",
    how="The arrays of the batch are compared with copies made before the call.",
    example=Example("cartpole", _TERM + "angle *= -1.0\n    return angle\n", _TERM + "return -1.0 * angle\n"),
)
RANGE = Code(
    "R706",
    "outside its range",
    Level.WARNING,
    why="Whoever weighs or clips the term by the range that it states is wrong.",
    fix="State the range that the term really has in `@rs.term(low=..., high=...)`, or keep to it.",
    how="Values of a term at recorded steps against the range it states.",
    example=Example(
        "cartpole",
        _TERM.replace("term", "term(low=0.0, high=1.0)") + "return 1.0 - 10.0 * abs(angle)\n",
        _TERM.replace("term", "term(low=-9.0, high=1.0)") + "return 1.0 - 10.0 * abs(angle)\n",
    ),
)


def find(scene: Scene) -> Iterator[Finding]:
    """Evaluate on everything recorded, then on probes."""
    for batch in scene.batches[:4]:
        mine = copied(batch)
        try:
            first, second = np.asarray(scene.reward(mine), float), scene.values(batch)
        except RewardsmithError as problem:
            yield Finding(INFINITE if "infinite" in str(problem) else RAISES, str(problem))
            return
        except Exception as problem:  # whatever a user's term raises is what is reported
            yield Finding(RAISES, f"{type(problem).__name__}: {' '.join(str(problem).split())}")
            return
        found = [*_undefined(scene, batch, first), *_repeated(first, second), *_mutated(batch, mine)]
        if found:
            yield from found
            return
    yield from _ranges(scene)
    if scene.by_step and not isinstance(scene, Sample):
        yield from _probed(scene)


def _probed(scene: Scene) -> Iterator[Finding]:
    values, _ = scene.unchecked(scene.probes)
    for wrong, code, word in ((np.isinf(values), INFINITE, "infinite"), (np.isnan(values), NAN, "NaN")):
        if not wrong.any():
            continue
        where = int(np.argmax(wrong))
        at = state_at(scene.probes, sorted(scene.reward.fields & set(scene.probes)), where)
        shown = ", ".join(f"{name} = {_shown(value)}" for name, value in list(at.items())[:4])
        message = f"{word} at {wrong.mean():.1%} of states within the bounds, such as {shown}"
        bounded = all(
            math.isfinite(f.low) and math.isfinite(f.high)
            for name, f in scene.fields.items()
            if name in scene.reward.fields and f.kind != "flag"
        )
        level = Level.WARNING if bounded else Level.NOTE
        yield Finding(code, message, evidence={"share": float(wrong.mean()), "at": at}, level=level)


def _ranges(scene: Scene) -> Iterator[Finding]:
    for leaf in dict.fromkeys(walk(scene.reward)):
        if not isinstance(leaf, Term) or not leaf.fields <= set(scene.batches[0]):
            continue
        low, high = leaf.info.low, leaf.info.high
        values = np.asarray(leaf(copied(scene.batches[0])), float)
        least, most = float(np.nanmin(values, initial=np.inf)), float(np.nanmax(values, initial=-np.inf))
        slack = 1e-6 * max(1.0, abs(least), abs(most))
        if least < low - slack or most > high + slack:
            said = f"{leaf.label} states [{low:g}, {high:g}] and has [{least:.4g}, {most:.4g}]"
            yield Finding(RANGE, said, leaf.label, {"stated": [low, high], "seen": [least, most]})


def _shown(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _undefined(scene: Scene, batch: dict[str, Numbers], values: Numbers) -> Iterator[Finding]:
    missing = np.isnan(values)
    if missing.any():
        where = tuple(int(i) for i in np.argwhere(missing)[0])
        names = tuple(sorted(scene.reward.fields & set(batch)))
        message = f"NaN at {missing.mean():.1%} of {values.size} steps"
        yield Finding(
            NAN, message, evidence={"share": float(missing.mean()), "at": state_at(batch, names, where)}
        )


def _repeated(first: Numbers, second: Numbers) -> Iterator[Finding]:
    apart = float(np.nanmax(np.abs(first - second), initial=0.0))
    if apart > 0:
        yield Finding(
            CHANGES,
            f"two evaluations of the same steps differ by up to {apart:.3g}",
            evidence={"difference": apart},
        )


def _mutated(before: dict[str, Any], after: dict[str, Any]) -> Iterator[Finding]:
    for name, value in before.items():
        if not isinstance(value, np.ndarray) or value.dtype.kind not in "fiub":
            continue  # texts cannot be changed in place
        if not np.array_equal(value, after[name], equal_nan=value.dtype.kind == "f"):
            yield Finding(MUTATES, f"the field {name!r} is not what it was before the call")


CHECK = Check("numeric", (NAN, INFINITE, RAISES, CHANGES, MUTATES, RANGE), find, needs_task=False)
