"""Numbers that are none: NaN, infinity, exceptions, other answers to the same question, changed inputs."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ...core.errors import RewardsmithError
from .finding import Code, Finding, Level
from .protocol import Check
from .scene import Numbers, Scene, state_at

NAN = Code(
    "R701",
    "no verdict",
    Level.WARNING,
    why="NaN means 'no verdict': a trainer masks or drops such steps, so the agent learns nothing there.",
    fix="Guard the operation that is undefined (0/0, log or root of a negative number), or say where the "
    "reward applies with `gate`.",
    how="Share of recorded and perturbed steps whose reward is NaN; any is reported.",
)
INFINITE = Code(
    "R702",
    "infinite",
    Level.ERROR,
    why="One infinite value turns every parameter of the learner into NaN.",
    fix="Bound the term: `rs.Clip`, or a denominator that cannot reach 0.",
    how="The reward is evaluated on recorded and perturbed steps; an infinity is an error in itself.",
)
RAISES = Code(
    "R703",
    "raises",
    Level.ERROR,
    why="The first step of a training would end it.",
    fix="The message names what failed; most often a field has another name or shape on this task.",
    how="The reward is evaluated on recorded steps.",
)
CHANGES = Code(
    "R704",
    "not repeatable",
    Level.ERROR,
    why="The same step pays differently when asked again: no result can be repeated, no critic can learn it.",
    fix="Take random numbers and counters out of the term; a transform may keep state, explicitly.",
    how="Evaluated twice on the same arrays from the same state: any difference is reported.",
)
MUTATES = Code(
    "R705",
    "changes its inputs",
    Level.ERROR,
    why="What the trainer learns from is no longer what happened.",
    fix="Use `x = x + y`, not `x += y`, on arrays that were given.",
    how="The arrays of the batch are compared with copies made before the call.",
)


def find(scene: Scene) -> Iterator[Finding]:
    """Evaluate on everything recorded."""
    for batch in scene.batches[:4]:
        kept = {name: np.array(value) for name, value in batch.items()}
        try:
            first, second = scene.values(batch), scene.values(batch)
        except RewardsmithError as problem:
            yield Finding(INFINITE if "infinite" in str(problem) else RAISES, str(problem))
            return
        except Exception as problem:  # whatever a user's term raises is what is reported
            yield Finding(RAISES, f"{type(problem).__name__}: {' '.join(str(problem).split())}")
            return
        found = [*_undefined(scene, batch, first), *_repeated(first, second), *_mutated(kept, batch)]
        if found:
            yield from found
            return


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


def _mutated(kept: dict[str, Numbers], batch: dict[str, Numbers]) -> Iterator[Finding]:
    for name, value in kept.items():
        if not np.array_equal(value, batch[name], equal_nan=True):
            yield Finding(MUTATES, f"the field {name!r} is not what it was before the call")


CHECK = Check("numeric", (NAN, INFINITE, RAISES, CHANGES, MUTATES), find)
