"""The benchmark of the loop runs, and its figures are those of slow obvious counts."""

from __future__ import annotations

import math

import numpy as np
import pytest
from benchmarks import design_loop as b

from rewardsmith.core.stats import Interval
from rewardsmith.design.screen import TPE
from rewardsmith.program import parse

TASK = b.load("rooms")


def test_the_rival_is_counted_once_for_each_of_our_trainings() -> None:
    ours = [{"figure": "search, cold", "env_steps": 1_280, "trainings": 128, "cpu_s": 16.0}]
    theirs = [{"cpu_s": 1.0, "wall_s": 2.0}, {"cpu_s": 3.0, "wall_s": 4.0}]
    search, rival = b.rated(ours, theirs, steps=10)
    assert (search["rival_cpu_s"], search["ratio"]) == (256.0, 16.0)
    assert (rival["cpu_s"], rival["wall_s"]) == (2.0, 3.0)


def test_episodes_follow_the_policy_and_know_whether_they_reached_the_goal() -> None:
    mdp = TASK.mdp
    right = np.full((1, mdp.states), 2)
    (episodes,) = b.play(TASK, right, np.random.default_rng(0))
    assert len(episodes) == b.KEEP
    for each in episodes:
        rows, columns = each.batch["next_row"], each.batch["next_column"]
        assert (each.batch["row"][1:] == rows[:-1]).all()
        moved = np.abs(rows - each.batch["row"]) + np.abs(columns - each.batch["column"])
        assert set(moved) <= {0.0, 1.0}
        assert each.success == bool(each.batch["next_far"][-1] == 0) == bool(each.batch["terminated"][-1])
        assert not each.batch["terminated"][:-1].any()


def test_a_screen_trains_everything_before_the_first_success() -> None:
    good, bad = (parse(text, TASK.table) for text in ("-next_far", "next_far"))
    tables = np.stack([sum((TASK.tables(program) or {}).values()) for program in (good, bad)])
    choices = b.q_learning(TASK.mdp, tables, [3], TASK.learning).values[:, 0].argmax(-1)
    reached, lost = b.play(TASK, choices, np.random.default_rng(1))
    assert any(each.success for each in reached)
    assert not any(each.success for each in lost)
    order = [bad, bad, good, bad, good]
    played = [reached if program is good else lost for program in order]
    stream = b.Stream(order, tables, np.zeros(5), played)
    trained, blind = b.walk(TASK, stream, TPE())
    assert (trained.tolist(), blind) == ([True, True, True, False, True], 3)
    everything, _ = b.walk(TASK, stream, None)
    assert everything.all()


def test_a_race_on_curves_without_noise_finds_the_best() -> None:
    levels = np.array([0.1, 0.9, 0.5, 0.3])
    curves = np.repeat(np.repeat(levels[:, None, None], 8, 1), b.CHECKPOINTS, 2)
    pool = b.Pool([parse("-next_far", TASK.table)] * 4, curves, levels)
    seeds = range(8)
    assert b.argmax_of_one(pool, range(4), seeds) == (1, pytest.approx(0.9))
    assert b.honest(pool, range(4), seeds) == (1, pytest.approx(0.9))
    lucky = curves.copy()
    lucky[0, 0] = 1.0  # on the seed of the search only
    noisy = b.Pool(pool.programs, lucky, levels)
    assert b.argmax_of_one(noisy, range(4), seeds)[0] == 0
    assert b.honest(noisy, range(4), seeds, race=False)[0] == 1


def test_the_budget_pays_for_the_same_number_of_steps() -> None:
    for budget in (24, 40):
        raced, _, _ = b.arms(budget)["ours, equal steps"]
        each = b.FIRST + (1 - b.FIRST) * b.SURVIVORS
        assert budget - each <= raced * each + b.FINALISTS * b.SELECTION <= budget


@pytest.mark.parametrize("what", ["screens", "selection"])
def test_it_runs(what: str, capsys: pytest.CaptureFixture[str]) -> None:
    rows = b.main([what, "--quick", "--first", "1000"])
    assert "CPU seconds" in capsys.readouterr().out
    assert len({tuple(row) for row in rows}) == 1
    for row in rows:
        means = [value.mean if isinstance(value, Interval) else value for value in row.values()]
        assert all(isinstance(value, (str, int)) or math.isfinite(value) for value in means)
    if what == "screens":
        # skipping by chance skips as many, and what is saved is bounded by what comes after the blind spot
        for screen, chance in zip(rows[::2], rows[1::2], strict=True):
            assert screen["saved"].mean == pytest.approx(chance["saved"].mean)
    else:
        assert rows[0]["regret"] >= -1e-12
