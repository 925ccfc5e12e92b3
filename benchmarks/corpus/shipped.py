"""Control rewards on the tasks that ship with the library."""

from __future__ import annotations

import numpy as np

from rewardsmith import Constant, Potential, success, tasks, term, xp
from rewardsmith.program import parse

from .entry import (
    AMODEI,
    DOCS,
    EUREKA,
    GYMNASIUM,
    KRAKOVNA,
    NG,
    PAN,
    SAUNDERS,
    SKALSE,
    bad,
    good,
)

ZIEGLER = (
    "Ziegler et al. 2019, arXiv:1909.08593, section 4.4 (a sign flipped: 'bugs can optimize for bad behavior')"
)
MARS = "NASA 1999, Mars Climate Orbiter mishap report: numbers in another unit"
OWN = "a defect of every library of numbers, made for this corpus"

cartpole, swingup = tasks.load("cartpole"), tasks.load("cartpole_swingup")
pendulum, hold = tasks.load("pendulum"), tasks.load("pendulum_hold")
car, continuous = tasks.load("mountain_car"), tasks.load("mountain_car_continuous")
acrobot, reacher = tasks.load("acrobot"), tasks.load("Reacher-v5")


@term
def failed(terminated):
    """1 where the episode ended: a penalty whose sign was forgotten."""
    return xp(terminated).where(terminated, 1.0, 0.0)


@term
def noisy(next_upright):
    """Cosine of the angle plus noise from a global generator."""
    return next_upright + 0.1 * np.random.default_rng().normal(size=np.shape(next_upright))


@term
def wanted_speed(velocity, *, target=1.0, width=0.05):
    """Pays for driving at 1 m/step, where the car never exceeds 0.07: the target is in another unit."""
    return xp(velocity).exp(-(((xp(velocity).abs(velocity) - target) / width) ** 2))


@term
def beyond(next_position, *, line=0.7):
    """1 beyond a line that the track never reaches: it ends at 0.6."""
    return xp(next_position).where(next_position > line, 1.0, 0.0)


@term
def close(next_distance, *, nearer=3.0):
    """1 within 3: centimetres were meant, the field is in metres."""
    return xp(next_distance).where(next_distance < nearer, 1.0, 0.0)


@term
def car_energy(energy):
    """A potential: the energy of the car."""
    return energy


@term
def tip(tip_height):
    """A potential: the height of the tip."""
    return tip_height


@term
def steady(x, angle):
    """A potential: in the middle and upright."""
    return -(xp(x).abs(x) + 5.0 * xp(x).abs(angle))


@term
def close_and_calm(next_distance, effort):
    """Close on the scale that matters, with little effort."""
    return xp(next_distance).exp(-next_distance / 0.05) - 0.1 * effort


@term
def slow_upright_centred(next_upright, next_angular_velocity, next_x):
    """Upright, slow and in the middle of the track."""
    slow = xp(next_upright).exp(-0.1 * next_angular_velocity**2)
    return 0.5 * (1 + next_upright) * slow * (1 - (next_x / 2.4) ** 2)


ENTRIES = (
    bad(
        "time_penalty_where_the_end_is_failure",
        cartpole,
        Constant(-1.0),
        "every step costs, and only falling ends it: falling at once is best",
        ("R2", "R3"),
        SAUNDERS,
    ),
    bad(
        "failure_pays",
        cartpole,
        10.0 * failed,
        "the penalty for falling has the wrong sign",
        ("R2", "R3"),
        ZIEGLER,
    ),
    bad(
        "cosine_of_a_hanging_pole",
        swingup,
        swingup.naive,
        "negative while the pole hangs, so leaving the track is the cheapest",
        ("R2", "R3"),
        DOCS,
    ),
    bad(
        "spin_the_pole",
        swingup,
        parse("(next_angular_velocity / 12.0) ** 2", swingup),
        "pays for a fast pole, which must be still when it is up",
        ("R2",),
        KRAKOVNA,
    ),
    bad(
        "spin_the_rod",
        pendulum,
        parse("abs(next_angular_velocity)", pendulum),
        "pays for speed: the rod spins for ever",
        ("R2",),
        PAN,
    ),
    bad(
        "cost_with_the_sign_flipped",
        pendulum,
        -pendulum.native,
        "the cost is paid instead of charged",
        ("R2",),
        ZIEGLER,
    ),
    bad(
        "effort_outweighs_everything",
        pendulum,
        parse("next_upright - 10.0 * torque ** 2", pendulum),
        "moving costs more than being upright can pay: the rod hangs still",
        ("R1", "R2", "R4"),
        PAN,
    ),
    bad("random_reward", pendulum, noisy, "the same step pays differently when asked again", ("R7",), OWN),
    bad(
        "root_of_a_negative_number",
        pendulum,
        parse("sqrt(next_upright)", pendulum),
        "no verdict for the lower half",
        ("R7",),
        OWN,
    ),
    bad(
        "only_be_slow",
        hold,
        parse("-(next_angular_velocity ** 2)", hold),
        "hanging still satisfies it perfectly",
        ("R1", "R2", "R3", "R4"),
        SKALSE,
    ),
    bad(
        "height_at_every_step",
        car,
        parse("next_height", car),
        "paid at every step, so reaching the flag ends the income",
        ("R2", "R3"),
        EUREKA,
    ),
    bad(
        "speed_at_every_step",
        car,
        parse("10.0 * abs(next_velocity)", car),
        "rocking in the valley pays for ever, the flag pays nothing",
        ("R2", "R3"),
        KRAKOVNA,
    ),
    bad(
        "speed_in_another_unit",
        car,
        wanted_speed,
        "asks for 1 m/step where 0.07 is possible: constantly 0",
        ("R1", "R4", "R6"),
        MARS,
    ),
    bad("bonus_out_of_reach", car, beyond, "pays beyond the end of the track only", ("R1", "R4"), AMODEI),
    bad(
        "fuel_before_the_flag_is_known",
        continuous,
        continuous.native,
        "fuel costs at once and the flag is never seen: standing still wins (0 of 8 seeds)",
        ("R1", "R2", "R4"),
        DOCS,
    ),
    bad(
        "tip_height_above_zero",
        acrobot,
        parse("next_tip_height + 2.0", acrobot),
        "positive at every step, so crossing the line ends the income",
        ("R2", "R3"),
        EUREKA,
    ),
    bad(
        "centimetres_for_metres",
        reacher,
        close,
        "within 3 m is always true: constantly 1",
        ("R1", "R4", "R6"),
        MARS,
    ),
    bad(
        "one_millimetre",
        reacher,
        close(nearer=0.001),
        "pays within 1 mm only, which no random movement meets",
        ("R1", "R4"),
        AMODEI,
    ),
    bad(
        "fear_of_speed",
        reacher,
        parse("-next_distance - next_joint_speed ** 2", reacher),
        "moving costs more than arriving pays: the arm freezes",
        ("R1", "R2", "R4", "R6"),
        PAN,
    ),
    good("cartpole_native", cartpole, cartpole.native, "1 for every step that the pole stands", GYMNASIUM),
    good("cartpole_cosine", cartpole, cartpole.naive, "close to 1 while the pole stands", DOCS),
    good("cartpole_success", cartpole, success, "what is wanted, per step", DOCS),
    good(
        "cartpole_shaped",
        cartpole,
        cartpole.native | Potential(steady, discount=0.99),
        "native reward and a potential",
        NG,
    ),
    good(
        "swingup_slow_upright_centred",
        swingup,
        slow_upright_centred,
        "dense, never negative on the track, greatest when upright, slow and centred",
        DOCS,
    ),
    good("pendulum_native", pendulum, pendulum.native, "angle, speed and torque as costs", GYMNASIUM),
    good("pendulum_cosine", pendulum, pendulum.naive, "greatest when upright", DOCS),
    good(
        "pendulum_little_effort",
        pendulum,
        parse("next_upright - 0.01 * torque ** 2", pendulum),
        "greatest when upright, at little effort",
        DOCS,
    ),
    good("hold_native", hold, hold.native, "angle, speed and torque as costs", GYMNASIUM),
    good("hold_success", hold, success, "what is wanted, per step", DOCS),
    good(
        "hold_gated",
        hold,
        parse("next_upright + (exp(-next_angular_velocity ** 2) if next_upright > 0.9 else 0.0)", hold),
        "upright first, then slow",
        DOCS,
    ),
    good(
        "car_native_and_energy",
        car,
        car.native | Potential(5.0 * car_energy, discount=0.99),
        "time penalty and a potential",
        NG,
    ),
    good("car_native", car, car.native, "-1 until the flag", GYMNASIUM),
    good(
        "continuous_position_below_the_flag",
        continuous,
        parse("next_position - 0.6", continuous),
        "position less its greatest value: negative everywhere, so that the flag ends a cost",
        DOCS,
    ),
    good("acrobot_native", acrobot, acrobot.native, "-1 until the tip is above the line", GYMNASIUM),
    good(
        "acrobot_native_and_height",
        acrobot,
        acrobot.native | Potential(tip, discount=0.99),
        "time penalty and a potential",
        NG,
    ),
    good("reacher_close_and_calm", reacher, close_and_calm, "narrow around the target, little effort", DOCS),
)
