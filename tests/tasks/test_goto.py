"""The grid against MiniGrid move by move; instructions, near misses and what is seen of a walk."""

from __future__ import annotations

import numpy as np
import pytest
from minigrid.core.grid import Grid
from minigrid.core.mission import MissionSpace
from minigrid.core.world_object import Ball, Box, Key
from minigrid.minigrid_env import MiniGridEnv

from rewardsmith.core.errors import BadInput
from rewardsmith.tasks.goto import THINGS, Layout, Walk, describe, draw_layout, explore, features, perturb, walk

MADE = {"key": Key, "ball": Ball, "box": Box}


class Same(MiniGridEnv):
    """The layout as an environment of MiniGrid."""

    def __init__(self, layout: Layout):
        self.layout = layout
        super().__init__(mission_space=MissionSpace(lambda: "go"), grid_size=layout.size, max_steps=1000)

    def _gen_grid(self, width, height):
        self.grid = Grid(width, height)
        self.grid.wall_rect(0, 0, width, height)
        for cell, kind in self.layout.things:
            colour, shape = THINGS[kind].split()
            self.put_obj(MADE[shape](colour), *cell)
        self.agent_pos, self.agent_dir = self.layout.start, self.layout.facing
        self.mission = "go"


def test_moves_are_those_of_minigrid():
    rng = np.random.default_rng(0)
    faced_something = 0
    for _ in range(15):
        layout = draw_layout(rng, size=5)
        env = Same(layout)
        env.reset(seed=0)
        actions = tuple(int(a) for a in rng.choice(3, 40, p=(0.2, 0.2, 0.6)))
        ours = walk(layout, actions)
        for action, kind in zip(actions, ours.faced, strict=True):
            env.step(action)  # MiniGrid numbers left, right and forward 0, 1 and 2 too
            ahead = env.grid.get(*env.front_pos)
            thing = f"{ahead.color} {ahead.type}" if ahead is not None and ahead.type in MADE else None
            assert thing == (THINGS[kind] if kind >= 0 else None)
            faced_something += thing is not None
    assert faced_something > 30


def test_a_competent_explorer_gets_there_and_another_seldom():
    def share(competence: float) -> float:
        rng = np.random.default_rng(0)
        walks = [explore(draw_layout(rng), rng, competence, epsilon=0.0) for _ in range(150)]
        for each in walks:
            assert each == walk(each.layout, each.actions)
        return float(np.mean([describe(each) is not None for each in walks]))

    assert share(1.0) > 0.9
    assert share(0.0) < 0.3


def test_near_misses_are_executed_and_as_long():
    rng = np.random.default_rng(0)
    for _ in range(50):
        way = explore(draw_layout(rng), rng)
        other = perturb(way, rng)
        changed = sum(a != b for a, b in zip(way.actions, other.actions, strict=True))
        assert 1 <= changed <= 3
        assert other == walk(way.layout, other.actions)


def test_what_is_seen_without_and_with_errors():
    layout = draw_layout(np.random.default_rng(0))
    way = Walk(
        layout, (2, 2, 2, 2), (-1, THINGS.index("red key"), THINGS.index("red ball"), THINGS.index("red ball"))
    )
    rng = np.random.default_rng(0)
    assert features(way, "go to the red ball", 0.0, rng).tolist() == [1, 1, 1, 0.5, 1, 0.75]
    assert features(way, "go to the red key", 0.0, rng).tolist() == [1, 0, 0, 0.25, 1, 0.75]
    assert features(way, "go to the blue box", 0.0, rng).tolist() == [0, 0, 0, 0, 1, 0.75]
    assert features(Walk(layout, (), ()), "go to the blue box", 0.0, rng).tolist() == [0.0] * 6
    wrong = np.mean([features(way, "go to the red ball", 0.3, rng)[0] for _ in range(2000)])
    assert wrong == pytest.approx(1 - 0.3 * 5 / 6, abs=0.03)
    with pytest.raises(BadInput, match="COLOUR"):
        features(way, "go home", 0.0, rng)
    with pytest.raises(BadInput, match="two kinds"):
        draw_layout(rng, kinds=[3])
