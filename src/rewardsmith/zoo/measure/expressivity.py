"""Expressivity: 17 formalisms, 22 witnesses, and what follows for all 272 pairs.

A ``no`` is a Farkas vector that is checked, a computed pair of policies, or a bound that goes to 0; two of 22
rest on Debreu's theorem and are not computed.  Equalities and inclusions are tried on random orders of random
policies.

Differs from the paper: formalisms whose text was not at hand are defined as in ``measure.expressive``; a
``yes`` is about the stated policies and one discount, a ``no`` about all policies and, for Markov rewards, four
discounts.  The negative control asks for orders that a Markov reward made.
"""

import numpy as np

from rewardsmith.core.cite import Paper
from rewardsmith.measure.expressive import CONTAINS, WITNESSES, Entry, World, is_expressible, relation_table
from rewardsmith.zoo.claims import Meter, Verdict, bound, control, verdict

PAPER = Paper(
    key="subramani2023expressivity",
    title="On The Expressivity of Objective-Specification Formalisms in Reinforcement Learning",
    authors="Subramani, Rohan and others",
    year=2023,
    where="ICLR 2024",
    arxiv="2310.11840",
)
EQUAL = (("INMR", "IMORL", "FTR"), ("OMORL", "FOMR", "FTLR"), ("GOMORL", "OMO", "TLO"))
ARGUED = {(x.without, x.within) for x in WITNESSES if x.kind == "argued"}


def build() -> tuple[Entry, ...]:
    """The table of all 17 x 17 pairs: what can state what, and why."""
    return relation_table()


def setting(seed: int) -> tuple[World, list[np.ndarray]]:
    """A random world of four states that rests after two steps, and five policies (one off its path twice)."""
    rng = np.random.default_rng(seed)
    transition = np.zeros((4, 2, 4))
    transition[0, :, 1:3] = rng.dirichlet(np.ones(2), 2)
    transition[1, 0, 3] = transition[1, 1, 1] = transition[2, :, 3] = transition[3, :, 3] = 1.0
    transition[1, 1] = (0, 0, 0, 1)
    policies = [rng.dirichlet(np.ones(2), 4) for _ in range(4)]
    twin = policies[0].copy()
    twin[0], policies[0][0] = (1.0, 0.0), (1.0, 0.0)  # both take action 0
    transition[0, 0] = (0, 1, 0, 0)  # which never leads to state 2
    twin[2] = twin[2, ::-1]
    return World(transition, np.eye(4)[0], steps=2), [*policies, twin]


def answers(seed: int, ranks: np.ndarray) -> dict[str, str]:
    """What every formalism says of an order; undecided where a larger one had to be asked."""
    world, policies = setting(seed)
    names = {name for each in CONTAINS for name in each[:2]}
    return {name: is_expressible(ranks, name, world, policies).answer for name in names}


def claim(full: bool = False) -> Verdict:
    """Every witness proven, no pair open, equal formalisms agree, and no inclusion is broken."""
    seeds = range(200 if full else 20)
    with Meter() as meter:
        proofs = [(x, x.evidence()) for x in WITNESSES if full or x.kind != "level"]
        said = [answers(s, np.random.default_rng([s, 1]).integers(0, 3, 5)) for s in seeds]
        made = []
        for seed in seeds:
            world, policies = setting(seed)
            reward = np.random.default_rng([seed, 2]).normal(size=8)
            paid = [reward @ world.occupancy(policy, 0.9) for policy in policies]
            made.append(answers(seed, np.unique(np.round(paid, 9), return_inverse=True)[1])["MR"] == "yes")
        meter.count("orders", 2 * len(seeds))
    table = build()
    broken = [a + b for each in said for a, b, _ in CONTAINS if each[a] == "yes" and each[b] == "no"]
    unequal = [names for each in said for names in EQUAL if len({each[name] for name in names}) > 1]
    computed = [e for x, e in proofs if x.kind != "argued"]
    farkas = [e.number for x, e in proofs if x.kind == "program"]
    checks = [
        bound("every computed witness is proven", [e.proven for e in computed], 1, 1),
        bound("Farkas vectors are exact", farkas, high=1e-8),
        bound("no pair of formalisms is open", [e.relation == "open" for e in table], 0, 0),
        bound("members of the three equalities agree", [len(unequal)], 0, 0),
        bound("no inclusion is broken", [len(broken)], 0, 0),
        control("orders made by a Markov reward are one's", made, np.ones(len(made)), 0.01, exact=True),
    ]
    share = {name: round(float(np.mean([each[name] != "no" for each in said])), 3) for name in sorted(said[0])}
    figures = {
        "pairs": {kind: sum(e.relation == kind for e in table) for kind in ("contains", "cannot", "open")},
        "share_of_random_orders_not_refused": share,
        "argued_not_computed": [f"{a} without {b}" for a, b in sorted(ARGUED)],
    }
    missing = (
        "two witnesses rest on Debreu's theorem; definitions of rarer formalisms not checked against the paper"
    )
    return verdict(checks, seeds, missing, figures, meter.cost)
