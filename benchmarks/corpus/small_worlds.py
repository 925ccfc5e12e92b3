"""Control rewards on small worlds, where a published hack needs a world of its own."""

from __future__ import annotations

from rewardsmith import Potential

from .entry import AMODEI, CLARK, KRAKOVNA, LEIKE, NG, POPOV, RANDLOV, SKALSE, bad, good
from .worlds.bicycle import arrived, away, bicycle, closeness, facing_goal, nearer, only_nearer, proximity
from .worlds.blocks import blocks, bottom_high, grasped, looks_grasped, on_the_way, on_top, over_blue
from .worlds.cleaning import clean, cleaned, cleaning, dirt_left, moves, no_dirt_in_sight, sucked_up
from .worlds.games import (
    at_ball,
    ball_moved,
    below_the_ball,
    catch,
    catches,
    caught_or_missed,
    no_miss,
    scored,
    soccer,
    touches,
)
from .worlds.ring import (
    checkpoint_forward,
    checkpoint_hit,
    driven_forward,
    five_laps,
    in_checkpoint,
    ring,
    speed,
)

MURPHY = (
    "Murphy 2013, 'The First Level of Super Mario Bros. is Easy with Lexicographic Orderings' (pauses Tetris)"
)
CHRISTIANO = "Christiano et al. 2017, arXiv:1706.03741 (the hand hovers between object and camera)"
RUSSELL = "Russell and Norvig, 'Artificial Intelligence: A Modern Approach', chapter 2 (the vacuum that dumps)"
UDACITY = "Krakovna's list: 'Road car: spins in circles, because speed is paid'"

ENTRIES = (
    bad(
        "targets_without_laps",
        ring,
        checkpoint_hit,
        "going back and forth over one checkpoint pays like driving on",
        ("R2",),
        CLARK,
    ),
    bad(
        "boat_race",
        ring,
        checkpoint_forward,
        "two steps at a checkpoint pay more than the way to the next",
        ("R2",),
        LEIKE,
    ),
    bad("speed_in_any_direction", ring, speed, "speed is paid, whether it leads on or not", ("R2",), UDACITY),
    bad(
        "parked_at_a_checkpoint", ring, in_checkpoint, "standing in a checkpoint pays for ever", ("R2",), CLARK
    ),
    bad(
        "bicycle_in_circles",
        bicycle,
        only_nearer,
        "towards the goal pays, away from it costs nothing: circles pay for ever",
        ("R2", "R3"),
        RANDLOV,
    ),
    bad(
        "hover_before_the_goal",
        bicycle,
        1.0 * arrived + proximity,
        "being near pays at every step, arriving ends it",
        ("R2", "R3"),
        SKALSE,
    ),
    bad("distance_with_the_sign_forgotten", bicycle, away, "pays for riding away", ("R2", "R3"), KRAKOVNA),
    bad(
        "dump_and_suck_again",
        cleaning,
        sucked_up,
        "dirt that is dumped can be sucked up again, for ever",
        ("R2",),
        RUSSELL,
    ),
    bad("closed_camera", cleaning, no_dirt_in_sight, "a closed camera sees no dirt", ("R2",), AMODEI),
    bad("busy_is_not_clean", cleaning, moves, "going to and fro pays for ever", ("R2",), AMODEI),
    bad(
        "flipped_block",
        blocks,
        bottom_high,
        "turned over or held in the air, the bottom face is high",
        ("R2",),
        POPOV,
    ),
    bad(
        "hand_before_the_camera",
        blocks,
        looks_grasped,
        "from above, a hand over the block looks like a grasp",
        ("R2",),
        CHRISTIANO,
    ),
    bad(
        "grasp_again_and_again",
        blocks,
        1.0 * grasped + 0.5 * on_top,
        "every grasp pays, so letting go and grasping pays for ever",
        ("R2",),
        POPOV,
    ),
    bad("held_over_the_tower", blocks, over_blue, "holding it over the tower pays for ever", ("R2",), POPOV),
    bad("paused_game", catch, no_miss, "in a paused game nothing is missed", ("R2", "R3", "R4"), MURPHY),
    bad(
        "vibrating_at_the_ball",
        soccer,
        touches,
        "touching pays at every step, a goal ends it",
        ("R2", "R3"),
        NG,
    ),
    good("ring_forward", ring, driven_forward, "backward costs what forward paid", LEIKE),
    good("ring_laps", ring, five_laps, "share of the laps driven so far", LEIKE),
    good("bicycle_both_ways", bicycle, 10.0 * nearer + 5.0 * arrived, "away costs what towards paid", RANDLOV),
    good(
        "look_at_the_goal",
        bicycle,
        0.5 * facing_goal + arrived,
        "at constant speed the cosine is the way gained by a step, so it sums to what was gained",
        NG,
    ),
    good(
        "bicycle_potential", bicycle, arrived | Potential(closeness, discount=0.99), "goal and a potential", NG
    ),
    good("cleaning_dirt_left", cleaning, dirt_left, "what is on the floor costs, seen or not", AMODEI),
    good(
        "cleaning_difference", cleaning, 2.0 * cleaned + 0.1 * clean, "dumping costs what sucking paid", AMODEI
    ),
    good(
        "blocks_potential", blocks, on_top | Potential(on_the_way, discount=0.99), "success and a potential", NG
    ),
    good("catch_native", catch, catches, "1 for every ball", MURPHY),
    good("catch_both", catch, caught_or_missed, "a paused game pays nothing", MURPHY),
    good(
        "catch_guided",
        catch,
        1.0 * catches + 0.05 * below_the_ball,
        "balls, and a little for being below",
        MURPHY,
    ),
    good("soccer_ball_moved", soccer, ball_moved + scored, "only the way of the ball pays", NG),
    good("soccer_potential", soccer, scored | Potential(at_ball, discount=0.99), "goal and a potential", NG),
)
