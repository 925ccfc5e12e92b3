"""Reward design by an expert (EXPRD; ExpAdaRD for the learner of the time) and by the learner (ExploRS).

Differs from the paper: EXPRD and ExpAdaRD keep all optimal actions of a state tied instead of one target policy
and are solved at a vertex (HiGHS), not by an interior point; walls are cells; Q-learning breaks ties at random;
ExpAdaRD pays in every state, anew every 20 episodes, not 5 (a design for a shuffled policy is no control: on
tuning seeds it beat one made once).  The chain of ExploRS has ends that are terminal, 5 and 15 steps away.
"""

from __future__ import annotations

import numpy as np

from rewardsmith.core import mdp as tables
from rewardsmith.core.cite import Paper
from rewardsmith.core.grid import four_rooms
from rewardsmith.design.adaptive import ExpAdaRD
from rewardsmith.design.explors import ExploRS
from rewardsmith.design.informative import Exprd, exprd
from rewardsmith.optimize.tabular import QLearning, Reinforce, q_learning, reinforce
from rewardsmith.zoo.claims import Check, Meter, Verdict, bound, compare_paired, control, share, verdict

PAPER = Paper(
    key="devidze2025reward", title="Reward Design for Reinforcement Learning Agents", authors="Devidze, Rati",
    year=2025, where="PhD thesis; parts at NeurIPS 2021, NeurIPS 2022 and AAMAS 2024",
    code="machine-teaching-group/neurips2022_exploration-guided-reward-shaping@aa16a92",
)  # fmt: skip
# Best on seeds 1000 to 1003: a rate of 3 for designed rewards (of 1, 3, 10, 30), of 60 for the original (of 5).
RATE, LOUD = 3.0, 20.0


def build(extra: int = 5, reward_bound: float = 1.0) -> tuple[Exprd, ExploRS]:
    """The expert, who may pay in ``extra`` more states, and the learner that designs for itself."""
    return Exprd(extra, reward_bound), ExploRS(bonus=(0.0, 0.0, 1.0, 1.0), rate=(0.0, 0.01, 0.0, 0.01))


def claim(full: bool = False) -> Verdict:
    """Invariance, informativeness and speed of EXPRD and ExpAdaRD; ExploRS on a deceptive chain."""
    seeds = range(100 if full else 20)
    expert, learner = build()
    with Meter() as meter:
        checks, figures = expert_checks(expert, seeds, meter)
        adapted, areas = adaptive_checks(seeds[:16] if full else seeds[:8], 800 if full else 100, meter)
        more, curve = learner_checks(learner, seeds, 4000 if full else 2000, meter)
    missing = "the LineKey task, ExpAdaRD with rewards of blocks of cells and for a pool of learners"
    return verdict([*checks, *adapted, *more], seeds, missing, figures | areas | curve, meter.cost)


def expert_checks(expert: Exprd, seeds: range, meter: Meter) -> tuple[list[Check], dict[str, object]]:
    """EXPRD against the original reward and potential-based shaping, learned by Q-learning."""
    rooms = four_rooms(discount=0.95, slip=0.1)
    designs, best = expert.designs(rooms), tables.value_iteration(rooms)
    coarse = np.where(best > np.median(best), best.max(), 0.0)  # near or far: a potential of two values
    rewards = {
        "original": rooms.expected_reward,
        "doubled": 2 * rooms.expected_reward,
        "EXPRD": designs[-1].reward,
        "PBRS coarse": rooms.with_reward(tables.potential_shaping(rooms, coarse)).expected_reward,
        "PBRS V*": rooms.with_reward(tables.potential_shaping(rooms, best)).expected_reward,
    }
    curves = q_learning(rooms, np.stack(list(rewards.values())), seeds, QLearning(episodes=300))
    meter.count("env_steps", int(curves.steps.sum()))
    slow = dict(zip(rewards, curves.episodes_to(0.95 * float(rooms.initial @ best)), strict=True))
    known = [design.informativeness for design in designs]
    lost = [tables.invariance_violation(rooms, design.reward) for design in designs]
    checks = [
        bound("optimal policies of every EXPRD design lose less than 1e-6", lost, high=1e-6),
        compare_paired("informativeness does not fall with |Z|", known[1:], known[:-1], -1e-9, exact=True),
        compare_paired("EXPRD needs at most 0.7 x the episodes", -slow["EXPRD"], -0.7 * slow["original"]),
        compare_paired("EXPRD is not slower than coarse PBRS", -slow["EXPRD"], -slow["PBRS coarse"]),
        control("scaling the reward changes nothing", slow["doubled"], slow["original"], 1e-9, exact=True),
    ]
    episodes = {name: float(values.mean()) for name, values in slow.items()}
    return checks, {"episodes_to_95_percent": episodes, "informativeness": known}


def adaptive_checks(seeds: range, episodes: int, meter: Meter) -> tuple[list[Check], dict[str, object]]:
    """ExpAdaRD by REINFORCE; with two actions all learners are best told the same (exact since a first run)."""
    area: dict[str, np.ndarray] = {}
    corridor = tables.chain(2, 6, 0.95, (0.0, 1.0), slip=0.05)
    for where, world in (("rooms", four_rooms(discount=0.95, slip=0.1)), ("corridor", corridor)):
        fixed = [LOUD * world.expected_reward, exprd(world, np.flatnonzero(~world.ends)).reward]
        setting = Reinforce(episodes=episodes, horizon=40, learning_rate=RATE, evaluate_every=50)
        ada = ExpAdaRD(("own", "first", "shuffled"), np.stack(fixed), every=20, spread=0.4)
        curves = reinforce(world, seeds, setting, ada)
        meter.count("env_steps", int(curves.steps.sum()))
        means = curves.performance.mean(-1) / float(world.initial @ tables.value_iteration(world))
        area |= {f"{n}, {where}": v for n, v in zip(("original", "EXPRD", *ada.sees), means, strict=True)}
    checks = [
        compare_paired(f"ExpAdaRD learns faster than {name}", area["own, rooms"], area[f"{key}, rooms"])
        for key, name in (("original", "the original reward"), ("EXPRD", "EXPRD in every state"),
                          ("first", "a design made once"), ("shuffled", "a design for a shuffled policy"))
    ]  # fmt: skip
    checks += [control("two actions: once will do", area["own, corridor"], area["first, corridor"], 1e-9, True)]
    return checks, {"mean_share_of_best": {name: round(float(v.mean()), 4) for name, v in area.items()}}


def learner_checks(
    learner: ExploRS, seeds: range, episodes: int, meter: Meter
) -> tuple[list[Check], dict[str, object]]:
    """ExploRS and its parts by REINFORCE: a small reward 5 steps left, a large one 15 steps right."""
    setting = Reinforce(episodes=episodes, horizon=40, evaluate_every=200)
    names = ("original", "self-shaping only", "bonus only", "ExploRS")
    far = tables.chain(5, 15, 0.99, (0.1, 1.0), slip=0.05)
    near = tables.chain(5, 5, 0.99, (0.0, 1.0), slip=0.05)  # chance finds it, nothing deceives
    share_of_best: dict[str, np.ndarray] = {}
    for where, world in (("far", far), ("near", near)):
        curves = reinforce(world, seeds, setting, learner)
        meter.count("env_steps", int(curves.steps.sum()))
        for name, values in zip(names, curves.performance, strict=True):
            share_of_best[f"{name}, {where}"] = values / float(world.initial @ tables.value_iteration(world))
    # Found within 2000 episodes: more than half of the best return, which the small reward cannot give.
    found = {name: np.asarray(values[:, :11].max(-1) > 0.5) for name, values in share_of_best.items()}
    checks = [
        share("ExploRS finds the far goal in at least 80 % of seeds", found["ExploRS, far"], low=0.8),
        share("the original reward finds it in less than 40 %", found["original, far"], high=0.4),
        share("self-shaping alone finds it in less than 40 %", found["self-shaping only, far"], high=0.4),
        control("a near goal is found without ExploRS", found["ExploRS, near"], found["original, near"], 0.2),
    ]
    course = {name: [round(float(v), 4) for v in values.mean(0)] for name, values in share_of_best.items()}
    return checks, {"share_of_best_every_200_episodes": course}
