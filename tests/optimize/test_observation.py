"""Agents that see chosen fields train as if there were nothing else to see."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cue
import jax
import numpy as np
import pytest

from rewardsmith import tasks
from rewardsmith.core.errors import BadInput
from rewardsmith.core.fields import Field
from rewardsmith.optimize.control import PPO, Policy, Population, evaluate, evaluate_in_gymnasium
from rewardsmith.optimize.control.compiled import learn_block, rollout_block, train_block
from rewardsmith.optimize.control.observation import appended, check_observation, seen_inputs
from rewardsmith.optimize.control.shards import Shard, train_shard
from rewardsmith.program import parse
from rewardsmith.tasks.envs.gym import GymEnv

QUICK = PPO(steps=8192, envs=8, rollout=32, epochs=2, minibatches=2, hidden=(8,))
HOLD = tasks.load("pendulum_hold")
PROGRAM = parse("next_upright - 0.01 * torque * torque", HOLD)


def begin(task, names, rewards=None, seeds=(3, 4), config=QUICK) -> Population:
    rewards = rewards or [task.naive]
    return Population.start(task, rewards, seeds, config, [names] * len(rewards))


def content(population: Population) -> dict[str, bytes]:
    return {name: np.asarray(array).tobytes() for name, array in population.arrays().items()}


# ---------------------------------------------------------------------- oracles: tasks with nothing else to see
@pytest.mark.parametrize("reward", ["program", "term"])
def test_a_hidden_column_is_a_column_of_zeros_bit_for_bit(reward) -> None:
    task, zeros = (replace(each, fields=(cue.CUE, cue.NOISE)) for each in (cue.TASK, cue.CUE_AND_ZERO))
    own = parse("cue if action > 0.5 else -cue", task) if reward == "program" else task.naive
    hidden, plain = begin(task, ("cue",), [own]), begin(zeros, None, [own])
    # the same first weights: nothing else differs
    plain = replace(plain, members=plain.members._replace(params=hidden.members.params))
    trained, other = hidden.advance(1024), plain.advance(1024)
    assert np.array_equal(trained.members.params, other.members.params)
    assert not np.array_equal(trained.members.params, hidden.members.params)
    assert all(np.array_equal(trained.curves.figures[k], v) for k, v in other.curves.figures.items())


@pytest.mark.parametrize(
    ("task", "names", "narrow"),
    [(cue.TASK, ("cue",), cue.ONLY_CUE), (cue.SIGN, ("product",), cue.ONLY_PRODUCT)],
    ids=["a column", "a computed field"],
)
def test_training_on_chosen_fields_is_training_on_a_task_that_has_only_them(task, names, narrow) -> None:
    # sums run over other numbers of zeros, so roundings differ: 1e-4 after 32 updates with Adam
    wide, alone = begin(task, names).advance(1024), Population.start(narrow, [narrow.naive], (3, 4), QUICK)
    start = begin(task, names)
    inputs = list(seen_inputs(task, names))
    for m in range(2):
        mine, own = (
            start.networks.unpack(start.members.params[m]),
            alone.networks.unpack(alone.members.params[m]),
        )
        for first in (0, 4):  # actor and critic
            mine[first] = mine[first][inputs]
        assert all(np.array_equal(one, other) for one, other in zip(mine, own, strict=True))
    alone = alone.advance(1024)
    for m in range(2):
        mine, own = wide.networks.unpack(wide.members.params[m]), alone.networks.unpack(alone.members.params[m])
        for first in (0, 4):  # actor and critic
            hidden = [i for i in range(len(mine[first])) if i not in inputs]
            assert np.all(mine[first][hidden] == 0.0)
            mine[first] = mine[first][inputs]
        for one, other in zip(mine, own, strict=True):
            np.testing.assert_allclose(one, other, atol=1e-4)
    assert np.all(np.isinf(np.delete(wide.members.observed.variance, inputs, axis=1)))
    np.testing.assert_allclose(wide.members.observed.variance[:, inputs], alone.members.observed.variance, 1e-4)
    seen = evaluate(task, wide.policies(), 5, 64).success
    np.testing.assert_allclose(seen.mean(), evaluate(narrow, alone.policies(), 5, 64).success.mean(), atol=0.02)


def test_the_tasks_own_observation_among_choices_starts_as_where_nobody_chose() -> None:
    plain = Population.start(HOLD, [PROGRAM], (3, 4), QUICK)
    beside = Population.start(HOLD, [PROGRAM, PROGRAM], (3, 4), QUICK, [None, ("energy",)])
    for m in range(2):
        mine = beside.networks.unpack(beside.members.params[m])
        own = plain.networks.unpack(plain.members.params[m])
        assert np.array_equal(mine[0][:3], own[0])
        assert np.all(mine[0][3] == 0.0)
    after, alone = beside.advance(256), plain.advance(256)
    for name, figure in alone.curves.figures.items():
        np.testing.assert_allclose(after.curves.figures[name][0, :2], figure[0], rtol=1e-3, atol=1e-4)


def test_what_the_agent_does_not_see_it_cannot_learn() -> None:
    config = PPO(steps=16_384, envs=32, rollout=32, minibatches=4, hidden=(16,))
    reached = {}
    for names in (("cue",), ("noise", "cue"), ("noise",), None):
        population = begin(cue.TASK, names, seeds=(0, 1, 2), config=config).advance(config.steps)
        reached[names] = evaluate(cue.TASK, population.policies(), 9, 512).success.mean()
    assert min(reached[names] for names in (("cue",), ("noise", "cue"), None)) > 0.95
    assert 0.4 < reached[("noise",)] < 0.6  # chance


# ---------------------------------------------------------------------- one population
def test_neighbours_with_other_observations_change_nothing_and_nothing_is_compiled_for_them() -> None:
    chosen = [("upright", "angular_velocity"), ("energy",), None, ("angle_sin", "upright")]
    rewards = [PROGRAM, HOLD.naive, PROGRAM, HOLD.naive]
    both = Population.start(HOLD, rewards, (3, 4), QUICK, chosen).advance(512)
    programs = [function._cache_size() for function in (train_block, rollout_block, learn_block)]
    for i, names in enumerate(chosen):
        alone = Population.start(HOLD, [rewards[i]], (3, 4), QUICK, [names]).advance(512)
        assert np.array_equal(both.members.params[2 * i : 2 * i + 2], alone.members.params)
    assert [function._cache_size() for function in (train_block, rollout_block, learn_block)] == programs
    assert len({each.tobytes() for each in both.members.params}) == 8


def test_a_population_is_saved_split_and_joined_with_what_its_agents_see(tmp_path: Path) -> None:
    chosen = [("upright", "energy"), None]
    rewards = [PROGRAM, HOLD.naive]
    half = Population.start(HOLD, rewards, (3, 4), QUICK, chosen).advance(256)
    half.save(tmp_path / "half.npz")
    loaded = Population.load(tmp_path / "half.npz", HOLD, rewards, QUICK)
    assert loaded.observations == (("upright", "energy"), None)
    whole = content(half.advance(256))
    assert content(loaded.advance(256)) == whole
    assert content(Population.join([part.advance(256) for part in half.split(3)])) == whole
    assert (
        content(half.keep([1, 2]).advance(256))["member.0"] == half.advance(256).members.params[1:3].tobytes()
    )
    shard = train_shard(Shard.pack(half), 256, lambda done: None)  # as a worker of a cluster does
    assert {name: np.asarray(array).tobytes() for name, array in shard.items()} == whole
    plain = Population.start(HOLD, rewards, (3, 4), QUICK)
    assert "observations" not in plain.arrays()
    with pytest.raises(BadInput, match="observations"):
        Population.join([plain, Population.start(HOLD, rewards, (3, 4), QUICK, chosen)])


# ---------------------------------------------------------------------- where nobody chose
def test_without_a_choice_trainings_are_what_they_were_before_there_were_choices() -> None:
    found = Population.start(HOLD, [PROGRAM, HOLD.naive], (3,), QUICK).advance(512)
    # recorded then, on one processor; others round otherwise
    variance = [[0.31981039, 0.39723343, 9.82964325], [0.31980866, 0.39723293, 9.82954311]]
    reward = [[-0.53157514, -0.51859379], [-0.568295, -0.55536443]]
    np.testing.assert_allclose(found.members.observed.variance, variance, rtol=1e-4)
    np.testing.assert_allclose(found.curves.figures["reward"], reward, rtol=1e-4)
    np.testing.assert_allclose(np.abs(found.members.params).sum(axis=1), [22.3837986, 22.3837128], rtol=1e-5)


def test_without_a_choice_the_networks_see_the_very_array() -> None:
    plain = Population.start(HOLD, [PROGRAM], (0,), QUICK)
    obs = np.ones((2, 3), np.float32)
    assert plain.networks.see(obs) is obs
    assert plain.networks.inputs == 3
    assert np.all(np.isfinite(plain.members.observed.variance))
    written = str(jax.make_jaxpr(lambda obs: plain.networks.see(obs))(obs))
    assert "concatenate" not in written


# ---------------------------------------------------------------------- acting
def test_a_policy_acts_by_what_it_sees_alone_and_is_kept_in_a_file(tmp_path: Path) -> None:
    population = begin(HOLD, ("energy", "angle_sin"), [PROGRAM]).advance(256)
    policy = population.policies()[0]
    obs = np.random.default_rng(0).normal(size=(20, 3)).astype(np.float32)
    arrays = policy.networks.unpack(policy.params)
    seen = np.stack([obs[:, 2] ** 2 / 30.0 + obs[:, 0], obs[:, 1]], axis=-1)  # by hand: energy, sine
    x = np.clip((seen - policy.mean[[3, 1]]) / np.sqrt(policy.variance[[3, 1]] + 1e-8), -10, 10)
    raw = np.tanh(x @ arrays[0][[3, 1]] + arrays[1]) @ arrays[2] + arrays[3]
    np.testing.assert_allclose(policy.act(obs), 2.0 * np.clip(raw, -1, 1), atol=1e-5)
    policy.save(tmp_path / "policy.npz")
    again = Policy.load(tmp_path / "policy.npz", HOLD)
    assert again.networks == policy.networks
    assert np.array_equal(again.act(obs), policy.act(obs))
    with pytest.raises(BadInput, match=r"task of a saved policy: received none.*it sees energy"):
        Policy.load(tmp_path / "policy.npz")
    with pytest.raises(BadInput, match="received cartpole"):
        Policy.load(tmp_path / "policy.npz", tasks.load("cartpole"))


def test_played_in_gymnasium_the_agent_sees_the_same() -> None:
    task = tasks.load("cartpole")
    policy = begin(task, ("angle", "x"), [task.native], seeds=(0,)).policies()[0]
    found = evaluate_in_gymnasium(task, policy, 4, seed=1)
    one = found.trajectories[0][0]
    assert np.array_equal(one.action, policy.act(one.obs))
    blind = np.array(one.obs)
    blind[:, [1, 3]] = 99.0  # what it does not see
    assert np.array_equal(one.action, policy.act(blind))
    assert not np.array_equal(one.action, policy.act(-blind))


def test_agents_in_simulators_see_chosen_and_computed_fields() -> None:
    array = tasks.load("cartpole")
    lean = Field("lean", read=leaning, meaning="angle and its speed")
    simulated = replace(
        array, env=GymEnv.inspect("CartPole-v1", engine="envpool"), fields=(*array.fields, lean)
    )
    chosen = [("lean",), None, ("x",)]
    rewards = [array.native] * 3
    config = PPO(steps=16_384, envs=8, hidden=(16,))
    found = Population.start(simulated, rewards, (0,), config, chosen).advance(config.steps)
    alone = Population.start(simulated, rewards[:1], (0,), config, chosen[:1]).advance(config.steps)
    assert np.array_equal(found.members.params[0], alone.members.params[0])
    lengths = evaluate(simulated, found.policies(), 5, 8).lengths.mean(axis=1)
    assert lengths[0] > 100  # untrained: about 20; who sees only the place of the cart cannot balance
    assert lengths[2] < 60


def leaning(obs):
    return obs[..., 2] + 0.5 * obs[..., 3]


# ---------------------------------------------------------------------- inputs
def test_inputs_are_columns_and_then_what_is_computed() -> None:
    assert [field.name for field in appended(cue.TASK)] == ["product", "both"]
    assert seen_inputs(cue.TASK, ("both", "cue", "product")) == (3, 4, 0, 2)
    assert seen_inputs(cue.TASK, None) == (0, 1)
    networks = begin(cue.TASK, ("cue",)).networks
    obs = np.array([[0.5, -2.0], [np.inf, 1.0]], np.float32)
    assert networks.see(obs).tolist()[0] == [0.5, -2.0, -1.0, -1.0, -2.0]
    assert networks.see(obs).tolist()[1] == [np.inf, 1.0, 0.0, 0.0, 1.0]  # what is not finite is shown as 0
    assert np.array_equal(np.asarray(networks.see(jax.numpy.asarray(obs))), networks.see(obs))


@pytest.mark.parametrize(
    ("names", "why"),
    [
        (("height",), "received 'height'; allowed: upright, angle_sin, angular_velocity, energy"),
        (("torque",), "received 'torque'"),
        ((), r"received \(\)"),
        ("upright", "received 'upright'"),
        (("upright", "upright"), "different fields"),
    ],
)
def test_bad_choices_are_refused(names, why) -> None:
    with pytest.raises(BadInput, match=why):
        check_observation(HOLD, names)
    with pytest.raises(BadInput, match=why):
        begin(HOLD, names)


def test_there_is_one_choice_for_each_reward() -> None:
    with pytest.raises(BadInput, match="1 for 2 rewards"):
        Population.start(HOLD, [PROGRAM, HOLD.naive], (0,), QUICK, [None])


def by_hand(obs):
    return np.array([float(row[0]) for row in np.asarray(obs)])


def test_what_cannot_be_compiled_is_refused_before_anything_runs() -> None:
    task = replace(HOLD, fields=(*HOLD.fields, Field("slow", read=by_hand)))
    Population.start(task, [HOLD.naive], (0,), QUICK)  # nobody chose: nobody needs it compiled
    with pytest.raises(BadInput, match="field slow of task pendulum_hold: received other functions"):
        begin(task, ("upright",))
