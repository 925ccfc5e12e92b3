"""Screens that look at recorded episodes, other samples, distances and exploits."""

from __future__ import annotations

import math

import numpy as np
import pytest

from rewardsmith import tasks
from rewardsmith.design.episodes import packed, unpacked
from rewardsmith.design.screen import (
    TPE,
    Alignment,
    Consensus,
    Distance,
    Episode,
    Evidence,
    Exploits,
    alignment,
    judge,
    separation,
)
from rewardsmith.measure.exploit.known import scripted
from rewardsmith.optimize.control import Trajectory
from rewardsmith.program import parse
from rewardsmith.tasks.record import record_steps

SWING = tasks.load("cartpole_swingup")
STEPS = record_steps(SWING, 0)
HEIGHT = parse("upright", SWING)


def episode(*upright: float, success: bool) -> Episode:
    return Episode({"upright": np.array(upright)}, success)


# successes end early: their sums are smaller than those of failures, their means larger
EPISODES = (
    episode(1.0, 0.8, success=True),
    episode(0.4, 0.4, success=True),
    *(episode(*[0.5] * 40, success=False) for _ in range(3)),
)


def test_separation_is_the_share_of_successes_above_every_failure():
    assert separation(HEIGHT, EPISODES) == 0.5
    assert separation(parse("-upright", SWING), EPISODES) == 0.5
    assert separation(HEIGHT, EPISODES[:1] + EPISODES[2:]) == 1.0
    assert math.isnan(separation(HEIGHT, EPISODES[:2]))
    assert math.isnan(separation(HEIGHT, EPISODES[2:]))


def test_sums_would_have_misranked_them():
    sums = [float(each.batch["upright"].sum()) for each in EPISODES]
    assert sums[0] < min(sums[2:])


def test_alignment_equals_counted_pairs():
    right = sum(a > b for a in (0.9, 0.4) for b in (0.5,) * 3)
    assert alignment(HEIGHT, EPISODES) == (2 * right - 6) / 6 == 0.0
    assert alignment(HEIGHT, EPISODES[:1] + EPISODES[2:]) == 1.0
    assert alignment(parse("-upright", SWING), EPISODES[:1] + EPISODES[2:]) == -1.0
    unknown = (episode(math.nan, success=True), episode(math.nan, success=False))
    assert alignment(HEIGHT, EPISODES + unknown) == 0.0, "who has no verdict is left out"
    assert math.isnan(alignment(HEIGHT, unknown))


def test_both_screens_pass_everything_until_there_is_something_to_tell_apart():
    for screen in (TPE(), Alignment()):
        assert screen.judge(HEIGHT, None, Evidence(SWING, STEPS)) is None
    assert TPE().judge(HEIGHT, None, Evidence(SWING, STEPS, episodes=EPISODES)).code == "S_TPE"
    low = Alignment(least=0.5, pairs=6)
    assert low.judge(HEIGHT, None, Evidence(SWING, STEPS, episodes=EPISODES)).code == "S_ALIGNMENT"
    assert Alignment(0.5).judge(HEIGHT, None, Evidence(SWING, STEPS, episodes=EPISODES)) is None


def test_consensus_refuses_the_sample_that_is_like_no_other():
    alike = [parse(f"{k} * upright - {k / 10} * square(x)", SWING) for k in (1.0, 1.1, 1.2, 1.3, 1.4)]
    odd = parse("1.0 if x > 0.37 and next_x_velocity < -0.4 else 0.0", SWING)
    evidence = Evidence(SWING, STEPS, drafts=(*alike, odd))
    assert Consensus().judge(odd, None, evidence).code == "S_CONSENSUS"
    assert all(Consensus().judge(each, None, evidence) is None for each in alike)
    assert Consensus(samples=6).judge(odd, None, evidence) is None


def test_distance_refuses_a_shaped_copy_and_no_other_reward():
    copy = parse("2.0 * upright + 0.3 * (0.96 * (1.0 - terminated) * next_x - x)", SWING)
    accepted = ((HEIGHT, None),)
    assert Distance().judge(copy, None, Evidence(SWING, STEPS, accepted)).code == "S_DISTANCE"
    assert Distance().judge(parse("-abs(x)", SWING), None, Evidence(SWING, STEPS, accepted)) is None
    assert Distance().judge(copy, None, Evidence(SWING, STEPS)) is None


def test_a_known_exploit_must_not_pay_like_its_counterpart(tmp_path):
    pendulum = tasks.load("pendulum")
    spin = next(one for one in scripted(pendulum) if one.name.startswith("spins"))
    assert spin.reference is None, "a script without a success beside it decides nothing"
    steps = record_steps(pendulum, 0)
    from dataclasses import replace

    from rewardsmith.measure.exploit.behaviour import Behaviour

    still = {name: np.zeros_like(value) for name, value in spin.exploit.episodes[0].items()}
    upright = replace(spin, reference=Behaviour("stands", ({**still, "upright": still["upright"] + 1.0},)))
    fast = parse("square(angular_velocity)", pendulum)
    high = parse("upright - 0.1 * square(angular_velocity)", pendulum)
    evidence = Evidence(pendulum, steps, exploits=(spin, upright))
    assert judge(fast, (Exploits(),), evidence).refusal.code == "S_EXPLOIT"
    assert judge(high, (Exploits(),), evidence).refusal is None


def test_recorded_episodes_survive_the_journal():
    rng = np.random.default_rng(0)
    played = [
        Trajectory(
            rng.normal(size=(n, SWING.observation_size)).astype(np.float32), np.zeros(n, np.int32), s, {}
        )
        for n, s in ((3, 1.0), (SWING.horizon, 0.2))
    ]
    ids = ("r0c0", "r0c1")
    owned = list(zip(("r0c1", "r0c1"), played, strict=True))
    stored = unpacked(packed(owned, ids, SWING.horizon), ids, SWING)
    assert list(stored) == ["r0c1"]
    found = stored["r0c1"]
    assert [each.success for each in found] == [True, False]
    for one, each in zip(played, found, strict=True):
        np.testing.assert_array_equal(each.batch["obs"], one.obs)
        np.testing.assert_array_equal(each.batch["next_obs"][:-1], one.obs[1:])
    assert found[0].batch["terminated"].tolist() == [False, False, True]
    assert not found[1].batch["terminated"].any()
    assert packed([], ids, 10) == {}
    assert unpacked({}, ids, SWING) == {}


@pytest.mark.parametrize("screen", [TPE, Alignment])
def test_screens_that_read_success_say_so(screen):
    assert "score" in screen.needs
