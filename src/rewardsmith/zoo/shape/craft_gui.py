"""CRAFT-GUI: from short tasks to long ones, with rules on every action and a judge where no rule applies.

Differs from the paper: tasks are chains of 1 to 10 screens that need one typed action each, softmax tables
learn by REINFORCE, the judge is the truth with errors. Difficulty is the number of steps; hard tasks have
screens of their own. A stage ends at a success of 0.7 on held-out tasks of its tier, or after its share of
the budget; a fifth of its tasks are earlier ones. Weights and thresholds are ours; the check on success
alone was added after trials on other seeds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

import rewardsmith as rs
from rewardsmith import terms
from rewardsmith.core.cite import Paper
from rewardsmith.optimize.episodic import EpisodicGradient, learn_episodes
from rewardsmith.transforms import known_sum
from rewardsmith.zoo.claims import Check, Meter, Verdict, compare_paired, control, verdict

PAPER = Paper(
    key="nong2025craft",
    title="CRAFT-GUI: Curriculum-Reinforced Agent For GUI Tasks",
    authors="Nong, Songqin and others",
    year=2025,
    where="arXiv",
    arxiv="2508.11360",
)
TIERS, SCREENS, ACTIONS = np.array([(1, 3), (4, 7), (8, 10)]), 30, 6  # a type, and one of 2 targets
WANTED = (7 * np.arange(SCREENS) + np.arange(SCREENS) // 3) % ACTIONS
Table = np.ndarray
Stages = tuple[tuple[float, ...], ...]
STAGES: Stages = ((1.0, 0.0, 0.0), (0.2, 0.8, 0.0), (0.1, 0.1, 0.8))
MIXED, BACK = ((1 / 3, 1 / 3, 1 / 3),), ((0.0, 0.0, 1.0), (0.0, 0.8, 0.2), (0.8, 0.1, 0.1))
SUCCESS, TYPE = terms.value(value="task_solved"), terms.value(value="type_right")


def build() -> rs.Reward:
    """Rules on format, type and target (which counts only with its type), a judge where they are silent."""
    target = rs.gate(terms.value(value="target_right"), when=TYPE, above=0.5)
    rule = 0.1 * terms.value(value="parses") + 0.3 * TYPE + 0.6 * target
    return SUCCESS + known_sum(0.7 * rule, 0.3 * terms.value(value="judged"), renormalize=True)


@dataclass(frozen=True)
class Chains:
    """Tasks of some tiers; every fifth screen is open: no rule tells, only the judge."""

    shares: tuple[float, ...]
    observations: int = SCREENS
    actions: int = ACTIONS
    horizon: int = 10
    draws: int = 12

    def start(self, uniform: Table) -> Table:
        tier = (uniform[:, :1] > np.cumsum(self.shares)).sum(1).clip(0, 2)
        low, high = TIERS[tier].T
        length = low + ((high - low + 1) * uniform[:, 1]).astype(int)
        screens = ((tier[:, None] + 1) * 10 * uniform[:, 2:]).astype(int)  # ten more with each tier
        return np.column_stack([0 * tier, length, 0 * tier + 1, screens])

    def observe(self, state: Table) -> Table:
        return state[np.arange(len(state)), 3 + np.minimum(state[:, 0], 9)]

    def step(self, state: Table, action: Table, uniform: Table) -> tuple[Table, Table]:
        right = state[:, 2] * (action == WANTED[self.observe(state)])
        after = np.column_stack([state[:, 0] + 1, state[:, 1], right, state[:, 3:]])
        return after, after[:, 0] >= state[:, 1]

    def fields(self, state: Table, action: Table, after: Table) -> Mapping[str, Table]:
        screen, done = self.observe(state), (after[:, 0] >= state[:, 1]) * after[:, 2]
        wanted, rule = WANTED[screen], np.where(screen % 5 == 4, np.nan, 1.0)
        guess = np.clip((action == wanted) + 0.2 * np.sin(13.0 * screen + 78.2 * action), 0, 1)
        found = {"parses": rule, "judged": np.where(rule > 0, np.nan, guess), "task_solved": 1.0 * done}
        right = {"type_right": action // 2 == wanted // 2, "target_right": action % 2 == wanted % 2}
        return found | {name: rule * flag for name, flag in right.items()}


def solved(policy: Table, tier: int, seed: int) -> float:
    """Success on held-out tasks of one tier."""
    place, look = Chains(tuple(np.eye(3)[tier].tolist())), EpisodicGradient(1, 200, 1e-9)
    found = learn_episodes(place, SUCCESS, [seed], look, {"s": SUCCESS}, np.log(policy + 1e-12))
    return float(found.late("s")[0])


def train(reward: rs.Reward, stages: Stages, seed: int, blocks: int) -> list[float]:
    """Blocks of 5 updates of 32 tasks; success on each tier, and on the easy one when its stage ended."""
    policy, stage, since, easy = np.full((SCREENS, ACTIONS), 1 / ACTIONS), 0, 0, 0.0
    for block in range(blocks):
        here, config, start = Chains(stages[stage]), EpisodicGradient(5, 32, 1.0), np.log(policy + 1e-12)
        policy = learn_episodes(here, reward, [1000 * seed + block], config, None, start).policy[0]
        tier, since = int(np.argmax(stages[stage])), since + 1
        passed = since >= blocks // len(stages) or solved(policy, tier, 10**6 + 1000 * seed + block) >= 0.7
        if stage + 1 < len(stages) and passed:
            stage, since, easy = stage + 1, 0, easy or solved(policy, 0, 10**7 + seed)
    return [solved(policy, tier, 10**8 + seed) for tier in range(3)] + [easy]


def claim(full: bool = False) -> Verdict:
    """Success on hard tasks at equal rollouts, with and without curriculum and rules, paired over seeds."""
    seeds, blocks, checks = range(16 if full else 8), 40 if full else 15, list[Check]()
    arms = {"curriculum": (build(), STAGES), "uniform": (build(), MIXED), "success": (SUCCESS, STAGES)}
    arms |= {"reverse": (build(), BACK), "mixed, success": (SUCCESS, MIXED)} if full else {}
    with Meter() as meter:
        got = {n: np.array([train(*arm, seed, blocks) for seed in seeds]).T for n, arm in arms.items()}
        same = np.array([train(build(), MIXED * 3, seed + 1000, blocks) for seed in seeds]).T
    ours, mixed, alone = got["curriculum"], got["uniform"], got["success"]
    checks.append(compare_paired("curriculum helps on hard tasks", ours[2], mixed[2], 0.1))
    checks.append(compare_paired("rules and judge beat success alone, hard", ours[2], alone[2]))
    checks.append(control("stages of one mixture gain nothing", same[2], mixed[2], sees=0.1))
    if full:
        checks.append(compare_paired("curriculum beats its reverse, hard", ours[2], got["reverse"][2]))
        checks.append(compare_paired("easy tasks are not forgotten", ours[0], ours[3], -0.02))
        checks.append(compare_paired("success alone, medium tasks", alone[1], got["mixed, success"][1]))
    tiers = {name: values[:3].mean(1).round(3).tolist() for name, values in got.items()}
    return verdict(checks, seeds, "a language model, Android, BabyAI", {"tiers": tiers}, meter.cost)
