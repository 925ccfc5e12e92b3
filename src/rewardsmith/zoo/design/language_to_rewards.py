"""Language to Rewards: words fill in the parameters of a fixed cost, and a planner carries it out at once.

Twelve instructions on two small robots.  Interface A: calls that set weights and targets, then planning.
Interface B: six hand-written skills in sequence.  The slots of both were filled in by hand before any run;
the robots (pole, motor, speed limits) and the planner were then adjusted for A with starts 1000 and later.

Differs from the paper: no language model translates, a planar arm and a unicycle with a pole instead of a
quadruped and a manipulator, and iCEM instead of MuJoCo MPC.  After the first run the control got the planner of
the claim, on eight of the starts.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from rewardsmith.core.cite import Paper
from rewardsmith.core.errors import BadInput
from rewardsmith.design.motion import ARM, ROBOT
from rewardsmith.design.slots import SLOTS, slots
from rewardsmith.design.spec import Schema
from rewardsmith.optimize.plan import ArrayModel, Planner, Primitive, control, follow, plan
from rewardsmith.tasks.instructed import ENOUGH, instructions
from rewardsmith.zoo import claims

PAPER = Paper(
    key="yu2023language",
    title="Language to Rewards for Robotic Skill Synthesis",
    authors="Yu, Wenhao and others",
    year=2023,
    where="CoRL",
    arxiv="2306.08647",
    code="google-deepmind/language_to_reward_2023@4a3a20f",
)
AT_ONCE = ("height + sweep", "circle + lean")
BAD = (
    {"call": "exec", "arguments": {}},
    {"call": "set_turn", "arguments": {"lean": 0.1}},
    {"call": "set_turn", "arguments": {"turn_rate": 1.0}, "then": "stop"},
    '{"call": "set_turn", "arguments": {"turn_rate": NaN}}',
    "execute_plan(2)",
    "[]",
)


def build() -> Planner:
    """What turns a filled-in reward into behaviour: 20 steps ahead, 64 samples, 3 iterations."""
    return Planner(horizon=20, samples=64, iterations=3, elites=5, deviation=0.2)


def claim(full: bool = False) -> claims.Verdict:
    """Both interfaces from equal starts; how long an edit takes; what is refused."""
    starts, few = range(20 if full else 8), range(8)
    planner = build() if full else Planner(horizon=10, samples=12, iterations=1, elites=4)
    with claims.Meter() as meter:
        ours, theirs = (np.zeros((len(SLOTS), len(starts)), bool) for _ in range(2))
        neither, wait = (np.zeros((len(SLOTS), len(few)), bool) for _ in range(2))
        for row, task in enumerate(instructions()):
            told = slots(task.name)
            nothing = (ARM if told.robot == ARM.name else ROBOT).spec().reward()
            ours[row] = done(control(task, told.schedule(), planner, starts, 1, keep=0))
            theirs[row] = done(follow(task, told.skills, starts, 1, keep=0))
            neither[row] = done(control(task, nothing, planner, few, 1, keep=0))
            wait[row] = done(follow(task, [(Primitive("wait"), 1)], few, 1, keep=0))
            meter.count("planned_steps", planner.simulated * task.horizon * len(starts))
        seconds = [edit_seconds(planner, seed) for seed in starts]
    solved = {name: np.asarray(rate.mean(axis=1) >= 0.8) for name, rate in (("A", ours), ("B", theirs))}
    both = np.asarray([each.name in AT_ONCE for each in SLOTS])
    refused = [refuses(schema, call) for schema in (ARM, ROBOT) for call in bad_calls(schema)]
    checks = [
        claims.compare_paired("A solves 3 more of 12 than B", ours.mean(axis=0), theirs.mean(axis=0), 0.25),
        claims.compare_paired(
            "A solves more of what must be done at once", ours[both].mean(0), theirs[both].mean(0)
        ),
        claims.bound("median seconds from an edit to the next plan", [float(np.median(seconds))], high=1.0),
        claims.bound("share of bad calls that are refused", [float(np.mean(refused))], low=1.0),
        claims.control("told nothing, both do nothing", neither.mean(axis=0), wait.mean(axis=0), sees=0.1),
    ]
    table = {told.name: [float(ours[i].mean()), float(theirs[i].mean())] for i, told in enumerate(SLOTS)}
    figures: dict[str, Any] = {"share_of_starts_A_B": table, "bad_calls": len(refused)}
    figures |= {f"solved_{name}": int(each.sum()) for name, each in solved.items()}
    missing = "no language model, and the optional setting with MuJoCo's Ant and Walker2d"
    return claims.verdict(checks, starts, missing, figures, meter.cost)


def done(played: Any) -> np.ndarray:
    """Whether the instruction was carried out, one per start."""
    return np.asarray(played.success)[:, 0] >= ENOUGH


def edit_seconds(planner: Planner, seed: int) -> float:
    """From a new call, through the reward, to a first action that differs."""
    task = next(task for task in instructions() if task.name == "spin")
    state = ArrayModel(task).begin([(seed, 0)])[0]
    before = slots("spin").specs()[0]
    first = plan(before.reward(), task, state, planner, seed=seed)
    start = time.perf_counter()
    edited = before.apply({"call": "set_turn", "arguments": {"turn_rate": -2.0}}, "patch")
    second = plan(edited.reward(), task, state, planner, seed=seed, after=first)
    return time.perf_counter() - start if not np.array_equal(first.action, second.action) else float("inf")


def bad_calls(schema: Schema) -> list[Any]:
    """Unknown calls and arguments, texts that are no calls, and every parameter out of its bounds."""
    owner = {name: each.name for each in schema.setters for name in each.parameters}
    out = [
        (p.name, value) for p in schema.parameters for value in (p.low - 0.01, p.high + 0.01, "1", True, None)
    ]
    return [*BAD, *({"call": owner[name], "arguments": {name: value}} for name, value in out)]


def refuses(schema: Schema, call: Any) -> bool:
    """True where the call changes nothing and says why."""
    try:
        schema.spec().apply(call)
    except BadInput:
        return True
    return False
