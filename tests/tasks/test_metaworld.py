"""Meta-World MT10: our tasks are Meta-World's, by recordings of its own simulator.

They are made by ``benchmarks/metaworld_oracle.py``.
"""

from pathlib import Path

import numpy as np
import pytest

from rewardsmith import tasks
from rewardsmith.core.errors import MissingExtra
from rewardsmith.tasks.envs import gym as gym_module

RECORDED = dict(np.load(Path(__file__).parent / "metaworld_v3.npz"))
NAMES = [name for name in tasks.names() if name.startswith("metaworld/")]
SEED, EVERY = 3, 5
# envpool brings MuJoCo 3.6, Meta-World 3.3: contacts amplify small differences.
CALM = ("reach-v3", "drawer-open-v3", "window-close-v3")


def recorded(name, key):
    return RECORDED[f"{name.removeprefix('metaworld/')}/{key}"]


def replayed(name):
    """The recorded actions in our engine: observations, rewards and verdicts."""
    task = tasks.load(name)
    copies = task.env.open(1, SEED)
    obs, rows = [copies.reset()[0]], []
    for action in recorded(name, "action"):
        step = copies.step(action[None])
        obs.append(step.next_obs[0])
        rows.append((step.reward[0], step.success[0]))
    copies.close()
    return np.array(obs), *np.array(rows).T


def test_there_are_ten():
    assert len(NAMES) == 10
    assert {f"metaworld/{key.split('/')[0]}" for key in RECORDED} == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_episodes_of_the_expert_are_those_of_metaworld(name):
    obs, reward, verdict = replayed(name)
    first = 1 if name.endswith("window-close-v3") else 0  # Meta-World has not yet moved the handle at the start
    away = np.abs(obs[::EVERY] - recorded(name, "obs"))[first:]
    apart = np.abs(reward - recorded(name, "reward"))
    assert away.max() < 0.05
    assert np.quantile(apart, 0.95) < 0.1
    if name.endswith(CALM):
        assert away.max() < 3e-3
        assert apart.max() < 1e-3
    theirs = recorded(name, "success")
    assert verdict.max() == theirs.max() == 1.0  # the expert succeeds in both
    assert abs(int(verdict.argmax()) - int(theirs.argmax())) <= 1  # and at the same time
    assert (verdict != theirs).mean() < 0.05


@pytest.mark.parametrize("name", NAMES)
def test_success_is_the_verdict_and_fields_are_its_quantities(name):
    """Meta-World's own formulas of success, over our fields; reach and peg read what is not observed."""
    task, now, seen = tasks.load(name), recorded(name, "obs")[1:], recorded(name, "success")[EVERY - 1 :: EVERY]
    nothing = np.zeros(len(now), bool)
    batch = task.batch(now, np.zeros((len(now), 4)), now, nothing, nothing, seen)
    np.testing.assert_array_equal(task.with_success(batch)["success"], seen)
    gap = {axis: np.abs(batch[f"object_{axis}"] - batch[f"goal_{axis}"]) for axis in "xyz"}
    formula = {
        "push-v3": batch["object_goal_distance"] <= 0.05,
        "pick-place-v3": batch["object_goal_distance"] <= 0.07,
        "door-open-v3": gap["x"] <= 0.08,
        "drawer-open-v3": batch["object_goal_distance"] <= 0.03,
        "drawer-close-v3": batch["object_goal_distance"] <= 0.065,
        "button-press-topdown-v3": gap["z"] <= 0.024,
        "window-open-v3": gap["x"] <= 0.05,
        "window-close-v3": gap["x"] <= 0.05,
    }.get(name.removeprefix("metaworld/"))
    if formula is not None:
        np.testing.assert_array_equal(formula, seen == 1)
    assert batch["object_distance"].min() < 0.2


@pytest.mark.parametrize("name", NAMES)
def test_fields_stay_in_their_bounds(name):
    obs = recorded(name, "obs")
    for field in tasks.load(name).fields:
        if field.kind == "state":
            values = field.of(obs)
            assert (values >= field.low - 1e-5).all(), field.name
            assert (values <= field.high + 1e-5).all(), field.name


def test_goals_are_seen_and_every_episode_has_its_own():
    copies = tasks.load("metaworld/reach-v3").env.open(4, 0)
    starts = copies.reset()
    copies.close()
    assert len(np.unique(starts[:, 36:39], axis=0)) == 4
    np.testing.assert_array_equal(starts[:, 18:22], starts[:, 0:4])  # the frame before the first is the first


def test_films_of_the_table():
    film = tasks.load("metaworld/push-v3").render(lambda obs: np.ones((1, 4)), frames=2, width=96)
    assert film.shape == (2, 96, 96, 3)
    assert film.std() > 20


def test_a_missing_simulator_is_answered_with_its_extra(monkeypatch):
    env = tasks.load("metaworld/reach-v3").env
    monkeypatch.setattr(gym_module.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match=r"MetaWorld/Reach-v3 .*pip install 'rewardsmith\[metaworld\]'"):
        env.open(1, 0)
