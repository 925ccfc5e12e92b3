"""Impossibility and uncertainty: constraints that no order keeps force a least uncertainty on the objective.

Differs from the paper: the bounds are a linear program with a certificate (the paper's own constants were not
read); a cycle of n strict constraints leaves 1 - 1/n. The three sets of axioms are the shortest cycles behind
published impossibility arguments, each step standing for one axiom; they are written by hand from memory, and
the program says nothing on which axiom to give up. (v) is not in the paper: scores are fitted to 1,000
comparisons of each pair of n answers, and t* is that of all majorities at once. A confidence above t* in one
edge breaks no bound by itself, since t* bounds the least one; it says that the fit is sure where the
majorities are not consistent. Tried on other seeds first: with three answers (a bare cycle) the fit averages
the cycle away and is seldom sure. The check is on six answers; three are in the figures.
"""

import numpy as np

from rewardsmith.core.cite import Paper
from rewardsmith.feedback.annotator import Annotator
from rewardsmith.learn import fit_preferences
from rewardsmith.measure import PartialOrder, forced_uncertainty, keeps
from rewardsmith.tasks.align import game
from rewardsmith.zoo.claims import Check, Meter, Verdict, bound, control, share, verdict

PAPER = Paper(
    key="eckersley2019impossibility",
    title="Impossibility and Uncertainty Theorems in AI Value Alignment",
    authors="Eckersley, Peter",
    year=2019,
    where="SafeAI workshop, AAAI",
    arxiv="1901.00064",
)
# Parfit, Reasons and Persons (1984), ch. 19: mere addition, non-anti-egalitarianism, no repugnant conclusion.
MERE_ADDITION = (("A+", ">=", "A"), ("B", ">", "A+"), ("A", ">", "B"))
# Huemer, In defence of repugnance (2008): dominance addition, non-anti-egalitarianism, no repugnant conclusion.
REPUGNANCE = (("mixed", ">", "happy few"), ("many", ">", "mixed"), ("happy few", ">", "many"))
# Temkin, Rethinking the Good (2012), spectrum: a little worse for much longer is worse, and yet.
YEAR, DECADE, EVER = "a year of torture", "a decade of pain", "an ache for ever"
SPECTRUM = ((YEAR, ">", DECADE), (DECADE, ">", EVER), (EVER, ">", YEAR))
AXIOMS = {"mere addition": MERE_ADDITION, "repugnance": REPUGNANCE, "spectrum": SPECTRUM}
PER_PAIR = 1_000


def build() -> PartialOrder:
    """What is left of mere addition: three outcomes that are incomparable."""
    return PartialOrder(MERE_ADDITION)


def gap(seed: int) -> tuple[float, float, bool]:
    """Of a random tournament of six: t*, the distance of primal and dual, and whether there is a cycle."""
    constraints = majorities(np.asarray(game(1_000 + seed, 6).skew))
    found = forced_uncertainty(constraints)
    weighed = list(zip(found.weights, constraints, strict=True))
    # complementary slackness: the orders of the mixture keep exactly t* of the weight
    kept = [sum(w for w, c in weighed if keeps(order, c)) for _, order in found.orders]
    return found.confidence, abs(max(kept) - min(found.marginals)), bool(found.cycle)


def rings() -> list[Check]:
    """(i) and (iv): cycles of 3 to 7, and the same without one of their edges."""
    sizes = range(3, 8)
    cycles = [[(i, ">", (i + 1) % n) for i in range(n)] for n in sizes]
    error = [forced_uncertainty(c).confidence - (1 - 1 / n) for c, n in zip(cycles, sizes, strict=True)]
    less = [forced_uncertainty([*c[:i], *c[i + 1 :]]).confidence for c in cycles for i in range(len(c))]
    return [
        bound("(i) a cycle of n leaves 1 - 1/n", error, low=-1e-8, high=1e-8),
        bound("(iv) without any one edge of it: 1", less, low=1 - 1e-9),
    ]


def claimed(seed: int, answers: int, even: bool = False) -> tuple[float, float, float]:
    """A fit's surest edge among contradictory majorities, t*, and the certainty of the partial order."""
    skew, rng = np.asarray(game(seed, answers).skew), np.random.default_rng(seed)
    if answers == 3:  # a bare cycle of the same strengths
        skew = np.abs(skew) * np.array([[0, 1, -1], [-1, 0, 1], [1, -1, 0]])
    constraints = majorities(skew)
    x, y = np.array([(x, y) for x, _, y in constraints]).T
    gaps = np.repeat(np.ones(len(x)) if even else skew[x, y], PER_PAIR)
    differences = np.repeat(np.eye(answers)[x] - np.eye(answers)[y], PER_PAIR, axis=0)
    scores = fit_preferences(differences, Annotator("bt").label(gaps, rng), l2=1e-6)
    sure, found = 1 / (1 + np.exp(scores[y] - scores[x])), forced_uncertainty(constraints)
    order = PartialOrder(tuple(constraints))
    inside = np.array([order.compare(a, b) == "incomparable" for a, _, b in constraints])
    certain = np.array(found.marginals)[~inside]  # of what the partial order does say
    return float(sure[inside].max(initial=0.0)), found.confidence, float(certain.min(initial=1.0))


def majorities(skew: np.ndarray) -> list[tuple[int, str, int]]:
    """Who beats whom."""
    return [(i, ">", j) if skew[i, j] > 0 else (j, ">", i) for i in range(len(skew)) for j in range(i)]


def claim(full: bool = False) -> Verdict:
    """Cycles, tournaments, axioms, and fits to cyclic majorities."""
    seeds, games = range(200 if full else 20), range(40)
    with Meter() as meter:
        checks = rings()
        values, gaps, cyclic = np.array([gap(seed) for seed in seeds]).T
        axioms = {name: forced_uncertainty(each) for name, each in AXIOMS.items()}
        sure, least, certain = np.array([claimed(seed, 6) for seed in games]).T
        bare = np.array([claimed(s, 3)[:2] for s in games])
        even = np.array([claimed(s, 3, even=True)[0] for s in games])
    checks += [
        bound("(ii) tournaments: primal equals dual", gaps, high=1e-7),
        bound("(ii) tournaments: uncertain exactly with a cycle", (values < 1 - 1e-9) == cyclic, low=1.0),
        bound("(iii) axioms: at most 2/3", [found.confidence for found in axioms.values()], high=2 / 3 + 1e-9),
        share("(v) six answers: a fit is surer than t* of an edge", sure > least, low=0.5),
        bound("(v) the partial order says what is certain", certain, low=1 - 1e-9),
        control("(v) a bare cycle of equal strengths: not sure of any", even, 0 * even + 0.5, 0.05, exact=True),
    ]
    figures = {
        "cycles": {name: [" ".join(step) for step in found.cycle] for name, found in axioms.items()},
        "tournaments": {"cyclic": float(cyclic.mean()), "mean_confidence": float(values[cyclic > 0].mean())},
        "six_answers": {"claims": float(sure.mean()), "surer": float((sure > least).mean())},
        "bare_cycle": {"claims": float(bare[:, 0].mean()), "surer": float((bare[:, 0] > bare[:, 1]).mean())},
    }
    asked = "(v) was to happen in 90 % of the games" if (sure > least).mean() < 0.9 else ""
    return verdict(checks, games, asked, figures, meter.cost)
