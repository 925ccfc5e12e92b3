"""Effective reward specification: no one way to say what is wanted is best for every task.

Differs from the paper: written from its abstract and from memory; six strategies on random 7 x 7 maps,
learned by tabular Q-learning and judged exactly (1 is the optimum, 0 the uniform policy). A: reach the goal.
B: the same with at most 2 % of the visits in hazards; a policy that breaks this is worth 0. C: ground is
liked or not, which only demonstrations and comparisons tell. Maps are drawn, before anything is learned,
until the limit binds and can be kept for less than a fifth of the return. The price of hazards is twice the
exact multiplier of the linear program, at which safe and unsafe policies are equally good. Tried on other
seeds first: with the limit itself in the reward (a bonus at every step) the constrained learner never ends
its episodes. The mass of visits in inverse learning, which maps are drawn and the scale of the scores were
settled on those seeds too. Effort is a declared ledger.
"""

from typing import Any

import numpy as np

from rewardsmith.core import mdp as tables
from rewardsmith.core.cite import Paper
from rewardsmith.core.grid import cells, coordinates, gridworld
from rewardsmith.feedback.annotator import Annotator
from rewardsmith.learn import fit_preferences, max_entropy_irl, sample_episodes, visits_of
from rewardsmith.measure import Effort, Specification, specification_benchmark
from rewardsmith.optimize.occupancy import solve_constrained
from rewardsmith.optimize.tabular import QLearning
from rewardsmith.zoo.claims import Check, Meter, Verdict, bound, compare_paired, control, share, tune, verdict

TITLE = "Effective Reward Specification in Deep Reinforcement Learning"
PAPER = Paper("roy2024effective", TITLE, "Roy, Julien", 2024, "PhD thesis", arxiv="2412.07177")
NAMES = ("sparse", "sum", "shaping", "demonstrations", "comparisons", "constraint")
KINDS, LIMIT, GOAL = "GHP.", 0.02, np.array([1.0, 0.0, 0.0, 0.0])
LIKED = np.array([1.0, -0.3, 0.0, -0.1])  # of goal, hazard, pleasant and plain ground; stated to nobody
GRID = [(hazard, plain) for hazard in (0.0, -0.1, -0.5) for plain in (0.0, -0.02)]
Scores = dict[str, tuple[float, float]]


def build() -> tuple[Effort, ...]:
    """What the strategies ask for: nothing, two weights, one scale, demonstrations, comparisons, one limit."""
    return Effort(), Effort(numbers=2), Effort(numbers=1), Effort(20), Effort(0, 200), Effort(numbers=1)


def draw(rng: np.random.Generator, hazards: str) -> tuple[Any, ...]:
    """Dynamics, features ``(S, A, 4)`` of the ground that is entered, distance, and the constrained optimum."""
    while True:
        middle = rng.permutation(list("H" * 8 + "P" * 10 + "." * 29)).tolist()
        text = "\n".join("".join(row) for row in np.array(["S", *middle, "G"]).reshape(7, 7))
        mdp = gridworld(text, 0.95, slip=0.1, rewards={}, terminal="G")
        kind = [KINDS.find(letter.replace("S", ".").replace("H", hazards)) for _, _, letter in cells(text)]
        phi = mdp.transition @ np.eye(4)[kind] * ~mdp.ends[:, None, None]
        kept = (LIMIT - phi[..., 1]) * ~mdp.ends[:, None]  # its sum over visits is not to be below 0
        safe = solve_constrained(mdp, phi[..., 0], [kept], [0.0])
        best = float(mdp.initial @ tables.value_iteration(mdp.with_reward(phi[..., 0])))
        if hazards == "." or (safe.multipliers[0] > 1e-3 and safe.value > 0.8 * best):
            return mdp, phi, 12 - coordinates(text)["row"] - coordinates(text)["column"], safe


def measure(seed: int, variant: str, weights: tuple[float, float], full: bool, hazards: str = "H") -> Scores:
    """Score and share of visits in hazards of each strategy on one map; learners of a map share their seed."""
    rng = np.random.default_rng(seed)
    mdp, phi, away, safe = draw(rng, hazards)
    limit, gold, price = variant == "B", LIKED if variant == "C" else GOAL, float(safe.multipliers[0])
    wanted = phi @ (gold - price * np.eye(4)[1] * limit)  # of demonstrators and judges
    best = safe.policy if limit else tables.policy_iteration(mdp.with_reward(wanted))[0]
    shown = visits_of(mdp, *sample_episodes(mdp, best, 20, 60, rng))
    s, a, alive = sample_episodes(mdp, np.full((mdp.states, 4), 0.25), 400, 15, rng, anywhere=True)
    sums, worth = (phi[s, a] * alive[..., None]).sum(1), (wanted[s, a] * alive).sum(1)
    labels = Annotator("bt", temperature=0.1).label(worth[:200] - worth[200:], rng)
    goal = phi[..., 0]
    rewards = (
        goal,
        goal + weights[0] * phi[..., 1] + weights[1] * phi[..., 3],
        mdp.with_reward(tables.potential_shaping(mdp.with_reward(goal), -0.05 * away)).expected_reward,
        phi @ max_entropy_irl(mdp, phi, shown, temperature=0.1),
        phi @ fit_preferences(sums[:200] - sums[200:], labels),
        goal - 2 * price * limit * phi[..., 1],
    )
    specs = [Specification(*each) for each in zip(NAMES, rewards, build(), strict=True)]
    config = QLearning(episodes=200 if full else 25, horizon=100, evaluate_every=1_000, epsilon=0.2)
    found = specification_benchmark(mdp, specs, phi @ gold, phi[..., 1], [seed], config)
    truth = mdp.with_reward(phi @ gold)
    top = safe.value if limit else float(mdp.initial @ tables.value_iteration(truth))
    low = tables.performance(truth, np.full((mdp.states, 4), 0.25))
    kept = {e.name: float(not limit or e.violations[0] <= LIMIT) for e in found}
    return {
        e.name: ((float(e.gold[0]) - low) / (top - low) * kept[e.name], float(e.violations[0])) for e in found
    }


def claim(full: bool = False) -> Verdict:
    """Six strategies on three variants of each map; the weights of the sum are tuned on A, on other maps."""
    seeds, others = range(24 if full else 8), range(1_000, 1_006 if full else 1_001)
    with Meter() as meter:
        rank = tune(lambda w, ss: [measure(s, "A", w, full)["sum"][0] for s in ss], GRID, others, seeds)
        runs = {v: [measure(seed, v, rank.setting, full) for seed in seeds] for v in "ABC"}
        empty = [measure(seed, "B", rank.setting, full, hazards=".") for seed in seeds]
    got = {v: {n: np.array([run[n] for run in each]) for n in NAMES} for v, each in runs.items()}
    gold = {v: {n: float(each[n][:, 0].mean()) for n in NAMES} for v, each in got.items()}
    winners = [max(each, key=lambda n, e=each: e[n]) for each in gold.values()]
    bare = [np.array([run[name][0] for run in empty]) for name in ("constraint", "sparse")]

    def beats(variant: str, ours: str, rival: str) -> Check:
        scores = got[variant][ours][:, 0], got[variant][rival][:, 0]
        return compare_paired(f"{variant}: {ours} beats {rival}", *scores)

    checks = [
        bound("variants won by the same strategy", [max(winners.count(name) for name in winners)], high=2),
        beats("A", "sparse", "comparisons"),
        beats("B", "constraint", "sparse"),
        beats("C", "comparisons", "sparse"),
        share("B: the constraint keeps the limit", got["B"]["constraint"][:, 1] <= LIMIT, low=0.8),
        share("B: the weights tuned on A break it", got["B"]["sum"][:, 1] > LIMIT, low=0.5),
        control("without hazards the constraint is the goal alone", *bare, sees=1e-9, exact=True),
    ]
    effort = dict(zip(NAMES, [each.units for each in build()], strict=True))
    figures = {"mean_score": gold, "effort": effort, "weights": rank.setting, "winners": winners}
    missing = "deep learners, automata and language; the thesis itself was not read"
    return verdict(checks, seeds, missing, figures, meter.cost)
