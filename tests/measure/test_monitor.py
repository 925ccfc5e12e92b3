"""Monitors against slow loops over windows, their laws, and the promised rate of false alarms."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from rewardsmith.core.errors import BadInput
from rewardsmith.measure.monitor import (
    STATISTICS,
    Action,
    HackingMonitor,
    calibrated,
    cusum,
    parting,
    scan,
    trend,
)


def sigma(values):
    return np.sqrt(np.mean(np.diff(values) ** 2) / 2) if len(values) > 1 else np.nan


def slow_parting(first, second, w):
    found = []
    for t in range(1, len(first) + 1):
        a, b = first[:t], second[:t]
        if t < 2 * w:
            found.append(np.nan)
            continue
        means = [b[i - w : i].mean() for i in range(w, t + 1)]
        best = int(np.argmax(means))
        rise = (a[-w:].mean() - a[best : best + w].mean()) / (sigma(a) * np.sqrt(2 / w))
        fall = (means[best] - b[-w:].mean()) / (sigma(b) * np.sqrt(2 / w))
        found.append(min(rise, fall))
    return np.array(found)


def slow_trend(first, second, w):
    found = []
    for t in range(1, len(first) + 1):
        if t < 2 * w:
            found.append(np.nan)
            continue
        x = np.arange(2 * w)
        slopes = [np.polyfit(x, v[t - 2 * w : t], 1)[0] for v in (first, second)]
        spread = np.sqrt(((x - x.mean()) ** 2).sum())
        found.append(min(slopes[0] * spread / sigma(first[:t]), -slopes[1] * spread / sigma(second[:t])))
    return np.array(found)


def slow_cusum(first, second, w, drift=0.5):
    total, found = 0.0, []
    for t in range(1, len(first) + 1):
        a, b = first[:t], second[:t]
        push = 0.0
        if t >= 2 * w:
            rise = (a[-w:].mean() - a[-2 * w : -w].mean()) / (sigma(a) * np.sqrt(2 / w))
            fall = (b[-2 * w : -w].mean() - b[-w:].mean()) / (sigma(b) * np.sqrt(2 / w))
            push = (min(rise, fall) - drift) / w
        total = max(0.0, total + push)
        found.append(total if t >= 2 * w else np.nan)
    return np.array(found)


SLOW = {"parting": slow_parting, "trend": slow_trend, "cusum": slow_cusum}


def runs(count, length, seed, hacked=False):
    """Learning that saturates, with noise; a hacked run loses its held-out number after the middle."""
    rng = np.random.default_rng(seed)
    t = np.arange(length)
    scale = rng.uniform(3, 12, (count, 1))
    optimised = 1 - np.exp(-t / scale) + 0.05 * rng.normal(size=(count, length))
    held_out = 1 - np.exp(-t / scale) + 0.1 * rng.normal(size=(count, length))
    if hacked:
        late = np.maximum(t - length // 2, 0) / length
        optimised, held_out = optimised + late, held_out - 2 * late
    return optimised, held_out


@pytest.mark.parametrize("name", STATISTICS)
@pytest.mark.parametrize("window", [2, 5])
def test_a_slow_loop_over_windows(name, window):
    optimised, held_out = runs(3, 30, 0, hacked=True)
    found = STATISTICS[name](optimised, held_out, window)
    for row, a, b in zip(found, optimised, held_out, strict=True):
        np.testing.assert_allclose(row, SLOW[name](a, b, window), atol=1e-9)


@pytest.mark.parametrize("name", STATISTICS)
def test_it_depends_on_the_past_alone_and_on_no_unit(name):
    optimised, held_out = runs(4, 40, 1, hacked=True)
    whole = STATISTICS[name](optimised, held_out, 4)
    np.testing.assert_allclose(STATISTICS[name](optimised[:, :25], held_out[:, :25], 4), whole[:, :25])
    other = STATISTICS[name](100 * optimised - 7, 0.01 * held_out + 3, 4)
    np.testing.assert_allclose(other, whole, atol=1e-6)


@pytest.mark.parametrize("name", STATISTICS)
def test_one_at_a_time_is_all_at_once(name):
    optimised, held_out = runs(1, 40, 2, hacked=True)
    monitor = HackingMonitor(threshold=1.0, window=4, statistic=name)
    state, said = monitor.init(), []
    for t, (a, b) in enumerate(zip(optimised[0], held_out[0], strict=True)):
        before = state
        state, reading = monitor.update(state, a, b, divergence=10.0 * t)
        assert before.seen == t  # the old state is as it was
        said.append(reading.statistic)
        assert reading.suspected == (reading.statistic > 1.0)
        if reading.best >= 0:
            assert reading.best_divergence == 10.0 * reading.best
    np.testing.assert_allclose(said, scan(monitor, optimised, held_out)[0])
    assert pickle.loads(pickle.dumps((monitor, state))) == (monitor, state)


def test_a_checkpoint_without_a_verdict_changes_nothing():
    optimised, held_out = runs(1, 30, 3, hacked=True)
    monitor = HackingMonitor(window=3)
    plain = gaps = monitor.init()
    for a, b in zip(optimised[0], held_out[0], strict=True):
        plain, expected = monitor.update(plain, a, b)
        gaps, _ = monitor.update(gaps, a, np.nan)
        gaps, found = monitor.update(gaps, a, b)
    assert found.statistic == expected.statistic
    assert (found.checkpoint, expected.checkpoint) == (60, 30)
    assert found.best == 2 * expected.best + 1  # counted in checkpoints, those without a verdict too


def test_a_hacked_run_is_told_from_collapse_and_from_learning():
    optimised, held_out = runs(20, 60, 4, hacked=True)
    monitor = HackingMonitor(threshold=3.0, window=6)
    assert (np.nanmax(scan(monitor, optimised, held_out), -1) > 3).all()
    # the optimised reward falls as well: a collapse, which is another matter
    assert (np.nanmax(scan(monitor, held_out, held_out), -1) < 3).all()
    assert (np.nanmax(scan(monitor, *runs(20, 60, 5)), -1) < 3).all()
    assert (
        scan(monitor, optimised, np.zeros_like(optimised))[:, 11:] == 0
    ).all()  # what never moved has not parted


def test_the_best_checkpoint_is_before_the_fall():
    optimised, held_out = runs(1, 60, 6, hacked=True)
    monitor = HackingMonitor(threshold=3.0, window=6, action=Action("regularise", factor=2.0))
    state = monitor.init()
    for a, b in zip(optimised[0], held_out[0], strict=True):
        state, reading = monitor.update(state, a, b)
        if reading.suspected:
            break
    assert 30 < reading.checkpoint < 60
    assert 5 < reading.best < 36
    assert reading.action == Action("regularise", factor=2.0)


@pytest.mark.parametrize("name", STATISTICS)
def test_the_promised_rate_of_false_alarms(name):
    """Averaged over calibration sets, a new run of the same kind alarms in at most one case of ten."""
    monitor, rates = HackingMonitor(window=4, statistic=name), []
    for seed in range(24):
        chosen = calibrated(monitor, *runs(39, 40, 100 + seed), false_alarms=0.1)
        rates.append((np.nanmax(scan(chosen, *runs(50, 40, 1000 + seed)), -1) > chosen.threshold).mean())
    # exactly (39 + 1 - k) / (39 + 1) = 0.1 on average for numbers without ties; the mean has s.e. of 0.01
    assert np.mean(rates) == pytest.approx(0.1, abs=0.03) if name == "parting" else np.mean(rates) < 0.13


@pytest.mark.parametrize(
    "call",
    [
        lambda: HackingMonitor(window=1),
        lambda: HackingMonitor(threshold=np.inf),
        lambda: HackingMonitor(statistic="kl"),
        lambda: Action("reweight", 0.5),
        lambda: Action("stop", part="x"),
        lambda: Action("panic"),
        lambda: HackingMonitor().update(HackingMonitor().init(), np.inf, 0.0),
        lambda: parting([1.0, np.nan], [1.0, 2.0], 2),
        lambda: trend([1.0], [1.0, 2.0], 2),
        lambda: cusum([1.0, 2.0], [1.0, 2.0], 1),
        lambda: calibrated(HackingMonitor(), *runs(10, 40, 0), false_alarms=0.05),
        lambda: calibrated(HackingMonitor(), *runs(40, 10, 0), false_alarms=0.05),
    ],
)
def test_refusals(call):
    with pytest.raises(BadInput):
        call()
