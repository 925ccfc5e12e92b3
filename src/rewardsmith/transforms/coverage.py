"""coverage: the techniques that surveys of reward shaping name, and where each of them is here."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ..core.errors import BadInput


@dataclass(frozen=True)
class Technique:
    """A named technique: public names that do it, or the reason why nothing here does."""

    name: str
    entries: tuple[str, ...] = ()
    refused: str = ""

    def __post_init__(self) -> None:
        if bool(self.entries) == bool(self.refused):
            raise BadInput(f"technique {self.name}", "neither or both", "entries, or the reason of a refusal")


# The list of Ibrahim et al., "Comprehensive Overview of Reward Engineering and Shaping in Advancing RL
# Applications", arXiv:2408.10215, with the formulas that such surveys give.
TECHNIQUES: tuple[Technique, ...] = (
    Technique("reward engineering", ("rewardsmith.term", "rewardsmith.program.Program")),
    Technique("reward shaping", ("rewardsmith.core.algebra.Transform", "rewardsmith.core.laws.Laws")),
    Technique("potential-based shaping", ("rewardsmith.transforms.Potential",)),
    Technique("dynamic potentials", ("rewardsmith.transforms.DynamicPotential",)),
    Technique("potential-based advice on actions", ("rewardsmith.transforms.PotentialAdvice",)),
    Technique("learned potentials", ("rewardsmith.transforms.LearnedPotential",)),
    Technique(
        "intrinsic motivation, exploration bonuses",
        (
            "rewardsmith.transforms.CountBonus",
            "rewardsmith.transforms.RNDBonus",
            "rewardsmith.transforms.EllipticalBonus",
        ),
    ),
    Technique("scaling", ("rewardsmith.transforms.Scale",)),
    Technique("clipping", ("rewardsmith.transforms.Clip", "rewardsmith.transforms.Tanh")),
    Technique("running normalisation", ("rewardsmith.transforms.Normalize",)),
    Technique("sparse and delayed reward", ("rewardsmith.transforms.Delay", "rewardsmith.transforms.Delta")),
    Technique(
        "return-preserving redistribution",
        ("rewardsmith.transforms.Redistribute", "rewardsmith.transforms.conservation"),
    ),
    Technique("curriculum of weights", ("rewardsmith.transforms.Schedule",)),
    Technique("scalar or vector reward", ("rewardsmith.core.algebra.Reward.terms",)),
    Technique(
        "multi-objective scalarisation",
        ("rewardsmith.lexicographic", "rewardsmith.minimum", "rewardsmith.transforms.Lagrange"),
    ),
    Technique(
        "reward hacking",
        (
            "rewardsmith.transforms.GatedAccumulation",
            "rewardsmith.transforms.FirstTime",
            "rewardsmith.transforms.PreferenceAsReward",
        ),
    ),
    Technique(
        "reward machines", refused="no automaton over events yet; gates and FirstTime do the simplest ones"
    ),
    Technique("n-step returns", refused="they belong to the learner's estimate, not to the reward"),
    Technique("hindsight relabelling", refused="it changes the experience; the same reward judges it again"),
    Technique(
        "policy gradient for reward design", refused="needs a learner that can be differentiated through"
    ),
    Technique("inverse reward design", refused="learning rewards is not part of the package yet"),
    Technique(
        "rewards from demonstrations, inverse RL", refused="learning rewards is not part of the package yet"
    ),
    Technique("sim-to-real", refused="it is about the dynamics; the reward stays the same"),
)


def coverage() -> Iterator[tuple[Technique, tuple[Any, ...]]]:
    """Every technique with the objects that its entries name.

    Raises:
        BadInput: an entry names nothing.
    """
    for technique in TECHNIQUES:
        yield technique, tuple(_resolve(entry) for entry in technique.entries)


def _resolve(entry: str) -> Any:
    parts = entry.split(".")
    for cut in range(len(parts) - 1, 0, -1):
        try:
            found: Any = importlib.import_module(".".join(parts[:cut]))
        except ModuleNotFoundError:
            continue
        for part in parts[cut:]:
            if not hasattr(found, part):
                raise BadInput("entry of a technique", entry, f"a public name; {found!r} has no {part}")
            found = getattr(found, part)
        return found
    raise BadInput("entry of a technique", entry, "a public name")
