"""I-MCTS: a tree search that reads siblings' results and starts from an estimate finds better pipelines.

Differs from the paper: 1,024 pipelines of five stages, all scored once, instead of code by a language model;
introspection is a rule (the untried option nearest the best sibling, completed as the best one went on), and
the estimate is a sum of main effects on the three other data sets.  Exploration is chosen for each search on
seeds 1000 to 1049.  The best estimates were a figure at first and became a rival when they needed no tree.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from rewardsmith.core.cite import Paper
from rewardsmith.optimize.introspective import (
    MainEffects,
    Path,
    StagedSearch,
    fit_main_effects,
    random_effects,
    staged_search,
)
from rewardsmith.tasks.pipelines import DATA, SIZES, pipeline_scores
from rewardsmith.zoo.claims import Meter, Verdict, compare_paired, control, tune, verdict

PAPER = Paper(
    key="liang2025imcts",
    title="I-MCTS: Enhancing Agentic AutoML via Introspective Monte Carlo Tree Search",
    authors="Liang, Zujie and others",
    year=2025,
    where="arXiv",
    arxiv="2502.14693",
    code="jokieleung/I-MCTS@943720d",
)


def build(exploration: float = 2.0) -> StagedSearch:
    """Introspective proposals, an estimate worth a fifth of a measurement, 30 full evaluations."""
    return StagedSearch(exploration=exploration)


PLAIN = replace(build(), c_v=0.0, proposals="random")
TREES = {
    "I-MCTS": build(),
    "introspection only": replace(build(), c_v=0.0),
    "estimate only": replace(build(), proposals="random"),
    "plain MCTS": PLAIN,
}
POINTS = list(np.ndindex(*SIZES))


def estimator(name: str) -> MainEffects:
    """What the other data sets say."""
    return fit_main_effects(np.mean([pipeline_scores(other).percentiles for other in DATA if other != name], 0))


def search(
    config: StagedSearch, seeds: Sequence[int], informed: bool = True, mixed: bool = False
) -> np.ndarray:
    """Test and validation regret, averaged over the data sets, ``(2, seeds)``."""
    known, rows = {name: estimator(name) for name in DATA}, list[np.ndarray]()
    for seed in seeds:
        rng, found = np.random.default_rng(seed), list[tuple[float, float]]()
        for name in DATA:
            table = pipeline_scores(name).shuffled(rng) if mixed else pipeline_scores(name)
            guess = known[name] if informed else random_effects(SIZES, rng)
            scored = staged_search(SIZES, table.validation.__getitem__, guess, config, rng).scored
            found.append(table.regret(scored))
        rows.append(np.mean(found, 0))
    return np.transpose(rows)


def without_tree(choose: Callable[[str], list[Path]]) -> np.ndarray:
    """The same for 30 pipelines that no tree chose."""
    return np.mean([pipeline_scores(name).regret(choose(name)) for name in DATA], 0)


def claim(full: bool = False) -> Verdict:
    """Mean regret over four data sets after 30 full evaluations, for each search and seed."""
    seeds, tuning = range(100 if full else 8), range(1000, 1050 if full else 1001)
    with Meter() as meter:
        chosen: dict[str, StagedSearch] = {}
        for name, tree in TREES.items():
            options = [replace(tree, exploration=c) for c in ((0.1, 0.5, 2.0) if full else (0.5,))]
            chosen[name] = tune(lambda c, s: -search(c, s)[0], options, tuning, seeds).setting
        got = {name: search(config, seeds) for name, config in chosen.items()}
        got["greedy"] = search(replace(PLAIN, exploration=0.0), seeds)
        got["I-MCTS, random estimate"] = search(chosen["I-MCTS"], seeds, informed=False)
        draws = [[POINTS[i] for i in np.random.default_rng(s).choice(len(POINTS), 30, False)] for s in seeds]
        got["random"] = np.transpose([without_tree(lambda _, d=each: d) for each in draws])
        best = without_tree(lambda name: sorted(POINTS, key=lambda p: -estimator(name)(p))[:30])
        blind = search(chosen["I-MCTS"], seeds, informed=False, mixed=True)
        meter.count("full_evaluations", 30 * len(DATA) * len(seeds) * 8)
    ours, plain = got["I-MCTS"], got["plain MCTS"]
    fit = [np.corrcoef(pipeline_scores(n).percentiles.ravel(), [estimator(n)(p) for p in POINTS]) for n in DATA]
    checks = [
        compare_paired("less regret than plain MCTS", -ours[0], -plain[0]),
        compare_paired("less regret than greedy", -ours[0], -got["greedy"][0]),
        compare_paired("less regret than random", -ours[0], -got["random"][0]),
        compare_paired("less regret than introspection alone", -ours[0], -got["introspection only"][0]),
        compare_paired("less regret than the 30 best estimates", -ours[0], np.full(len(seeds), -best[0])),
        compare_paired("less regret on validation data than plain MCTS", -ours[1], -plain[1]),
        compare_paired(
            "a random estimate costs at most 10 % of plain's regret",
            -got["I-MCTS, random estimate"][0],
            -plain[0],
            -0.1 * float(plain[0].mean()),
        ),
        control("nothing is gained where pipelines are shuffled", blind[1], got["random"][1], sees=0.01),
    ]
    figures = {
        "test_regret": {name: round(float(v[0].mean()), 5) for name, v in got.items()},
        "validation_regret": {name: round(float(v[1].mean()), 5) for name, v in got.items()},
        "30_best_estimates": best.round(5).tolist(),
        "exploration": {name: config.exploration for name, config in chosen.items()},
        "estimate_correlation": {name: round(float(r[0, 1]), 3) for name, r in zip(DATA, fit, strict=True)},
    }
    return verdict(checks, seeds, "language models that write code", figures, meter.cost)
