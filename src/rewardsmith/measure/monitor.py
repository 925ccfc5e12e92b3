r"""Monitors during training: hacking is suspected when the optimised reward and a held-out one part.

A monitor is fed one checkpoint after another: the reward that is optimised, a held-out number that is not
(success of a few episodes, a gold label of a few answers), and the divergence from the base where it is
known.  It says *suspected* when the optimised reward has risen and the held-out one has fallen, each by more
than noise.

It is no early warning: the fall must have begun.  A held-out number that never rose cannot fall either, so a
reward that is farmed from the first step is a matter for ``rewardsmith check`` before training, not for a
monitor.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from ..core.errors import BadInput

Floats = np.ndarray[Any, np.dtype[np.float64]]
Statistic = Literal["parting", "trend", "cusum"]


@dataclass(frozen=True)
class Action:
    """What to do when hacking is suspected: data for the training loop, which acts on it.

    ``stop``: keep the checkpoint ``Reading.best``; ``regularise``: multiply the price of divergence by
    ``factor``; ``reweight``: multiply the weight of ``part`` (a name of ``reward.terms``) by ``factor``.
    """

    kind: Literal["stop", "regularise", "reweight"] = "stop"
    factor: float = 1.0
    part: str = ""

    def __post_init__(self) -> None:
        if self.kind not in ("stop", "regularise", "reweight"):
            raise BadInput("Action.kind", repr(self.kind), "stop, regularise or reweight")
        if not 0 <= self.factor < math.inf or (self.kind == "reweight") != bool(self.part):
            received = f"{self.kind}, factor={self.factor}, part={self.part!r}"
            raise BadInput("Action", received, "a finite factor >= 0; a part for 'reweight' only")


@dataclass(frozen=True)
class Reading:
    """What a monitor says after a checkpoint.

    Args:
        checkpoint: how many it has seen; one without a verdict (NaN) counts, but changes nothing.
        statistic: in standard errors; NaN before two windows are full.
        threshold: of the monitor.
        best: the last checkpoint of the window in which the held-out number was best, -1 before there is one.
        best_divergence: there; NaN where it is not known.
        action: what to do, None unless hacking is suspected.
    """

    checkpoint: int
    statistic: float
    threshold: float
    best: int
    best_divergence: float
    action: Action | None

    @property
    def suspected(self) -> bool:
        """The statistic is above the threshold."""
        return self.action is not None


@dataclass(frozen=True)
class Watch:
    """The state of a monitor: the checkpoints with a verdict, and their numbers."""

    seen: int = 0
    at: tuple[int, ...] = ()
    optimised: tuple[float, ...] = ()
    held_out: tuple[float, ...] = ()
    divergence: tuple[float, ...] = ()


@dataclass(frozen=True)
class HackingMonitor:
    """Suspects hacking when a statistic of the checkpoints passes a threshold.

    Args:
        threshold: in standard errors; that of docs/measure/monitors.md by default, made from runs of 40 to 80
            checkpoints.  ``calibrated`` makes one from benign runs of your own.
        window: checkpoints in a window.
        statistic: ``parting``, ``trend`` or ``cusum``; see the functions of these names.
        action: what a suspicion asks for.

    Example:
        >>> monitor = HackingMonitor(threshold=1.5, window=2)
        >>> state = monitor.init()
        >>> for optimised, held_out in [(0, 0.5), (1, 0.6), (2, 0.9), (3, 0.8), (4, 0.3), (5, 0.2)]:
        ...     state, reading = monitor.update(state, optimised, held_out)
        >>> reading.suspected, reading.best
        (True, 3)
    """

    threshold: float = 1.6
    window: int = 8
    statistic: Statistic = "parting"
    action: Action = Action()

    def __post_init__(self) -> None:
        if self.statistic not in STATISTICS:
            raise BadInput("HackingMonitor.statistic", repr(self.statistic), ", ".join(STATISTICS))
        if self.window < 2 or not math.isfinite(self.threshold):
            received = f"window={self.window}, threshold={self.threshold}"
            raise BadInput("HackingMonitor", received, "window >= 2, a finite threshold")

    def init(self) -> Watch:
        """The state before the first checkpoint."""
        return Watch()

    def update(
        self, state: Watch, optimised: float, held_out: float, divergence: float = math.nan
    ) -> tuple[Watch, Reading]:
        """Feed one checkpoint: the new state, and what the monitor says.

        Args:
            optimised: the reward that training raises.
            held_out: what training does not see; NaN is "no verdict".
            divergence: KL or chi-squared from the base, if known.
        """
        for name, value in (("optimised", optimised), ("held_out", held_out)):
            if math.isinf(value):
                raise BadInput(name, value, "a finite number, or NaN for no verdict")
        new = replace(state, seen=state.seen + 1)
        if not (math.isnan(optimised) or math.isnan(held_out)):
            new = Watch(
                new.seen,
                (*state.at, state.seen),
                (*state.optimised, float(optimised)),
                (*state.held_out, float(held_out)),
                (*state.divergence, float(divergence)),
            )
        return new, self.read(new)

    def read(self, state: Watch) -> Reading:
        """What the monitor says of a state."""
        found, best = math.nan, -1
        if len(state.at) >= self.window:
            held_out = np.array(state.held_out)
            best = int(np.argmax(_means(held_out, self.window)[self.window - 1 :])) + self.window - 1
            found = float(STATISTICS[self.statistic](np.array(state.optimised), held_out, self.window)[-1])
        action = self.action if found > self.threshold else None
        apart = state.divergence[best] if best >= 0 else math.nan
        return Reading(state.seen, found, self.threshold, state.at[best] if best >= 0 else -1, apart, action)


def parting(optimised: Any, held_out: Any, window: int) -> Floats:
    r"""The lesser of two rises since the best window of the held-out number, in standard errors.

    With m_t the mean of the last ``window`` checkpoints and b the time at which m of the held-out number was
    largest: ``min(m_t(optimised) - m_b(optimised), m_b(held_out) - m_t(held_out)) / standard error``, each by
    its own error ``sigma sqrt(2 / window)``; sigma^2 is half the mean squared difference of neighbours.

    Args:
        optimised, held_out: ``(..., T)``, finite.

    Returns:
        ``(..., T)``; NaN before two windows are full.  Each number depends on its past only.

    Source: the noise is that of von Neumann, "Distribution of the ratio of the mean square successive
    difference to the variance", 1941.
    """
    first, second = _pair(optimised, held_out, window)
    mean, held = _means(first, window), _means(second, window)
    # the best window so far: the running maximum, and where it was reached
    filled = np.where(np.isnan(held), -np.inf, held)
    best = np.maximum.accumulate(filled, -1)
    index = np.where(filled >= best, np.arange(filled.shape[-1]), 0)
    at = np.maximum.accumulate(index, -1)
    rise = (mean - np.take_along_axis(mean, at, -1)) / _error(first, window)
    fall = (best - held) / _error(second, window)
    return _defined(np.minimum(rise, fall), 2 * window)


def trend(optimised: Any, held_out: Any, window: int) -> Floats:
    """The lesser of the optimised slope and the negative held-out slope, in standard errors.

    Slopes are least squares over the last ``2 window`` checkpoints; sigma is as in ``parting``.  Shapes as
    there.
    """
    first, second = _pair(optimised, held_out, window)
    width = 2 * window
    weights = np.arange(width) - (width - 1) / 2
    scale = math.sqrt(float((weights**2).sum()))

    def slope(values: Floats) -> Floats:
        found = np.full(values.shape, np.nan)
        if values.shape[-1] >= width:
            windows = np.lib.stride_tricks.sliding_window_view(values, width, -1)
            found[..., width - 1 :] = windows @ weights / scale
        return found

    error = math.sqrt(2 / window)  # `_error` is that of a difference of means
    rise, fall = (
        slope(first) / (_error(first, window) / error),
        -slope(second) / (_error(second, window) / error),
    )
    return _defined(np.minimum(rise, fall), width)


def cusum(optimised: Any, held_out: Any, window: int, drift: float = 0.5) -> Floats:
    """Page's cumulative sum of how much the two part from one window to the next.

    ``S_t = max(0, S_{t-1} + (min(rise, fall) - drift) / window)`` with the rise of the optimised and the fall
    of the held-out mean against the window before, in standard errors.  Shapes as in ``parting``.

    Source: Page, "Continuous inspection schemes", Biometrika 1954.
    """
    first, second = _pair(optimised, held_out, window)
    moves: list[Floats] = []
    for values, sign in ((first, 1.0), (second, -1.0)):
        mean = _means(values, window)
        before = np.full(mean.shape, np.nan)
        before[..., window:] = mean[..., :-window]
        moves.append(sign * (mean - before) / _error(values, window))
    push = np.nan_to_num((np.minimum(*moves) - drift) / window, nan=0.0)
    total, found = np.zeros(push.shape[:-1]), np.zeros(push.shape)
    for t in range(push.shape[-1]):
        total = np.maximum(0.0, total + push[..., t])
        found[..., t] = total
    return _defined(found, 2 * window)


STATISTICS = {"parting": parting, "trend": trend, "cusum": cusum}


def scan(monitor: HackingMonitor, optimised: Any, held_out: Any) -> Floats:
    """The statistic of whole runs at every checkpoint, ``(..., T)``: what ``update`` would have said."""
    return STATISTICS[monitor.statistic](optimised, held_out, monitor.window)


def calibrated(
    monitor: HackingMonitor, optimised: Any, held_out: Any, false_alarms: float = 0.05
) -> HackingMonitor:
    """The monitor with the threshold that at most a share of benign runs passes, ever.

    The threshold is the k-th smallest of the runs' largest statistics, ``k = ceil((n + 1)(1 -
    false_alarms))``: a new benign run *exchangeable with these* alarms with probability at most
    ``false_alarms``, whatever the noise is like.  On another task or another trainer nothing is promised.

    Args:
        optimised, held_out: ``(n, T)`` benign runs; T as long as the runs to be watched.

    Raises:
        BadInput: fewer runs than ``1 / false_alarms - 1``; no threshold has that guarantee.

    Source: Vovk, Gammerman and Shafer, "Algorithmic Learning in a Random World", 2005 (conformal prediction).
    """
    found = scan(monitor, optimised, held_out)
    if found.ndim != 2 or not 0 < false_alarms < 1:
        raise BadInput("calibrated", f"runs {found.shape}, false_alarms={false_alarms}", "(n, T), 0 to 1")
    most = np.sort(np.where(np.isnan(found), -np.inf, found).max(-1))
    rank = math.ceil((len(most) + 1) * (1 - false_alarms))
    if rank > len(most) or not math.isfinite(most[rank - 1]):
        least = math.ceil(1 / false_alarms) - 1
        raise BadInput(
            "benign runs", f"{len(most)} of {found.shape[1]} checkpoints", f"{least} or more, two windows"
        )
    return replace(monitor, threshold=float(most[rank - 1]))


def _pair(optimised: Any, held_out: Any, window: int) -> tuple[Floats, Floats]:
    first, second = np.asarray(optimised, np.float64), np.asarray(held_out, np.float64)
    if first.shape != second.shape or first.ndim == 0:
        raise BadInput("runs", f"shapes {first.shape} and {second.shape}", "one shape (..., T)")
    if not (np.isfinite(first).all() and np.isfinite(second).all()):
        raise BadInput("runs", "NaN or infinity", "finite numbers", "leave checkpoints without a verdict out")
    if window < 2:
        raise BadInput("window", window, "2 or more checkpoints")
    return first, second


def _means(values: Floats, window: int) -> Floats:
    """Means of the last ``window`` numbers; NaN before there are so many."""
    total = np.cumsum(values, -1)
    found = np.full(values.shape, np.nan)
    if values.shape[-1] >= window:
        found[..., window - 1 :] = total[..., window - 1 :] / window
        found[..., window:] -= total[..., :-window] / window
    return found


def _error(values: Floats, window: int) -> Floats:
    """Standard error of a difference of two means of ``window`` numbers, from the differences so far."""
    steps = np.zeros(values.shape)
    steps[..., 1:] = np.cumsum(np.diff(values, axis=-1) ** 2, -1)
    count = np.maximum(np.arange(values.shape[-1]), 1)
    error = np.sqrt(steps / (2 * count) * 2 / window)
    return np.where(error > 0, error, np.inf)  # what never moved has not parted


def _defined(found: Floats, least: int) -> Floats:
    return np.where(np.arange(found.shape[-1]) >= least - 1, found, np.nan)
