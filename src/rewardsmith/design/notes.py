"""Notes: what a writer is told of a trained candidate in words, besides what its parts paid."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from .candidate import Candidate
from .race import Standing
from .screen.protocol import Episode
from .screen.tpe import mean_per_step, separation

CHECKPOINTS = 5
ROWS = 10  # of an episode


def process(standing: Standing) -> str:
    """Success at a few checkpoints of the training, and its end: CARD's process feedback.

    Source: Sun et al., "CARD", arXiv:2410.14660, section 4.2.1.
    """
    curve = standing.curve
    if not curve:
        return ""
    places = [round(i * (len(curve) - 1) / (CHECKPOINTS - 1)) for i in range(CHECKPOINTS)]
    course = ", ".join(f"{curve[place]:.2f}" for place in places)
    end = f"in the end {standing.mean:.2f}"
    return f"Success per step at {CHECKPOINTS} checkpoints of the training: {course}; {end}."


def trajectory(candidate: Candidate, episodes: Sequence[Episode], fields: Sequence[str]) -> str:
    """The best and the worst paid evaluation episode, a few steps of each: CARD's trajectory feedback."""
    paid = _paid(candidate, episodes)
    if not paid:
        return ""
    (most, best), (least, worst) = max(paid, key=_pay), min(paid, key=_pay)
    told = [f"The evaluation episode that was paid best ({most:.3g} per step):", rows(best, fields)]
    if worst is not best:
        told += [f"The one that was paid worst ({least:.3g} per step):", rows(worst, fields)]
    return "\n".join(told)


def preference(candidate: Candidate, store: Sequence[Episode], fields: Sequence[str]) -> str:
    """How well a reward tells recorded successes from failures, with the two that it confuses most."""
    share = separation(candidate.program, tuple(store))
    if np.isnan(share):
        return ""
    paid = _paid(candidate, store)
    low, good = min((each for each in paid if each[1].success), key=_pay)
    high, bad = max((each for each in paid if not each[1].success), key=_pay)
    told = f"{share:.0%} of the recorded successes are paid more per step than every recorded failure."
    if low > high:
        return told
    return "\n".join(
        [
            told,
            f"The success that it pays least ({low:.3g} per step):",
            rows(good, fields),
            f"The failure that it pays most ({high:.3g} per step):",
            rows(bad, fields),
        ]
    )


def _paid(candidate: Candidate, episodes: Sequence[Episode]) -> list[tuple[float, Episode]]:
    """What each episode is paid per step; those without a verdict are left out."""
    paid = [(mean_per_step(candidate.program, each), each) for each in episodes]
    return [each for each in paid if not np.isnan(each[0])]


def _pay(paid: tuple[float, Episode]) -> float:
    return paid[0]


def rows(episode: Episode, fields: Sequence[str], count: int = ROWS) -> str:
    """Evenly spaced steps of an episode as a table of its fields."""
    length = len(np.asarray(episode.batch[fields[0]]))
    places = np.unique(np.linspace(0, length - 1, min(count, length)).round().astype(int))
    head = "step " + " ".join(fields)
    lines = [" ".join([str(t), *(_shown(episode.batch[name][t]) for name in fields)]) for t in places]
    return "\n".join([head, *lines, f"({length} steps, {'succeeded' if episode.success else 'failed'})"])


def _shown(value: Any) -> str:
    return "/".join(f"{float(part):.3g}" for part in np.atleast_1d(value))


Reader = Callable[[Candidate, Standing, Mapping[str, tuple[Episode, ...]], Sequence[str]], str]


def _process(
    candidate: Candidate, standing: Standing, played: Mapping[str, tuple[Episode, ...]], fields: Sequence[str]
) -> str:
    del candidate, played, fields
    return process(standing)


def _trajectory(
    candidate: Candidate, standing: Standing, played: Mapping[str, tuple[Episode, ...]], fields: Sequence[str]
) -> str:
    del standing
    return trajectory(candidate, played.get(candidate.id, ()), fields)


def _preference(
    candidate: Candidate, standing: Standing, played: Mapping[str, tuple[Episode, ...]], fields: Sequence[str]
) -> str:
    del standing
    return preference(candidate, [one for each in played.values() for one in each], fields)


# ``reflection`` and ``history`` are written by the writer itself; ``people`` are asked by ``Audience``,
# ``analyzer`` and ``difference`` by ``advise``.
READERS: dict[str, Reader] = {"process": _process, "trajectory": _trajectory, "preference": _preference}


def notes(
    kinds: Sequence[str],
    candidate: Candidate,
    standing: Standing,
    played: Mapping[str, tuple[Episode, ...]],
    fields: Sequence[str],
) -> tuple[str, ...]:
    """What the kinds of feedback of a method say of a candidate; only kinds that need nobody to ask."""
    told = [READERS[kind](candidate, standing, played, fields) for kind in kinds if kind in READERS]
    return tuple(text for text in told if text)
