"""Methods: published ways to search for rewards are configurations of one loop."""

from __future__ import annotations

import difflib
from dataclasses import dataclass

from ..core.errors import BadInput

PROPOSERS = ("random", "evolve", "reflect", "derl")
SIGHTS = ("order", "terms", "score")


@dataclass(frozen=True)
class Method:
    """How candidates are proposed and raced.

    Args:
        name: what ``--method`` takes.
        meaning: one sentence.
        proposer: ``random``, ``evolve``, ``reflect`` or ``derl``.
        sees: what proposers may see of trained candidates: ``order`` (which were best, never how good),
            ``terms`` (what each part paid during training), ``score`` (success itself).
        rounds: rounds of propose, screen, train, select.
        islands: populations that evolve apart; each proposes from its own parents.
        survey: share of the first round's programs that pay for one signal alone, every signal in turn.
        fresh: share of new random programs in every round after the first.
        crossover: share of the offspring that has two parents.
        parents: how many of the best are kept as parents, per island.
        first: share of the training steps after which a round's losers are dropped.
        survivors: share of a round's candidates that is trained to the end.
        confirmed, confirm: share of a round's candidates that is trained again, and on how many more seeds:
            one seed tells luck from merit too rarely for a parent.
        finalists: how many of the best are trained again to choose the winner.
        enough, agreeing: the search ends early when ``agreeing`` confirmed candidates reach this mean success.
    """

    name: str
    meaning: str
    proposer: str
    sees: tuple[str, ...] = ()
    rounds: int = 5
    islands: int = 1
    survey: float = 0.75
    fresh: float = 0.25
    crossover: float = 0.4
    parents: int = 8
    first: float = 0.35
    survivors: float = 0.25
    confirmed: float = 0.125
    confirm: int = 3
    finalists: int = 3
    enough: float = 0.97
    agreeing: int = 4

    def __post_init__(self) -> None:
        if self.proposer not in PROPOSERS:
            raise BadInput(f"proposer of method {self.name}", repr(self.proposer), ", ".join(PROPOSERS))
        unknown = sorted(set(self.sees) - set(SIGHTS))
        if unknown:
            raise BadInput(f"'sees' of method {self.name}", ", ".join(unknown), ", ".join(SIGHTS))
        for name in ("rounds", "islands", "parents", "finalists", "agreeing", "confirm"):
            if getattr(self, name) < 1:
                raise BadInput(f"{name} of method {self.name}", getattr(self, name), "at least 1")
        for name in ("survey", "fresh", "crossover", "first", "survivors", "confirmed", "enough"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise BadInput(f"{name} of method {self.name}", getattr(self, name), "0 to 1")

    @property
    def smallest(self) -> int:
        """Fewest candidates per round and island: a group of one has no baseline to learn from."""
        return 2 if self.proposer == "derl" else 1


_ALL = (
    Method(
        "random", "independent random programs: the baseline of every search", "random", fresh=1.0, rounds=1
    ),
    Method(
        "evolve",
        "mutation and crossover of the best programs (REvolve, R*)",
        "evolve",
        sees=("order",),
    ),
    Method(
        "islands",
        "as evolve, on two populations that evolve apart (REvolve)",
        "evolve",
        sees=("order",),
        islands=2,
        parents=4,
    ),
    Method(
        "reflect",
        "as evolve, and each change answers what the parts paid during training (Eureka's reflection)",
        "reflect",
        sees=("order", "terms"),
    ),
    Method(
        "derl",
        "a learned generator of programs, updated by group-relative advantages of success (DERL)",
        "derl",
        sees=("score",),
        fresh=0.0,
    ),
)
METHODS = {method.name: method for method in _ALL}
DEFAULT = "evolve"


def load_method(name: str) -> Method:
    """A method by name.

    Raises:
        BadInput: for an unknown name, with the nearest ones.
    """
    if name in METHODS:
        return METHODS[name]
    near = difflib.get_close_matches(name, METHODS, n=1)
    hint = f"did you mean {near[0]}?" if near else ""
    raise BadInput("method", repr(name), ", ".join(METHODS), hint)
