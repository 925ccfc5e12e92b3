"""Entry: one reward of the corpus, with what is known of it before anything is checked."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from rewardsmith import Reward
from rewardsmith.tasks import Task

KRAKOVNA = "Krakovna et al. 2020, 'Specification gaming: the flip side of AI ingenuity' (list of examples)"
AMODEI = "Amodei et al. 2016, 'Concrete Problems in AI Safety', arXiv:1606.06565"
CLARK = "Clark and Amodei 2016, 'Faulty reward functions in the wild' (CoastRunners)"
LEIKE = "Leike et al. 2017, 'AI Safety Gridworlds', arXiv:1711.09883"
RANDLOV = "Randlov and Alstrom 1998, 'Learning to Drive a Bicycle Using Reinforcement Learning and Shaping'"
NG = "Ng, Harada and Russell 1999, 'Policy Invariance Under Reward Transformations'"
POPOV = "Popov et al. 2017, 'Data-efficient Deep RL for Dexterous Manipulation', arXiv:1704.03073"
PAN = "Pan, Bhatia and Steinhardt 2022, 'The Effects of Reward Misspecification', arXiv:2201.03544"
SKALSE = "Skalse et al. 2022, 'Defining and Characterizing Reward Hacking', arXiv:2209.13085"
SAUNDERS = "Saunders et al. 2017, 'Trial without Error', arXiv:1707.05173 (Road Runner dies in level 1)"
EUREKA = "Ma et al. 2024, 'Eureka', arXiv:2310.12931"
GYMNASIUM = "Gymnasium 1.x, the environment's own reward"
DOCS = "docs/tasks.md, measured"


@dataclass(frozen=True)
class Entry:
    """A reward whose verdict is known.

    Args:
        name: unique; its hash decides the half.
        reward: what is checked.
        hackable: an optimiser that is paid by it does not do what is wanted, or it breaks the training.
        source: where the case is described.
        wrong: what is wrong with it, in a sentence; for a sound one, why it is sound.
        families: first characters of the codes that would say so, e.g. ``("R2", "R3")``; written before any
            check was run on it.  Empty for a sound one.
        task: of a control reward.
        data: of a text reward: rows with ``prompt``, ``reference`` and ``oracle``, a completion that is right.
    """

    name: str
    reward: Reward
    hackable: bool
    source: str
    wrong: str
    families: tuple[str, ...] = ()
    task: Task | None = None
    data: tuple[Mapping[str, Any], ...] = ()

    @property
    def kind(self) -> Literal["control", "text"]:
        """What it rewards."""
        return "text" if self.task is None else "control"

    @property
    def digest(self) -> str:
        """Hash of the name, by which the corpus is halved."""
        return hashlib.sha256(self.name.encode()).hexdigest()

    def fits(self, code: str) -> bool:
        """Whether a finding with this code says what is wrong."""
        return code.startswith(self.families)


def bad(name: str, task: Task, reward: Reward, wrong: str, families: Sequence[str], source: str) -> Entry:
    """A control reward that will be exploited, or cannot be learned from."""
    return Entry(name, reward, True, source, wrong, tuple(families), task)


def good(name: str, task: Task, reward: Reward, why: str, source: str) -> Entry:
    """A control reward that leads to success when it is trained on."""
    return Entry(name, reward, False, source, why, (), task)
