"""Auto-Rubric as Reward: a few preference pairs become explicit criteria, and these judge instead of a model.

Differs from the paper: pictures of digits with a hidden rule of five criteria, and a scripted judge in place of
a vision-language model, which proposes some of what tells a pair apart: no world knowledge tells it what is
plausible.  The Bradley-Terry rivals are linear, in pixels (alone and times the template of the wanted digit)
and in the 30 criteria.  The arm "checked on others" is ours.  After a first run came the control on the rubric
itself.  It fails: what the rubric gains owes nothing to the labels, for all 30 criteria stay, most of them more
than once: the coding rate is told n of all rows, so that a repeated row still gains more than the threshold.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

import rewardsmith as rs
from rewardsmith.core.cite import Paper
from rewardsmith.feedback.annotator import Annotator
from rewardsmith.learn.preferences import fit_preferences
from rewardsmith.learn.rubric import coding_rate, coding_rate_select, induce_rubric
from rewardsmith.measure.model.position_bias import position_bias
from rewardsmith.tasks.digit_rubric import CRITERIA, RULE, Pairs, StandInJudge, draw_pairs, pixel_features
from rewardsmith.terms import bag_of_words, value
from rewardsmith.transforms.rank import Rank
from rewardsmith.zoo.claims import Meter, Verdict, bound, compare_paired, control, tune, verdict

PAPER = Paper(
    key="tian2026autorubric",
    title="Auto-Rubric as Reward: From Implicit Preferences to Explicit Multimodal Generative Criteria",
    authors="Tian, Juanxi and Liu, Fengyuan and others",
    year=2026,
    where="arXiv",
    arxiv="2605.08354",
    code="OpenEnvision/AutoRubric-as-Reward@f8aa504",
)
JUDGE, LABELS = StandInJudge(), Annotator("hard", flip=0.1)
RIDGES = (1e-3, 1e-2, 1e-1)
WORDS = sorted({word for text in CRITERIA for word in text.split()})


def build() -> rs.Reward:
    """Two pictures of a prompt: 1 for the one that the rubric prefers, -0.1 for the other, 0.45 for a tie."""
    return 1.1 * (value(value="fulfilled") | Rank()) + -0.1


def rubric(pairs: Pairs, labels: np.ndarray, rng: np.random.Generator, others: int = 0) -> list[str]:
    """Up to 100 criteria of the pairs, repeats among them, as the coding rate ranks them."""
    found = induce_rubric(JUDGE, pairs, labels, rng, others=others).criteria
    return [found[i] for i in coding_rate_select(bag_of_words(found, WORDS), least=1e-3)]


def judged(pairs: Pairs, criteria: Sequence[str], rng: np.random.Generator) -> tuple[float, float]:
    """Accuracy (a tie counts half) and flip rate under a change of the order."""
    rows = np.arange(len(pairs.wanted))
    straight, swapped = (JUDGE.compare(each, rows, criteria, rng) for each in (pairs, pairs.swapped()))
    right = np.where(straight == 0.5, 0.5, (straight > 0.5) == (pairs.gap() > 0))
    return float(right.mean()), position_bias(straight, swapped).flips


def fitted(train: np.ndarray, labels: np.ndarray, test: np.ndarray, better: np.ndarray, ridge: float) -> float:
    """Held-out accuracy of a linear Bradley-Terry model of feature differences."""
    return float(np.mean((test @ fit_preferences(train, labels, ridge) > 0) == better))


def arms(seed: int, count: int, ridges: dict[str, float], shuffled: bool = False) -> dict[str, float]:
    """Accuracy of every arm on 1000 pairs, after ``count`` labelled ones; flip rates too."""
    rng = np.random.default_rng([seed, count])
    train, test = draw_pairs(count, rng), draw_pairs(1000, rng)
    labels, better = LABELS.label(train.gap(), rng), test.gap() > 0
    labels = rng.permutation(labels) if shuffled else labels
    found: dict[str, float] = {}
    for name, others in (("rubric", 0), ("checked on others", 30)):
        criteria = rubric(train, labels, rng, others)
        found[name], found[f"flips, {name}"] = judged(test, criteria or CRITERIA, rng)
        found[f"of the rule, {name}"] = len(set(criteria) & set(RULE)) / max(len(set(criteria)), 1)
    found["bare judge"], found["flips, bare judge"] = judged(test, (), rng)
    held = [np.diff(each.fulfilled(), axis=1)[:, 0] * -1.0 for each in (train, test)]
    for name, (ours, theirs) in {
        "BT, criteria": held,
        "BT, pixels": [pixel_features(train), pixel_features(test)],
    }.items():
        found[name] = fitted(ours, labels, theirs, better, ridges[name])
    return found


def claim(full: bool = False) -> Verdict:
    """Held-out accuracy and flips after 30 and 100 pairs; random labels must teach nothing."""
    seeds, counts = (range(12), (30, 100)) if full else (range(8), (30,))
    main, ridges = counts[min(1, len(counts) - 1)], {"BT, criteria": 1e-2, "BT, pixels": 1e-2}
    with Meter() as meter:
        for name in list(ridges):

            def run(ridge: float, some: Sequence[int], name: str = name) -> list[float]:
                return [arms(seed, main, ridges | {name: ridge})[name] for seed in some]

            ridges[name] = tune(run, RIDGES, range(1000, 1003 if full else 1001), seeds).setting
        rows = {count: [arms(seed, count, ridges) for seed in seeds] for count in counts}
        random = [arms(seed, main, ridges, shuffled=True) for seed in seeds]
    got = {n: np.array([row[n] for row in rows[main]]) for n in rows[main][0]}
    blind = {n: np.array([row[n] for row in random]) for n in random[0]}
    two = build()({"fulfilled": np.array([3.0, 1.0, 2.0, 2.0]), "group": np.array([0, 0, 1, 1])})
    rates = [coding_rate(bag_of_words(CRITERIA[:k], WORDS), count=len(CRITERIA)) for k in range(1, 6)]
    checks = [
        compare_paired("the rubric beats Bradley-Terry on pixels", got["rubric"], got["BT, pixels"]),
        compare_paired("it is within a point of it on criteria", got["rubric"], got["BT, criteria"] - 0.01),
        compare_paired("it halves the flips", -got["flips, rubric"], -0.5 * got["flips, bare judge"]),
        compare_paired("checking on other pairs helps", got["checked on others"], got["rubric"]),
        bound("of two, the better gets 1 and the other -0.1", abs(two - [1.0, -0.1, 0.45, 0.45]), high=1e-12),
        bound("the coding rate never falls", np.diff(rates), low=0.0),
        control("shuffled labels: no better than the bare judge", blind["rubric"], blind["bare judge"], 0.05),
        control("shuffled labels: no better than a coin", blind["BT, criteria"], [0.5] * len(seeds), 0.1),
    ]
    figures = {
        str(n): {a: round(float(np.mean([r[a] for r in each])), 3) for a in each[0]}
        for n, each in [*rows.items(), (f"{main}, shuffled", random)]
    }
    missing = "training a generator with the two-valued reward; themes; a real vision-language judge"
    return verdict(checks, seeds, missing, {"by pairs": figures, "ridges": ridges}, meter.cost)
