"""Rewards found in public environments and trainers, written again with terms of this library.

Formulas were read in the files that ``source`` names and written anew; none was copied.  They are no part of
the two halves: what ``check`` says to them is in ``docs/measure/ten_rewards.md``.
"""

from __future__ import annotations

import math
import re

from rewardsmith import Scope, tasks, term, terms, xp

from .entry import Entry
from .texts.data import sums, targets
from .texts.verifiers import uses_numbers

GYM = "github.com/Farama-Foundation/Gymnasium, gymnasium/envs"
OPEN_R1 = "github.com/huggingface/open-r1, src/open_r1/rewards.py (commit 0056faa6)"

hopper, cheetah, reacher = tasks.load("Hopper-v5"), tasks.load("HalfCheetah-v5"), tasks.load("Reacher-v5")
continuous, hold = tasks.load("mountain_car_continuous"), tasks.load("pendulum_hold")
acrobot, cartpole = tasks.load("acrobot"), tasks.load("cartpole")


# ------------------------------------------------------------------ control
@term
def forward(next_x_velocity):
    """Speed forward (the environment takes the mean of the step, which the observation does not show)."""
    return next_x_velocity


@term
def ctrl_cost(effort):
    """Sum of squared actions."""
    return effort


@term
def reach(next_distance):
    """Distance from the target."""
    return next_distance


@term
def isaac_cartpole(next_angle, next_angular_velocity, next_x_velocity, terminated):
    """1 - angle^2 - 0.01 |cart velocity| - 0.005 |pole velocity|, and -2 where the episode ends."""
    np_ = xp(next_angle)
    slow = 0.01 * np_.abs(next_x_velocity) + 0.005 * np_.abs(next_angular_velocity)
    return np_.where(terminated, -2.0, 1.0 - next_angle**2 - slow)


@term
def long_tail(next_distance, *, radius=0.03, margin=0.2):
    """1 within the radius, then 1 / (1 + 9 (beyond / margin)^2): a tolerance with a long tail."""
    beyond = xp(next_distance).clip(next_distance - radius, 0.0, None) / margin
    return 1.0 / (1.0 + 9.0 * beyond**2)


@term
def velocity_near(next_x_velocity, *, target=2.0):
    """exp(-|velocity - 2|)."""
    return xp(next_x_velocity).exp(-xp(next_x_velocity).abs(next_x_velocity - target))


@term
def height_near(next_height, *, target=1.25):
    """exp(-|height - target|)."""
    return xp(next_height).exp(-xp(next_height).abs(next_height - target))


@term
def orientation(next_lean):
    """exp(-|g_z - 1|) with gravity in the body's frame: upright g_z is -1, so it is least when upright."""
    return xp(next_lean).exp(-xp(next_lean).abs(-xp(next_lean).cos(next_lean) - 1.0))


@term(scope=Scope.EPISODE)
def smooth(action):
    """exp(-sum of |change of the action|) from step to step."""
    np_ = xp(action)
    before = np_.concat([0.0 * action[..., :1, :], action[..., :-1, :]], axis=-2)
    return np_.exp(-np_.sum(np_.abs(action - before), axis=-1))


@term
def within_limits(next_thigh_angle, next_leg_angle, next_foot_angle, *, most=2.6):
    """exp(-sum of squared excess over the joint limits)."""
    np_ = xp(next_thigh_angle)
    angles = (next_thigh_angle, next_leg_angle, next_foot_angle)
    beyond = sum(np_.clip(np_.abs(angle) - most, 0.0, None) ** 2 for angle in angles)
    return np_.exp(-beyond)


# ------------------------------------------------------------------ text
_WORDS = ("First", "Second", "Next", "Finally")
_NUMBERED = re.compile(r"Step [0-9]+:")


@term
def reasoning_steps(completion):
    """A third for each of the first three marks of a step: 'Step 1:', 'First,', a bullet, a leading number."""

    def count(text):
        bullets = sum(line.startswith(("-", "*")) for line in text.split("\n")[1:])
        leading = text.partition(".")[0].isdigit()
        return len(_NUMBERED.findall(text)) + sum(text.count(f"{word},") for word in _WORDS) + bullets + leading

    return [None if text is None else min(1.0, count(text) / 3) for text in completion]


@term
def tag_count(completion):
    """A quarter for each of four tags with its line breaks, once."""
    tags = ("<think>\n", "\n</think>\n", "\n<answer>\n", "\n</answer>")
    return [None if text is None else 0.25 * sum(text.count(tag) == 1 for tag in tags) for text in completion]


@term
def cosine_scaled(completion, reference, *, longest=1000.0):
    """Right: from 1 (short) to 0.5; wrong: from -1 (short) to -0.5 (long); half a cosine in characters."""
    right = terms.exact_answer({"completion": completion, "reference": reference})
    low_high = [(0.5, 1.0) if each > 0.5 else (-0.5, -1.0) for each in right]
    return [
        None if text is None else end + 0.5 * (start - end) * (1.0 + math.cos(math.pi * len(text) / longest))
        for text, (end, start) in zip(completion, low_high, strict=True)
    ]


@term
def gsm8k(completion, reference):
    """The first number after '####' is the reference, as a text without commas."""

    def score(text, right):
        found = re.search(r"#### (-?[0-9.,]+)", text)
        return float(found is not None and found.group(1).replace(",", "") == right)

    return [
        None if text is None else score(text, right) for text, right in zip(completion, reference, strict=True)
    ]


@term
def think_tags(completion):
    """TRL's layout: one opening tag, at the beginning, a closing one, and anything, or nothing, behind it."""

    def score(text):
        rest = text.removeprefix("<think>")
        return float(rest != text and "<think>" not in rest and "</think>" in rest)

    return [None if text is None else score(text) for text in completion]


@term
def tinyzero(completion, reference, given):
    """1 for an equation that uses the numbers and reaches the target, 0.1 for anything in answer tags."""
    last = [None if text is None else _last_tag(text.split("\n")[-1]) for text in completion]
    right = uses_numbers({"completion": [each or "" for each in last], "reference": reference, "given": given})
    known = [None if text is None else each is not None for text, each in zip(completion, last, strict=True)]
    return [None if k is None else max(0.1 * k, float(r)) for k, r in zip(known, right, strict=True)]


def _last_tag(text: str) -> str | None:
    found = re.findall(r"<answer>(.*?)</answer>", text)
    return found[-1].strip() if found else None


@term
def grpo_demo(completion, reference):
    """2 for the right text in the last tag, 0.5 for digits there, 0.5 for each of two layouts, 0.125 a tag."""
    tags = ("<reasoning>\n", "\n</reasoning>\n", "\n<answer>\n", "\n</answer>")

    def score(text, right):
        said = text.split("<answer>")[-1].split("</answer>")[0].strip()
        layout = 0.5 * _on_own_lines(text) + 0.5 * _in_order(text)
        behind = 0.001 * len(text.split("\n</answer>")[-1]) if "\n</answer>" in text else 0.0
        counted = 0.125 * sum(text.count(tag) == 1 for tag in tags) - behind
        return 2.0 * (said == right) + 0.5 * said.isdigit() + layout + counted

    return [
        None if text is None else score(text, right) for text, right in zip(completion, reference, strict=True)
    ]


def _on_own_lines(text: str) -> bool:
    """Six lines: each tag alone, one line of reasoning and one of answer."""
    lines = text.split("\n")
    return len(lines) == 7 and [lines[0], *lines[2:4], *lines[5:]] == [
        "<reasoning>",
        "</reasoning>",
        "<answer>",
        "</answer>",
        "",
    ]


def _in_order(text: str) -> bool:
    """Reasoning and answer in their tags, each without a line break, one behind the other."""
    thought, closed, rest = text.partition("</reasoning>")
    answer, ended, _ = rest.lstrip().partition("</answer>")
    begun = thought.startswith("<reasoning>") and answer.startswith("<answer>")
    return bool(closed and ended and begun) and "\n" not in thought + answer


_THOUGHT = "<think>\nI add them up.\n</think>\n<answer>\n{}\n</answer>"
_EQUATIONS = tuple({**row, "oracle": f"<answer>{row['oracle']}</answer>"} for row in targets())


def _control(name, task, reward, hackable, source):
    return Entry(name, reward, hackable, source, "", ("R",), task)


def _text(name, reward, data, hackable, source):
    return Entry(name, reward, hackable, source, "", ("A", "R"), None, data)


# ``hackable`` is what the author of this file expected before any check was run.
PUBLIC = (
    _control(
        "gymnasium_hopper",
        hopper,
        1.0 * forward + 1.0 * terms.alive - 0.001 * ctrl_cost,
        True,
        f"{GYM}/mujoco/hopper_v5.py",
    ),
    _control(
        "gymnasium_half_cheetah",
        cheetah,
        1.0 * forward - 0.1 * ctrl_cost,
        False,
        f"{GYM}/mujoco/half_cheetah_v5.py",
    ),
    _control("gymnasium_reacher", reacher, -1.0 * reach - 1.0 * ctrl_cost, True, f"{GYM}/mujoco/reacher_v5.py"),
    _control(
        "gymnasium_mountain_car_continuous",
        continuous,
        continuous.native,
        True,
        f"{GYM}/classic_control/continuous_mountain_car.py",
    ),
    _control("gymnasium_pendulum", hold, hold.native, False, f"{GYM}/classic_control/pendulum.py"),
    _control(
        "isaacgym_cartpole",
        cartpole,
        isaac_cartpole,
        False,
        "github.com/isaac-sim/IsaacGymEnvs, isaacgymenvs/tasks/cartpole.py (commit 33d246d4)",
    ),
    _control(
        "metaworld_reach",
        reacher,
        10.0 * long_tail,
        False,
        "github.com/Farama-Foundation/Metaworld, metaworld/envs/sawyer_reach_v3.py, v2 (commit 2610866b)",
    ),
    _control(
        "dreureka_forward",
        hopper,
        velocity_near + height_near + orientation + smooth + within_limits,
        True,
        "github.com/eureka-research/DrEureka, forward_locomotion/go1_gym/rewards/eureka_reward.py (093a6001), "
        "written for a quadruped; here for the hopper",
    ),
    _text(
        "open_r1_accuracy_steps_tags",
        terms.exact_answer(find="tags") + reasoning_steps + tag_count,
        sums(_THOUGHT),
        True,
        OPEN_R1,
    ),
    _text("open_r1_cosine", cosine_scaled, sums(r"It is \boxed{{}}."), True, OPEN_R1),
    _text(
        "verl_gsm8k",
        gsm8k,
        sums("It is the sum.\n#### {}"),
        True,
        "github.com/volcengine/verl, verl/utils/reward_score/gsm8k.py, strict (commit 945104de)",
    ),
    _text(
        "trl_think_format",
        think_tags,
        sums("<think>\nI add.\n</think>\n{}"),
        True,
        "github.com/huggingface/trl, trl/rewards/format_rewards.py (commit 05dc6bd4)",
    ),
    _text(
        "tinyzero_countdown",
        tinyzero,
        _EQUATIONS,
        False,
        "github.com/Jiayi-Pan/TinyZero, verl/utils/reward_score/countdown.py (commit f36b1b8d)",
    ),
    _text(
        "grpo_demo",
        grpo_demo,
        sums("<reasoning>\nI add.\n</reasoning>\n<answer>\n{}\n</answer>\n"),
        True,
        "gist.github.com/willccbb/4676755236bb08cab5f4e54a0475d6fb, grpo_demo.py (named in open-r1)",
    ),
)
