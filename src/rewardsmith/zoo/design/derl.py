"""DERL: a generator of reward expressions learns from the validation score of the policies they train.

Differs from the paper: the generator is a grammar with learnable odds instead of a language model, the inner
run is a 12-token policy table instead of a language model, and there are three separate splits; the released
code has no group baseline, drops invalid expressions and validates on the test set.  Rates and the inner run
were chosen on seeds 1000-1007, for the variant without a baseline too.
"""

from __future__ import annotations

import numpy as np

from rewardsmith.core.cite import Paper
from rewardsmith.design.pcfg import INVALID, PCFG, Arithmetic, Trace, outer_step
from rewardsmith.tasks.text.tokens import PRIMITIVES, Tokens, tabulate
from rewardsmith.zoo.claims import Meter, Verdict, compare_paired, control, verdict

PAPER = Paper(
    key="cheng2025differentiable",
    title="Differentiable Evolutionary Reinforcement Learning",
    authors="Cheng, Sitao and others",
    year=2025,
    where="arXiv",
    arxiv="2512.13399",
    code="sitaocheng/DERL@e9f0ff9",
)
GRAMMAR = Arithmetic(PRIMITIVES, depth=3)
SEARCHES = ("DERL", "no baseline", "no penalty", "random", "hill climb", "shuffled scores")
FIXED = {"equal weights": "outcome + format + steps + loose", "outcome only": "outcome"}
GROUP, RETRAININGS = 8, 5
MISSING = "language models, ALFWorld and ScienceWorld; inner runs that go on from the best policy (DERL-pop)"
INNER = (150, 24, 0.5)  # steps, batch, learning rate of one inner run
Found = tuple[list[str], np.ndarray, np.ndarray]


def build() -> PCFG:
    """The generator before any learning: every option of every production equally likely."""
    return PCFG.uniform(GRAMMAR.productions())


def claim(full: bool = False) -> Verdict:
    """Search with 8 expressions a round, then retrain each search's choice on fresh seeds."""
    seeds, rounds = (range(12), 20) if full else (range(8), 5)
    with Meter() as meter:
        chosen, quality, valid = search([(name, seed) for name in SEARCHES for seed in seeds], rounds, meter)
        texts = [*chosen, *(text for text in FIXED.values() for _ in seeds)]
        names = [*SEARCHES, *FIXED]
        scores = {
            where: dict(zip(names, retrain(texts, task, meter).reshape(len(names), -1), strict=True))
            for where, task in (("ID", Tokens()), ("OOD", Tokens.shifted()))
        }
    works = dict(zip(SEARCHES, valid.reshape(len(SEARCHES), -1, rounds), strict=True))
    rise = {name: share[:, -3:].mean(-1) - share[:, 0] for name, share in works.items()}
    tests = scores["ID"]
    checks = [
        compare_paired(f"{where}: DERL is better than {rival}", rows["DERL"], rows[rival])
        for where, rows in scores.items()
        for rival in ("random", "equal weights")
    ]
    checks += [
        compare_paired("ID: DERL is better than hill climbing", tests["DERL"], tests["hill climb"]),
        compare_paired("the group baseline is better than none", tests["DERL"], tests["no baseline"]),
        compare_paired("with a penalty validity rises", rise["DERL"], 0 * rise["DERL"]),
        compare_paired("it rises more than without", rise["DERL"], rise["no penalty"]),
        control(
            "shuffled scores teach nothing", scores["ID"]["shuffled scores"], scores["ID"]["random"], sees=0.3
        ),
    ]
    course = quality.reshape(len(SEARCHES), -1, rounds).mean(1).round(4).tolist()
    figures = {
        "test_score": {
            w: {n: round(float(v.mean()), 4) for n, v in rows.items()} for w, rows in scores.items()
        },
        "mean_validation_by_round": dict(zip(SEARCHES, course, strict=True)),
        "chosen_by_derl": chosen[: len(seeds)],
    }
    return verdict(checks, seeds, MISSING, figures, meter.cost)


def search(searches: list[tuple[str, int]], rounds: int, meter: Meter) -> Found:
    """Best expression by validation of each search, mean validation score and validity by round."""
    generators = [build() for _ in searches]
    rngs = [np.random.default_rng([seed, SEARCHES.index(name)]) for name, seed in searches]
    best: list[tuple[float, str, Trace]] = [(-2.0, FIXED["outcome only"], ()) for _ in searches]
    quality, valid = np.zeros((2, len(searches), rounds))
    for now in range(rounds):
        made = []
        for (name, _), pcfg, rng, (_, _, kept) in zip(searches, generators, rngs, best, strict=True):
            for _ in range(GROUP):
                cut = int(rng.integers(len(kept))) if name == "hill climb" and kept else 0
                chooser = pcfg.chooser(prefix=kept[:cut])
                made.append((GRAMMAR.sample(chooser, rng), chooser))
        tables = [tabulate(text) for text, _ in made]
        works = np.array([row is not None for row in tables])
        scores = np.full(len(made), INVALID)
        luck = np.random.default_rng([now, searches[0][1]])
        policies = Tokens().train(np.stack([row for row in tables if row is not None]), luck, *INNER)
        scores[works] = Tokens().score(policies, luck)  # the validation split: fresh samples
        meter.count("trainings", int(works.sum()))
        scores, works = scores.reshape(-1, GROUP), works.reshape(-1, GROUP)
        quality[:, now], valid[:, now] = np.where(works, scores, 0).mean(-1), works.mean(-1)
        for i, (name, _) in enumerate(searches):
            group = made[GROUP * i : GROUP * (i + 1)]
            top = int(scores[i].argmax())
            best[i] = max(best[i], (float(scores[i, top]), group[top][0], group[top][1].trace))
            told = np.where(works[i], scores[i], np.nan) if name == "no penalty" else scores[i]
            told = rngs[i].permutation(told) if name == "shuffled scores" else told
            if name not in ("random", "hill climb") and (~np.isnan(told)).sum() > 1:
                rate, baseline = (0.4, "none") if name == "no baseline" else (1.0, "group")
                generators[i] = outer_step(generators[i], [c.trace for _, c in group], told, rate, baseline)
    return [text for _, text, _ in best], quality, valid


def retrain(texts: list[str], task: Tokens, meter: Meter) -> np.ndarray:
    """Test score of each expression: the mean over fresh trainings, on the test split."""
    luck = np.random.default_rng([task.longest, 999])
    tables = [table for text in texts if (table := tabulate(text)) is not None]
    policies = task.train(np.repeat(tables, RETRAININGS, axis=0), luck, *INNER)
    meter.count("trainings", len(policies))
    return task.score(policies, luck, 400).reshape(-1, RETRAININGS).mean(-1)
