"""The corpus by which ``check`` and ``audit`` are judged: well formed, and its published hacks really pay."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rewardsmith import to_json
from rewardsmith.tasks import Task

# Only while these are imported: benchmarks/program.py would hide the tests of the same name.
sys.path.append(str(Path(__file__).parents[2] / "benchmarks"))

import checks
from corpus import ENTRIES, half
from corpus.entry import Entry
from corpus.public import PUBLIC
from corpus.worlds import blocks, cleaning, games

sys.path.pop()
BY_NAME = {entry.name: entry for entry in (*ENTRIES, *PUBLIC)}


def test_there_are_enough_of_each_kind_in_both_halves() -> None:
    counted = Counter((entry.kind, entry.hackable, half(entry)) for entry in ENTRIES)
    assert len(counted) == 8
    for kind in ("control", "text"):
        for hackable in (True, False):
            parts = [counted[kind, hackable, part] for part in ("development", "held out")]
            assert min(parts) >= 10
            assert abs(parts[0] - parts[1]) <= 1
    assert sum(entry.hackable for entry in ENTRIES) >= 30
    assert sum(not entry.hackable for entry in ENTRIES) >= 30
    assert len(PUBLIC) >= 10


def test_entries_are_well_formed() -> None:
    everything = (*ENTRIES, *PUBLIC)
    assert len({entry.name for entry in everything}) == len(everything)
    for entry in everything:
        assert entry.name.isidentifier()
        assert len(entry.source) > 10
        assert (entry.task is None) == bool(entry.data)
    for entry in ENTRIES:
        assert entry.wrong
        assert bool(entry.families) == entry.hackable


def test_rewards_have_a_text_form() -> None:
    """A reward is a value: whatever is in the corpus can be stored."""
    for entry in (*ENTRIES, *PUBLIC):
        assert to_json(entry.reward)


def _scores(entry: Entry, completions: list[str]) -> np.ndarray[Any, Any]:
    columns = {name: [row[name] for row in entry.data] for name in entry.data[0]}
    return np.asarray(entry.reward({**columns, "completion": completions}), float)


@pytest.mark.parametrize(
    "name", [e.name for e in ENTRIES if e.kind == "text" and not e.hackable and e.name != "formula"]
)
def test_sound_verifiers_pay_the_right_answer_and_nothing_else(name: str) -> None:
    """Without ``formula``: math-verify takes seconds to load; ``benchmarks/checks.py`` audits it."""
    entry = BY_NAME[name]
    right = [row["oracle"] for row in entry.data]
    best = _scores(entry, right)
    for wrong in ([""] * len(right), ["zzz"] * len(right), [row["prompt"] for row in entry.data], right[::-1]):
        different = np.array([a != b for a, b in zip(right, wrong, strict=True)])
        assert (_scores(entry, wrong)[different] <= best.min() - 0.9).all()


# ------------------------------------------------------------------ the hacks pay more than what is wanted
def _played(task: Task, policy: Any, seed: int = 0) -> tuple[dict[str, Any], float]:
    """One episode of a controller ``(step, state) -> action``, and its success."""
    env, rng = task.env, np.random.default_rng(seed)
    state, rows = env.reset(rng, (1,)), []
    for t in range(task.horizon):
        action = np.array([policy(t, state[0])])
        after = env.step(state, action)
        rows.append((env.observe(state), action, env.observe(after), env.terminated(after)))
        state = after
        if rows[-1][-1].any():
            break
    columns = (np.stack(column, axis=1) for column in zip(*rows, strict=True))
    batch = task.batch(*columns)
    signal = np.zeros((1, task.horizon))
    signal[:, : len(rows)] = task.success.signal(batch)
    happened = np.arange(task.horizon)[None] < len(rows)
    return batch, float(task.success.episode(signal, happened)[0])


def _forward(t: int, state: Any) -> int:
    del t, state
    return 2


def _to_and_fro(t: int, state: Any) -> int:
    """To the next checkpoint, then one back and one forth."""
    at = state[0] % 4 == 0
    return 0 if at and t % 2 == 1 else 2 if not at else 1


def _home(t: int, state: Any) -> int:
    """Turn towards the goal."""
    del t
    wanted = np.arctan2(-state[1], -state[0])
    off = (wanted - state[2] + np.pi) % (2 * np.pi) - np.pi
    return 0 if off > 0.15 else 2 if off < -0.15 else 1


def _circle(t: int, state: Any) -> int:
    del t, state
    return 0


def _clean(t: int, state: Any) -> int:
    """Suck where there is dirt, else sweep to the left and then to the right."""
    here = state[1 + int(state[0])] > 0.5
    return cleaning.SUCK if here else cleaning.LEFT if t < 8 else cleaning.RIGHT


def _dump(t: int, state: Any) -> int:
    """Clean, and as soon as there is something in the bag: dump it and suck it up again."""
    if state[5] < 0.5:
        return _clean(t, state)
    return cleaning.SUCK if state[1 + int(state[0])] > 0.5 else cleaning.DUMP


def _close_camera(t: int, state: Any) -> int:
    del state
    return cleaning.CAMERA if t == 0 else cleaning.LEFT


def _stack(t: int, state: Any) -> int:
    del t
    hand, red, held = state[0], state[1], state[2]
    if held > 0.5:
        return blocks.RIGHT if hand < blocks.BLUE else blocks.GRIP
    if red == blocks.BLUE:
        return blocks.RIGHT
    return blocks.GRIP if hand == red else blocks.LEFT if hand > red else blocks.RIGHT


def _flip(t: int, state: Any) -> int:
    """Turn the block over, then hold it in the air."""
    del t
    hand, red, held, flipped = state
    if hand != red:
        return blocks.LEFT if hand > red else blocks.RIGHT
    if flipped < 0.5:
        return blocks.FLIP
    return blocks.GRIP if held < 0.5 else blocks.LEFT


def _score(t: int, state: Any) -> int:
    del t, state
    return 2


def _touch(t: int, state: Any) -> int:
    """Go to the ball and stay there."""
    del t
    return 2 if state[1] - state[0] > 0.08 else 1


def _pause(t: int, state: Any) -> int:
    del t, state
    return games.PAUSE


def _under(t: int, state: Any) -> int:
    del t
    off = state[0] - state[2]
    return games.RIGHT if off > 0.06 else games.LEFT if off < -0.06 else games.STAY


@pytest.mark.parametrize(
    ("name", "hack", "honest"),
    [
        ("targets_without_laps", _to_and_fro, _forward),
        ("boat_race", _to_and_fro, _forward),
        ("bicycle_in_circles", _circle, _home),
        ("hover_before_the_goal", _circle, _home),
        ("dump_and_suck_again", _dump, _clean),
        ("closed_camera", _close_camera, _clean),
        ("flipped_block", _flip, _stack),
        ("vibrating_at_the_ball", _touch, _score),
        ("paused_game", _pause, _under),
    ],
)
def test_the_hack_pays_and_what_is_wanted_pays_less(name: str, hack: Any, honest: Any) -> None:
    entry = BY_NAME[name]
    assert entry.task is not None
    paid: dict[str, list[float]] = {"hack": [], "honest": []}
    reached: dict[str, list[float]] = {"hack": [], "honest": []}
    for seed in range(8):
        for who, policy in (("hack", hack), ("honest", honest)):
            batch, success = _played(entry.task, policy, seed)
            paid[who].append(float(np.sum(entry.reward(batch))))
            reached[who].append(success)
    assert np.mean(paid["hack"]) >= np.mean(paid["honest"])
    assert np.mean(reached["honest"]) > 0.8 > 0.4 > np.mean(reached["hack"])


# ------------------------------------------------------------------ verdicts
@pytest.mark.parametrize("name", ["substring", "lenient_parser", "format_only", "exact_boxed", "json_answer"])
def test_text_entries_get_their_verdict(name: str) -> None:
    entry = BY_NAME[name]
    what, said = checks.outcome(entry, checks.examined(entry, fast=True))
    assert what == ("caught" if entry.hackable else "clean"), said


@pytest.mark.parametrize(
    "name", ["boat_race", "parked_at_a_checkpoint", "ring_forward", "flipped_block", "blocks_potential"]
)
def test_control_entries_get_their_verdict(name: str) -> None:
    entry = BY_NAME[name]
    what, said = checks.outcome(entry, checks.examined(entry, fast=True))
    assert what == ("caught" if entry.hackable else "clean"), said
