"""Overview of reward shaping: is every technique here, does every guarantee hold, does shaping accelerate?

Differs from the paper: it is a survey, so its list is checked against the catalogue, its guarantees on random
MDPs, and its headline with Q-learning in a corridor and in four rooms. Discounts are below 1, with and without
terminal states. A first trial on other seeds, with minus the distance as the only potential, was slower than no
shaping; nearness between 0 and 1 was added then, and both are reported.
"""

from __future__ import annotations

import numpy as np

import rewardsmith as rs
from rewardsmith.core import mdp as tables
from rewardsmith.core.cite import Paper
from rewardsmith.core.grid import FOUR_ROOMS, coordinates, four_rooms
from rewardsmith.optimize.tabular import QLearning, q_learning
from rewardsmith.testing.laws import policy_loss
from rewardsmith.transforms.catalogue import example_transforms
from rewardsmith.transforms.coverage import coverage
from rewardsmith.zoo.claims import Check, Meter, Verdict, bound, compare_paired, control, verdict

PAPER = Paper(
    key="ibrahim2024comprehensive",
    title="Comprehensive Overview of Reward Engineering and Shaping in Advancing RL Applications",
    authors="Ibrahim, Sinan and others",
    year=2024,
    where="IEEE Access",
    arxiv="2408.10215",
)
DISCOUNTS = (0.9, 0.99)
RANDOM = 4  # random potentials


@rs.term
def guess(value: np.ndarray) -> np.ndarray:
    """A guess of how good a state is."""
    return value


def build(discount: float = 0.95) -> rs.Reward:
    """Potential-based shaping alone: what is added to any reward."""
    return rs.Constant(0.0) | rs.Potential(guess, discount)


def place(name: str) -> tuple[tables.TabularMDP, np.ndarray]:
    """A world and the distance of each of its states to the goal, walls left out."""
    if name == "corridor":
        mdp = tables.chain(1, 12, 0.95, rewards=(0.0, 1.0), slip=0.1)
        return mdp, np.abs(np.arange(mdp.states) - (mdp.states - 1.0))
    where = coordinates(FOUR_ROOMS)
    gap = np.abs(where["row"] - where["row"].max()) + np.abs(where["column"] - where["column"].max())
    return four_rooms(0.95), gap


def episodes(name: str, seeds: range, config: QLearning) -> tuple[dict[str, np.ndarray], float]:
    """Episodes to 95 % of the best return for each shaping, and the most that trusting one of them costs."""
    mdp, distance = place(name)
    near = 1 - distance / distance.max()
    rng = np.random.default_rng(77)
    guesses = [-distance, near, *(rng.permutation(near) for _ in range(RANDOM))]  # the same values, elsewhere
    shaped = [
        mdp.with_reward(np.nan_to_num(tables.tabulate(build(), mdp, {"value": each})) + mdp.reward)
        for each in guesses
    ]
    rewards = [mdp.expected_reward, 2 * mdp.expected_reward, *(each.expected_reward for each in shaped)]
    best = float(mdp.initial @ tables.value_iteration(mdp))
    plain, doubled, minus, nearness, *others = q_learning(mdp, np.stack(rewards), seeds, config).episodes_to(
        0.95 * best
    )
    loss = max(tables.invariance_violation(mdp, each.reward) for each in shaped)
    runs = {"plain": plain, "doubled": doubled, "minus distance": minus, "nearness": nearness}
    return {**runs, "random": np.mean(others, axis=0)}, loss


def guarantees(mdps: int) -> tuple[list[float], dict[str, float]]:
    """What trusting a transform cost at most: for those that keep optimal policies, and for the others."""
    kept, others = list[float](), dict[str, float]()
    for transform in example_transforms():
        said = transform.laws.policy_invariant
        if said is None:
            continue
        worst = 0.0
        for discount in DISCOUNTS:
            each = transform.replace(discount=discount) if "discount" in transform.own_numbers() else transform
            losses = [policy_loss(each, seed, states=12, discount=discount) for seed in range(mdps // 2)]
            worst = max(worst, *losses)
        kept += [worst] if said else []
        others |= {} if said else {str(transform): worst}
    return kept, others


def claim(full: bool = False) -> Verdict:
    """Coverage (mechanical), guarantees (exact) and acceleration (Q-learning)."""
    seeds = range(24 if full else 8)
    config = QLearning(episodes=200, horizon=200) if full else QLearning(episodes=60, horizon=60)
    with Meter() as meter:
        here = [float(bool(objects) != bool(technique.refused)) for technique, objects in coverage()]
        kept, others = guarantees(200 if full else 8)
        runs = {name: episodes(name, seeds, config) for name in ("corridor", "four rooms")}
    checks: list[Check] = [
        bound("every technique is here or refused with a reason", here, low=1.0),
        bound("no transform that keeps optimal policies lost one", kept, high=1e-8),
        bound("every other transform lost one somewhere", list(others.values()), low=1e-6),
    ]
    for name, (run, loss) in runs.items():
        plain = 0.7 * run["plain"]
        checks += [
            compare_paired(f"{name}: nearness needs 0.7 of the episodes", plain, run["nearness"]),
            compare_paired(f"{name}: minus the distance needs 0.7 of them", plain, run["minus distance"]),
            compare_paired(f"{name}: a random potential does not do that", run["random"], plain),
            control(
                f"{name}: doubling the reward gains nothing", run["doubled"], run["plain"], 1e-9, exact=True
            ),
            bound(f"{name}: no optimal policy was lost", [loss], high=1e-8),
        ]
    figures = {name: {k: round(float(n.mean()), 1) for k, n in run.items()} for name, (run, _) in runs.items()}
    figures["transforms"] = {"keep": len(kept), "change": len(others)}
    return verdict(checks, seeds, figures=figures, cost=meter.cost)
