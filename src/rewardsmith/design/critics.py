"""Critics: pairs of recorded segments, labelled where enough of several critics agree (R*)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..core.algebra import Reward
from ..core.arrays import Batch, to_numpy
from ..core.errors import RewardsmithError
from .fit import Fit, Floats, Pair
from .screen.protocol import Episode

SHORTEST = 5  # steps of a segment, as in R*
_SAME = 1e-9


@dataclass(frozen=True)
class Segment:
    """A part of a recorded episode: named fields ``(L, ...)``, and whether the whole episode succeeded."""

    batch: Batch
    success: bool


def draw_segments(
    episodes: Sequence[Episode], count: int, length: int, rng: np.random.Generator
) -> list[tuple[Segment, Segment]]:
    """Pairs of equally long segments of two different episodes, both drawn uniformly, as are their beginnings.

    A segment is as long as the shorter episode where that is shorter than ``length``; episodes of fewer than 5
    steps are left out.  Nothing comes of fewer than two episodes.
    """
    usable = [each for each in episodes if _steps(each.batch) >= SHORTEST]
    if len(usable) < 2:
        return []
    found: list[tuple[Segment, Segment]] = []
    for _ in range(count):
        i, j = (usable[int(k)] for k in rng.choice(len(usable), 2, replace=False))
        steps = min(length, _steps(i.batch), _steps(j.batch))
        found.append((_cut(i, steps, rng), _cut(j, steps, rng)))
    return found


def votes(pairs: Sequence[tuple[Segment, Segment]], critics: Sequence[Reward], success: bool) -> Floats:
    """What each critic says of each pair, ``(critics, pairs)``: 1 the first is better, -1 the second, 0 none.

    A critic scores every step; the segment with the larger sum is better.  One that fails or is not finite on a
    pair abstains there.

    Args:
        success: one more critic, the last: of two segments the one of an episode that succeeded is better.
    """
    rows = [[_preferred(critic, pair) for pair in pairs] for critic in critics]
    if success:
        rows.append([float(first.success) - float(second.success) for first, second in pairs])
    return np.array(rows, np.float64).reshape(len(rows), len(pairs))


def agreed(said: Floats, setting: Fit) -> Floats:
    """The label of each pair ``(pairs,)`` by votes ``(critics, pairs)``: 1, -1, or 0 where none is given.

    A pair is labelled where a share of all critics that ``setting.agree`` names says the same; who abstains
    agrees with nobody.  The next smaller share counts only while there are fewer than ``setting.labels``, and
    within one share the first pairs come first.

    Source: Li et al., "R*", ICML 2025: five critics; 5 of 5 must agree, then 4, then 3, until 20 pairs.

    Example:
        >>> said = np.array([[1, 1, -1, 0], [1, 1, -1, 1], [1, -1, -1, 0]])
        >>> agreed(said, Fit(agree=(1.0, 0.6), labels=2)).tolist(), agreed(said, Fit(agree=(1.0, 0.6))).tolist()
        ([1.0, 0.0, -1.0, 0.0], [1.0, 1.0, -1.0, 0.0])
    """
    labels = np.zeros(said.shape[1])
    if not len(said):
        return labels
    shares = np.stack([(said > 0).mean(0), (said < 0).mean(0)])
    for least in sorted(setting.agree, reverse=True):
        reach = np.flatnonzero((shares.max(0) >= least - _SAME) & (labels == 0))
        reach = reach[: max(0, setting.labels - int(np.count_nonzero(labels)))]
        labels[reach] = np.where(shares[0, reach] > shares[1, reach], 1.0, -1.0)
    return labels


def labelled(
    pairs: Sequence[tuple[Segment, Segment]], labels: Floats, held: float
) -> tuple[list[Pair], list[Pair]]:
    """The labelled pairs to fit and those held out: the last ``held`` of them, in the order of drawing."""
    kept = [
        Pair(first.batch, second.batch) if label > 0 else Pair(second.batch, first.batch)
        for (first, second), label in zip(pairs, labels, strict=True)
        if label
    ]
    cut = len(kept) - int(held * len(kept))
    return kept[:cut], kept[cut:]


def _preferred(critic: Reward, pair: tuple[Segment, Segment]) -> float:
    try:
        first, second = (float(np.asarray(to_numpy(critic(each.batch)), float).sum()) for each in pair)
    except RewardsmithError:
        return 0.0
    gap = first - second
    return float(np.sign(gap)) if np.isfinite(gap) and abs(gap) > _SAME * (abs(first) + abs(second)) else 0.0


def _cut(episode: Episode, steps: int, rng: np.random.Generator) -> Segment:
    start = int(rng.integers(_steps(episode.batch) - steps + 1))
    return Segment(
        {name: value[start : start + steps] for name, value in episode.batch.items()}, episode.success
    )


def _steps(batch: Batch) -> int:
    return len(next(iter(batch.values())))
