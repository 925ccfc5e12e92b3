"""DERL: a generator of reward expressions learns from the validation score of the policies they train.

Differs from the paper: the generator is a grammar with learnable odds instead of a language model, the inner
run is a 12-token policy table instead of a language model, and there are three separate splits; the released
code has no group baseline, drops invalid expressions and validates on the test set.
"""

from __future__ import annotations

import numpy as np

import rewardsmith as rs
from rewardsmith.core.cite import Paper
from rewardsmith.design.pcfg import INVALID, PCFG, Arithmetic, Trace, outer_step
from rewardsmith.tasks.text.tokens import PRIMITIVES, Tokens, combinations
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
GROUP, RATE, RETRAININGS = 8, 1.0, 5


def build() -> PCFG:
    """The generator before any learning: every option of every production equally likely."""
    return PCFG.uniform(GRAMMAR.productions())


def claim(full: bool = False) -> Verdict:
    """Search with 8 expressions a round, then retrain each search's choice on fresh seeds."""
    seeds, rounds = (range(20), 20) if full else (range(8), 8)
    with Meter() as meter:
        searches = [(name, seed) for name in SEARCHES for seed in seeds]
        chosen, quality, valid = search(searches, rounds, meter)
        fixed = [(name, seed) for name in FIXED for seed in seeds]
        texts = [*chosen, *(FIXED[name] for name, _ in fixed)]
        test = {"ID": retrain(texts, Tokens(), 1, meter), "OOD": retrain(texts, Tokens.shifted(), 2, meter)}
    names = [*SEARCHES, *FIXED]
    scores = {
        where: dict(zip(names, rows.reshape(len(names), -1), strict=True)) for where, rows in test.items()
    }
    validity = dict(zip(SEARCHES, valid.reshape(len(SEARCHES), -1, rounds), strict=True))
    late = {name: share[:, -3:].mean(-1) for name, share in validity.items()}
    early = {name: share[:, :1].mean(-1) for name, share in validity.items()}
    ours = {where: rows["DERL"] for where, rows in scores.items()}
    checks = [
        compare_paired(f"{where}: DERL is better than {rival}", ours[where], scores[where][rival])
        for where in ("ID", "OOD")
        for rival in ("random", "equal weights")
    ]
    checks += [
        compare_paired("the group baseline is better than none", ours["ID"], scores["ID"]["no baseline"]),
        compare_paired("with a penalty validity rises", late["DERL"], early["DERL"]),
        compare_paired(
            "it rises more than without", late["DERL"] - early["DERL"], late["no penalty"] - early["no penalty"]
        ),
        control(
            "shuffled scores teach nothing", scores["ID"]["shuffled scores"], scores["ID"]["random"], sees=0.3
        ),
    ]
    figures = {
        "test_score": {
            w: {n: round(float(v.mean()), 4) for n, v in rows.items()} for w, rows in scores.items()
        },
        "validity_last_3_rounds": {name: round(float(v.mean()), 4) for name, v in late.items()},
        "mean_validation_by_round": dict(
            zip(SEARCHES, quality.reshape(len(SEARCHES), -1, rounds).mean(1).round(4).tolist(), strict=True)
        ),
        "chosen": dict(zip(("DERL", "random"), (chosen[0], chosen[3 * len(seeds)]), strict=True)),
    }
    return verdict(checks, seeds, figures=figures, cost=meter.cost)


def search(
    searches: list[tuple[str, int]], rounds: int, meter: Meter
) -> tuple[list[str], np.ndarray, np.ndarray]:
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
        tables = [table(text) for text, _ in made]
        works = np.array([row is not None for row in tables])
        scores = np.full(len(made), INVALID)
        luck = np.random.default_rng([now, searches[0][1]])
        policies = Tokens().train(np.stack([row for row in tables if row is not None]), luck, 60, 16, 1.0)
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
                baseline = "none" if name == "no baseline" else "group"
                traces = [chooser.trace for _, chooser in group]
                generators[i] = outer_step(generators[i], traces, told, RATE, baseline)
    return [text for _, text, _ in best], quality, valid


def table(text: str) -> np.ndarray | None:
    """An expression on all values of the primitives; None where it is not a reward."""
    try:
        reward = rs.program.parse(text, [rs.Field(name) for name in PRIMITIVES])
        values = reward(dict(zip(PRIMITIVES, combinations().T, strict=True)))
    except rs.RewardsmithError:
        return None
    return values if np.isfinite(values).all() else None


def retrain(texts: list[str], task: Tokens, split: int, meter: Meter) -> np.ndarray:
    """Test score of each expression: the mean over fresh trainings."""
    luck = np.random.default_rng([split, 999])
    policies = task.train(np.repeat([table(text) for text in texts], RETRAININGS, axis=0), luck, 60, 16, 1.0)
    meter.count("trainings", len(policies))
    return task.score(policies, luck, 400).reshape(-1, RETRAININGS).mean(-1)
