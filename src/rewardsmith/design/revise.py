"""Revision: a reward of signs is trained, its failures are looked at, and what they call for is added."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from ..core.errors import BadInput
from ..core.mdp import Floats
from ..program import Program, parse
from .compose import DENSE, signs
from .failures import failure_causes
from .tabular import TabularTask, Trained, play, train

Composition = Literal["sum", "signs"]


@dataclass(frozen=True)
class Remedy:
    """A term that answers a cause of failure; ``event`` is empty where no analysis ever calls for it."""

    role: Literal["sparse", "dense"]
    text: str
    event: str = ""


@dataclass(frozen=True)
class Sketch:
    """A reward in two parts, each a sum of expressions of the reward language.

    Example:
        >>> from rewardsmith.core.fields import Field
        >>> sketch = Sketch(("x > 1",), ("-x",)).adding(Remedy("sparse", "-square(x)"))
        >>> sketch.sparse
        ('x > 1', '-square(x)')
    """

    sparse: tuple[str, ...]
    dense: tuple[str, ...] = ()

    def adding(self, remedy: Remedy) -> Sketch:
        """The same with one more term."""
        if remedy.role == "sparse":
            return Sketch((*self.sparse, remedy.text), self.dense)
        return Sketch(self.sparse, (*self.dense, remedy.text))

    def program(
        self, task: TabularTask, compose: Literal["sum", "signs"] = "signs", scale: float = 1.0
    ) -> Program:
        """The reward: signs of the parts, or ``sparse + 0.1 dense``; the first dense term times ``scale``."""
        dense = [f"{scale if k == 0 else 1.0} * ({text})" for k, text in enumerate(self.dense)]
        weight = 1.0 if compose == "signs" else DENSE
        lines = [f"'sparse': {' + '.join(f'({text})' for text in self.sparse)}"]
        lines += [f"'dense': {weight} * ({' + '.join(dense)})"] if dense else []
        program = parse(f"return {{{', '.join(lines)}}}", task.table)
        return signs(program) if compose == "signs" else program


@dataclass(frozen=True)
class Reviser:
    """A designer who starts from a sketch, and what it may add.

    Args:
        events: (name, condition) of what may end an episode, in the order in which they are tried.
        rounds: revisions; each is one training.
        analyzer: what is added answers the most frequent cause of failure that has a remedy left; otherwise it
            is drawn from all remedies.
        episodes: of the trained policy, looked at after each training.

    Source: Li et al., "Auto MC-Reward", CVPR 2024, arXiv:2312.09238.
    Differs from the paper: rules stand in for the three language models; a revision that is worse is dropped.
    """

    start: Sketch
    events: tuple[tuple[str, str], ...]
    remedies: tuple[Remedy, ...]
    rounds: int = 3
    analyzer: bool = True
    episodes: int = 10

    def __post_init__(self) -> None:
        if self.rounds < 0 or self.episodes < 1:
            raise BadInput(
                "reviser", f"{self.rounds} rounds, {self.episodes} episodes", "at least 0, at least 1"
            )


@dataclass(frozen=True)
class Revised:
    """A search's best sketch, its success in the search, and what each revision added ("" for nothing)."""

    sketch: Sketch
    success: float = -1.0
    added: tuple[str, ...] = ()
    trained: Trained = field(default_factory=lambda: Trained((0.0,)))


def revise(task: TabularTask, reviser: Reviser, seeds: Sequence[int]) -> list[Revised]:
    """One search per seed, side by side: train, look at failures, add, and keep what is not worse."""
    rngs = [np.random.default_rng([seed, 4]) for seed in seeds]
    tried = [Revised(reviser.start)] * len(seeds)
    best: list[Revised] = []
    for number in range(reviser.rounds + 1):
        tables = [_finite(task, each.sketch) for each in tried]
        own = [int(np.random.SeedSequence([seed, 5, number]).generate_state(1)[0]) for seed in seeds]
        done = train(task, tables, own)
        tried = [Revised(each.sketch, d.last, each.added, d) for each, d in zip(tried, done, strict=True)]
        best = [_better(old, new) for old, new in zip(best or tried, tried, strict=True)]
        if number < reviser.rounds:
            tried = [_revision(task, reviser, each, rng) for each, rng in zip(best, rngs, strict=True)]
    return best


def _better(old: Revised, new: Revised) -> Revised:
    kept = new if new.success >= old.success else old
    return Revised(kept.sketch, kept.success, new.added, kept.trained)


def _revision(task: TabularTask, reviser: Reviser, now: Revised, rng: np.random.Generator) -> Revised:
    played = play(task, now.trained.choices, reviser.episodes, rng)
    left = [remedy for remedy in reviser.remedies if remedy.text not in now.added]
    if reviser.analyzer:
        events = {name: parse(text, task.table) for name, text in reviser.events}
        causes = [cause.event for cause in failure_causes(played, events, [f.name for f in task.fields])]
        called = [remedy for event in causes for remedy in left if remedy.event == event]
        chosen = called[0] if called else None
    else:
        failed = not all(episode.success for episode in played)
        chosen = left[int(rng.integers(len(left)))] if failed and left else None
    if chosen is None:
        return Revised(now.sketch, added=(*now.added, ""))
    return Revised(now.sketch.adding(chosen), added=(*now.added, chosen.text))


def _finite(task: TabularTask, sketch: Sketch) -> dict[str, Floats]:
    tables = task.tables(sketch.program(task))
    if tables is None:
        raise BadInput("sketch", str(sketch), "terms that are finite at every step")
    return tables
