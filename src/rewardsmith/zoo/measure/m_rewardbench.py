"""M-RewardBench: a reward model judges some languages worse, and the report on languages can be trusted.

Differs from the paper: eight 'languages' are re-encodings of the answers of the testbed ``seq``: the three most
frequent of six words change places in each, the others are the same everywhere.  A translation replaces each
word with some probability by a random one.  One Bradley-Terry model, with weights that all languages share and
weights of each, is fitted to 2,000, 400 or 80 pairs per language.  Labels are those of the untranslated
answers.  The setting was fixed on the seeds from 1000 on, which are not reported.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rewardsmith.core.cite import Paper
from rewardsmith.feedback import Annotator
from rewardsmith.measure.model import cohen_kappa, kendall, pair_verdicts, preference_flip_rate, slice_report
from rewardsmith.optimize.dpo import dpo_weights
from rewardsmith.tasks.align import AlignBed, Pairs, seq
from rewardsmith.zoo.claims import Meter, Verdict, compare_paired, control, share, verdict

PAPER = Paper(
    key="gureja2024mrewardbench",
    title="M-RewardBench: Evaluating Reward Models in Multilingual Settings",
    authors="Gureja, Srishti and others",
    year=2024,
    where="arXiv",
    arxiv="2410.15522",
)
WORDS, LENGTH, ITEMS, SURE = 6, 4, 500, 50_000


@dataclass(frozen=True)
class Language:
    """How words 0 to 2 are written, how many pairs there are to learn from, and how bad translations are."""

    name: str
    order: tuple[int, int, int]
    pairs: int
    corrupted: float = 0.0

    def write(self, tokens: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """What the reward model sees of answers ``(N, 4)``: which word stands where, ``(N, 24)``."""
        lost = rng.random(tokens.shape) < self.corrupted
        written = np.array([*self.order, 3, 4, 5])[np.where(lost, rng.integers(0, WORDS, tokens.shape), tokens)]
        return np.eye(WORDS)[written].reshape(len(tokens), -1)


def build() -> tuple[Language, ...]:
    """Two languages with many pairs, one with few, and five alike but for the quality of translation."""
    worse = [Language(f"corrupted {q:g}", (1, 2, 0), 400, q) for q in (0.1, 0.2, 0.35, 0.5)]
    many = [Language("high", (0, 1, 2), 2000), Language("high too", (2, 0, 1), 2000)]
    return (*many, Language("low", (2, 1, 0), 80), Language("corrupted 0", (1, 2, 0), 400), *worse)


def gaps(bed: AlignBed, data: list[Pairs], rng: np.random.Generator) -> list[np.ndarray]:
    """Features of the better minus those of the other answers, as each language writes them."""
    assert bed.tokens is not None
    found: list[np.ndarray] = []
    for language, pairs in zip(build(), data, strict=True):
        sign = np.where(pairs.label == 1, 1, -1)[:, None]
        first, second = (language.write(bed.tokens[each], rng) for each in (pairs.first, pairs.second))
        found.append(sign * (first - second))
    return found


def fit(bed: AlignBed, rng: np.random.Generator) -> np.ndarray:
    """Weights ``(L, 24)`` of a Bradley-Terry model, what is shared and what is a language's own added up."""
    data = [bed.pairs(language.pairs, rng, Annotator("bt", temperature=0.5)) for language in build()]
    rows: list[np.ndarray] = []
    for k, gap in enumerate(gaps(bed, data, rng)):
        both = np.zeros((len(gap), len(data) + 1, gap.shape[1]))
        both[:, 0] = both[:, k + 1] = gap
        rows.append(both.reshape(len(gap), -1))
    won = np.concatenate(rows)
    weights = dpo_weights(won, np.zeros_like(won), beta=1.0).reshape(len(data) + 1, -1)
    return weights[0] + weights[1:]


def judge(seed: int, repeats: int) -> dict[str, np.ndarray]:
    """One model: accuracies, agreement with the first language, and whether intervals cover the truth."""
    bed, rng = seq(seed, LENGTH, WORDS), np.random.default_rng([seed, 1])
    weights, names = fit(bed, rng), [language.name for language in build()]

    def margins(count: int) -> np.ndarray:
        parallel = [bed.pairs(count, rng, Annotator("hard"))] * len(names)
        return np.stack([gap @ w for gap, w in zip(gaps(bed, parallel, rng), weights, strict=True)])

    truth = dict(zip(names, (margins(SURE) > 0).mean(1), strict=True))
    inside, flagged, table = list[bool](), np.zeros(len(names)), np.empty(0)
    for _ in range(repeats):
        table = margins(ITEMS)
        verdicts = pair_verdicts(table.ravel(), np.zeros(table.size))
        report = slice_report(verdicts, np.repeat(names, ITEMS).tolist(), np.tile(np.arange(ITEMS), len(names)))
        inside += [s.score.low <= truth[str(s.name)] <= s.score.high for s in report.slices]
        flagged += np.isin(names, [str(s.name) for s in report.slices if s.differs and s.behind > 0]) / repeats
    flips = np.array([preference_flip_rate(table[0], other, drop_nan=True).mean for other in table])
    kappa = np.array([cohen_kappa(table[0] > 0, other > 0) for other in table])
    found = {"accuracy": (table > 0).mean(1), "flips": flips, "kappa": kappa, "flagged": flagged}
    return {**found, "inside": np.array(inside)}


def claim(full: bool = False) -> Verdict:
    """Resources and translation matter, preferences flip, and 95 % intervals cover 92 to 98 times in 100."""
    seeds = range(40 if full else 8)
    with Meter() as meter:
        runs = [judge(seed, 20 if full else 6) for seed in seeds]
    accuracy, flips = (np.array([run[what] for run in runs]) for what in ("accuracy", "flips"))
    tau = np.array([kendall([each.corrupted for each in build()[3:]], row[3:]) for row in accuracy])
    checks = [
        compare_paired("many pairs are judged better than few", accuracy[:, :2].mean(1), accuracy[:, 2]),
        compare_paired("Kendall's tau of accuracy with corruption is below -0.8", -tau, 0 * tau, 0.8),
        compare_paired("preferences flip more towards few pairs", flips[:, 2], flips[:, 1]),
        share("95 % intervals cover the truth", np.concatenate([run["inside"] for run in runs]), 0.92, 0.98),
        control("as many pairs are judged as well", accuracy[:, 0], accuracy[:, 1], sees=0.02),
    ]
    figures = {what: np.mean([run[what] for run in runs], 0).round(3).tolist() for what in list(runs[0])[:4]}
    figures["language"] = [language.name for language in build()]
    return verdict(checks, seeds, "language models in 23 languages; three categories", figures, meter.cost)
