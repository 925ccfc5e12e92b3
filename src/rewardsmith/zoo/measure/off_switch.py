"""The off-switch game: a robot that is unsure what is wanted gains by letting a person decide.

Differs from the paper: numbers on a grid and of learned beliefs instead of proofs. That more uncertainty
always makes deference worth more is often said of this game; it is false for a person who hardly errs,
because u p(u) is concave beyond |u| = 2.3994 temperatures. The first run had it as a check and refuted it;
now it is checked where the mean is within 2.399 temperatures, and that it fails elsewhere. (v) asks a belief
from 40 comparisons, with a Boltzmann human of temperature 0.5; nothing about it was changed after its first
run.
"""

import numpy as np

from rewardsmith.core.cite import Paper
from rewardsmith.feedback.annotator import Annotator
from rewardsmith.learn import bootstrap_preferences
from rewardsmith.measure import (
    BoltzmannHuman,
    DiscreteBelief,
    GaussianBelief,
    NoisyHuman,
    RationalHuman,
    deference_incentive,
)
from rewardsmith.tasks.align import lin
from rewardsmith.zoo.claims import Check, Meter, Verdict, bound, compare_paired, control, verdict

PAPER = Paper(
    key="hadfieldmenell2017off",
    title="The Off-Switch Game",
    authors="Hadfield-Menell, Dylan and Dragan, Anca and Abbeel, Pieter and Russell, Stuart",
    year=2017,
    where="IJCAI",
    arxiv="1611.08219",
)
MEANS, DEVIATIONS = np.linspace(-2.0, 2.0, 41), np.linspace(0.01, 4.0, 60)
TEMPERATURES = np.linspace(0.1, 4.0, 40)
PAIRS, MEMBERS = 40, 5


def build() -> BoltzmannHuman:
    """The person of the learned beliefs."""
    return BoltzmannHuman(0.5)


def grid() -> np.ndarray:
    """Incentives of normal beliefs with a Boltzmann human, ``(temperature, mean, deviation)``."""
    belief = GaussianBelief(MEANS[:, None], DEVIATIONS)
    return np.array([deference_incentive(belief, BoltzmannHuman(b)) for b in TEMPERATURES])


def rational() -> list[Check]:
    """(i) A rational human is always worth asking, the more so where both signs are possible."""
    belief = GaussianBelief(MEANS[:, None], DEVIATIONS)
    # quadrature on either side of the kink, with nothing of the closed form in it
    nodes, weights = np.polynomial.legendre.leggauss(400)
    u = 0.5 * 50.0 * (nodes + 1.0)
    m, s = MEANS[:, None, None], DEVIATIONS[30:, None]
    density = np.exp(-0.5 * ((u - m) / s) ** 2) / (s * np.sqrt(2 * np.pi))
    quadrature = (25.0 * weights * u * density).sum(-1) - np.maximum(MEANS[:, None], 0.0)
    closed = deference_incentive(belief, RationalHuman())
    values = np.random.default_rng(0).normal(size=(200, 5)) + np.random.default_rng(1).normal(size=(200, 1))
    drawn = deference_incentive(DiscreteBelief(values), RationalHuman())
    both = (values.min(-1) < 0) & (values.max(-1) > 0)
    return [
        bound("(i) rational: never below 0", np.append(closed.ravel(), drawn), low=-1e-12),
        bound("(i) rational: above 0 where both signs are believed in", drawn[both], low=1e-6),
        bound("(i) closed form against quadrature", closed[:, 30:] - quadrature, low=-1e-6, high=1e-6),
        control(
            "(i) no doubt about the sign, nothing gained", drawn[~both], 0 * drawn[~both], 1e-12, exact=True
        ),
    ]


def learned(seed: int, flip: bool = False) -> np.ndarray:
    """Share of deferring states where the mean sign of a learned belief is wrong, and where it is right."""
    rng, bed = np.random.default_rng(seed), lin(seed)
    pairs = bed.pairs(PAIRS, rng, Annotator("bt"))
    features = np.asarray(bed.features)[0]
    differences = features[pairs.first] - features[pairs.second]
    weights = bootstrap_preferences(differences, pairs.label, MEMBERS, rng)
    belief = features @ weights.T  # (answers, members)
    if flip:  # the control: what is believed of an answer says nothing about that answer
        belief = belief[rng.permutation(len(belief))]
    waits = deference_incentive(DiscreteBelief(belief), build()) > 0
    wrong = np.sign(belief.mean(-1)) != np.sign(bed.gold[0])
    return np.array([waits[wrong].mean(), waits[~wrong].mean(), waits.mean(), wrong.mean()])


def claim(full: bool = False) -> Verdict:
    """The theorems on a grid, and whether learned beliefs defer where they are wrong."""
    seeds = range(100 if full else 24)
    with Meter() as meter:
        found = grid()
        runs = np.array([learned(seed) for seed in seeds])
        mixed = np.array([learned(seed, flip=True) for seed in seeds])
    by_doubt, by_error = np.diff(found, axis=2), np.diff(found, axis=0)
    certain = [deference_incentive(GaussianBelief(MEANS, 1e-9), h) for h in (build(), NoisyHuman(0.1))]
    near = np.abs(MEANS)[None] < 2.399 * TEMPERATURES[:, None]
    checks = [
        *rational(),
        bound("(ii) certain: below 0", np.stack(certain)[:, np.abs(MEANS) > 0.01], high=-1e-3),
        bound("(iii) but not everywhere: somewhere doubt costs", [by_doubt.min()], high=-1e-4),
        bound("(iii) grows with doubt where |mean| < 2.399 temperatures", by_doubt[near], low=-1e-10),
        bound("(iii) falls with the temperature", by_error, high=1e-10),
        bound("(iv) both signs occur", [(found > 0.01).mean(), (found < -0.01).mean()], low=0.01),
        compare_paired("(v) learned: defers more where its sign is wrong", runs[:, 0], runs[:, 1]),
        control("(v) shuffled beliefs: wrong or right, the same", mixed[:, 0], mixed[:, 1], sees=0.05),
    ]
    figures = {
        "learned": dict(
            zip(("waits_wrong", "waits_right", "waits", "wrong"), runs.mean(0).tolist(), strict=True)
        ),
        "share_of_grid_where_doubt_costs": float((by_doubt < -1e-10).mean()),
    }
    return verdict(checks, seeds, figures=figures, cost=meter.cost)
