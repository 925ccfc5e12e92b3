"""Grid worlds step by step beside MiniGrid itself, and the same mixture of levels."""

import collections
import itertools
import warnings

import gymnasium
import jax
import minigrid  # noqa: F401  importing it registers the environments
import numpy as np
import pytest
from scipy.stats import chi2_contingency

from rewardsmith import tasks
from rewardsmith.core.errors import BadInput
from rewardsmith.tasks.envs.grid_rules import HEAD, LEFT, PICKUP, SEEN, TOGGLE
from rewardsmith.tasks.envs.minigrid import DoorKey, KeyCorridor

NAMES = [name for name in tasks.names() if name.startswith("MiniGrid-")]
CODES = {"wall": 1, "key": 2, "ball": 3, "goal": 4}
DOORS = {(True, False): 5, (False, False): 6, (False, True): 7}  # open, locked


@pytest.fixture(scope="module", autouse=True)
def quiet():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # minigrid's arrays of one number
        yield


def opened(name):
    return gymnasium.make(name, disable_env_checker=True).unwrapped


def code(thing):
    if thing is None:
        return 0
    return DOORS[thing.is_open, thing.is_locked] if thing.type == "door" else CODES[thing.type]


def state_of(world, door):
    """Our state, read from MiniGrid's objects."""
    cells = [code(world.grid.get(x, y)) for y in range(world.height) for x in range(world.width)]
    head = [*world.agent_pos, world.agent_dir, code(world.carrying), world.step_count, *door]
    return np.array([*head, *cells], float)


def locked_door(world):
    for x, y in itertools.product(range(world.width), range(world.height)):
        if code(world.grid.get(x, y)) == 7:
            return x, y
    raise AssertionError("no locked door")


def useful(task, obs, rng):
    """An action that does something more often than chance: take and open what is ahead."""
    batch = {field.name: field.of(obs) for field in task.fields}
    if batch["ahead_key"] and rng.random() < 0.8:
        return PICKUP
    if batch["ahead_shut"] and rng.random() < 0.6:
        return TOGGLE
    if batch["ahead_aim"] and rng.random() < 0.5:
        return int(rng.choice([2, 3]))
    return int(rng.choice(7, p=[0.18, 0.18, 0.44, 0.06, 0.06, 0.06, 0.02]))


@pytest.mark.parametrize("name", NAMES)
def test_every_step_is_that_of_minigrid(name):
    task, world, rng = tasks.load(name), opened(name), np.random.default_rng(0)
    ends, played = collections.Counter(), 0
    while played < 400:
        world.reset(seed=played)
        door = locked_door(world)
        state = state_of(world, door)
        after = task.env.observe(state)
        while played < 400:
            obs, played = after, played + 1
            action = useful(task, obs, rng)
            state = task.env.step(state, np.asarray(action))
            _, paid, ended, cut, _ = world.step(action)
            np.testing.assert_array_equal(state, state_of(world, door))
            assert bool(task.env.terminated(state)) == ended
            after = task.env.observe(state)
            batch = task.batch(obs, np.asarray(action), after, np.asarray(ended))
            assert float(task.native(batch)) == pytest.approx(paid)
            assert float(task.success.signal(batch)) == float(paid > 0)
            if ended or cut:
                ends["reached" if ended else "cut"] += 1
                assert cut == (after[19] == 1)  # the share of time that is over
                break
    if task.horizon < 400:
        assert sum(ends.values()) > 0


@pytest.mark.parametrize("name", NAMES)
def test_the_observation_says_what_is_there(name):
    task, world, rng = tasks.load(name), opened(name), np.random.default_rng(1)
    world.reset(seed=9)
    door = locked_door(world)
    for _ in range(150):
        state = state_of(world, door)
        obs = task.env.observe(state)
        seen = {field.name: float(field.of(obs)) for field in task.fields}
        assert (seen["agent_x"], seen["agent_y"]) == tuple(world.agent_pos)
        assert (seen["facing_x"], seen["facing_y"]) == tuple(world.dir_vec)
        assert seen["carries_key"] == float(code(world.carrying) == 2)
        gate = world.grid.get(*door)
        assert (seen["door_open"], seen["door_locked"]) == (float(gate.is_open), float(gate.is_locked))
        things = {
            thing.type: (x, y)
            for x, y in itertools.product(range(world.width), range(world.height))
            if (thing := world.grid.get(x, y)) is not None
        }
        carried = tuple(world.agent_pos)
        assert (seen["key_x"], seen["key_y"]) == things.get("key", carried)
        aim = "goal" if "DoorKey" in name else "ball"
        assert (seen[f"{aim}_x"], seen[f"{aim}_y"]) == things.get(aim, carried)
        where = things.get(aim, carried)
        assert seen["aim_distance"] == sum(abs(np.subtract(where, world.agent_pos)))
        ahead = world.grid.get(*world.front_pos)
        assert seen["ahead_free"] == float(ahead is None)
        assert seen["ahead_aim"] == float(ahead is not None and ahead.type in ("goal", "ball"))
        blocked = [
            thing is not None and not thing.can_overlap()
            for thing in (world.grid.get(x, y) for y in range(world.height) for x in range(world.width))
        ]
        np.testing.assert_array_equal(obs[SEEN:], blocked)
        _, _, ended, cut, _ = world.step(useful(task, obs, rng))
        if ended or cut:
            break


def signature(state, cells):
    """What tells levels apart: wall or door, key, agent, direction, and how many doors there are."""
    x, y, turn, _, _, door_x, door_y = state[:HEAD].astype(int)
    key = int(np.flatnonzero(cells == 2)[0])
    return {"door": (door_x, door_y), "key": key, "agent": (x, y, turn), "doors": int((cells >= 5).sum())}


@pytest.mark.parametrize("env", [DoorKey(5), DoorKey(6), KeyCorridor(3, 2), KeyCorridor(3, 3)], ids=str)
def test_levels_are_mixed_as_by_minigrid(env):
    """Each property of a start has the same frequencies, by a chi-squared test on 250 levels each."""
    size = f"{env.size}x{env.size}" if isinstance(env, DoorKey) else f"S{env.room}R{env.rows}"
    world = opened(f"MiniGrid-{'DoorKey-' if isinstance(env, DoorKey) else 'KeyCorridor'}{size}-v0")
    states = env.reset(np.random.default_rng(3), (250,))
    ours = [signature(state, state[HEAD:]) for state in states]
    theirs = []
    for seed in range(250):
        world.reset(seed=seed)
        state = state_of(world, locked_door(world))
        theirs.append(signature(state, state[HEAD:]))
    for name in ours[0]:
        counts = [collections.Counter(str(one[name]) for one in side) for side in (ours, theirs)]
        kinds = sorted(set(counts[0]) | set(counts[1]))
        table = np.array([[side[kind] for kind in kinds] for side in counts])
        if len(kinds) > 1:
            assert chi2_contingency(table).pvalue > 1e-4, (
                name,
                dict(zip(kinds, table.T.tolist(), strict=True)),
            )


@pytest.mark.parametrize("env", [DoorKey(6), KeyCorridor(3, 2)], ids=str)
def test_jax_steps_like_numpy(env):
    rng = np.random.default_rng(0)
    state = env.reset(rng, (5,))
    drawn = jax.device_get(jax.jit(lambda key: env.reset(key, (5,)))(jax.random.key(0)))
    assert drawn.shape == state.shape
    assert (drawn[:, HEAD:] == 2).sum(axis=1).tolist() == [1] * 5  # one key each

    @jax.jit
    def step(before, action):
        after = env.step(before, action)
        return after, env.observe(after)

    traced = state
    for _ in range(60):
        action = rng.integers(7, size=5)
        state, (traced, seen) = env.step(state, action), jax.device_get(step(traced, action))
        np.testing.assert_array_equal(traced, state)
        np.testing.assert_allclose(seen, env.observe(state), atol=1e-6)


def plan(env, state):
    """The fewest actions to the end, breadth first over everything that can happen."""

    def key(row):
        return (*row[:4], *row[HEAD:])

    seen, layer = {key(state)}, [(state, ())]
    while layer:
        after = env.step(np.repeat([row for row, _ in layer], 7, axis=0), np.tile(np.arange(7), len(layer)))
        ways = [(*way, action) for _, way in layer for action in range(7)]
        ended = np.flatnonzero(env.terminated(after))
        if len(ended):
            return ways[ended[0]]
        layer = []
        for row, way in zip(after, ways, strict=True):
            if key(row) not in seen:
                seen.add(key(row))
                layer.append((row, way))
    raise AssertionError("no way")


@pytest.mark.parametrize("name", ["DoorKey-5x5", "DoorKey-6x6", "KeyCorridorS3R1", "KeyCorridorS3R2"])
def test_shortest_ways_in_our_world_succeed_in_minigrid(name):
    task, world = tasks.load(f"MiniGrid-{name}-v0"), opened(f"MiniGrid-{name}-v0")
    for seed in range(2):
        world.reset(seed=seed)
        way = plan(task.env, state_of(world, locked_door(world)))
        assert 6 <= len(way) <= 40
        *before, (_, paid, ended, _, _) = [world.step(action) for action in way]
        assert ended
        assert not any(step[2] for step in before)
        assert paid == pytest.approx(1 - 0.9 * len(way) / task.horizon)  # as documented by MiniGrid


def test_a_sketch_shows_the_same_shapes_for_every_observation():
    task = tasks.load("MiniGrid-DoorKey-5x5-v0")
    start = task.env.reset(np.random.default_rng(0), ())
    before, after = (task.sketch(task.env.observe(s)) for s in (start, task.env.step(start, np.asarray(LEFT))))
    assert [shape[0] for shape in before] == [shape[0] for shape in after]
    assert before != after
    assert sum(shape[3] > 0 for shape in before if shape[-1] == "ground") == 16 + 2 + 1 + 1  # walls, door, key


def test_sizes_that_cannot_be():
    with pytest.raises(BadInput, match="size of DoorKey"):
        DoorKey(4)
    with pytest.raises(BadInput, match="room >= 3"):
        KeyCorridor(2, 1)


def test_a_film_of_a_grid():
    task = tasks.load("MiniGrid-DoorKey-6x6-v0")
    film = task.render(lambda obs: np.zeros(len(obs), int), seed=1, frames=4, width=48)
    assert film.shape == (4, 48, 48, 3)
    assert film[0, :4, :4].mean() < film[0, 12:20, 12:20].mean()  # the wall in the corner is darker
