"""Job applications with a known right decision: twenty numbers, a noisy label, and an answer in three parts.

An answer is a decision (REJECTED, SELECTED), a score from 0 to 10 and a form (as asked, too long, broken), 66
in all.  Applications come from two Gaussians and labels are flipped, so the chance of SELECTED is known in
closed form, and with it the decision that a reward makes best.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..core.algebra import Reward
from ..core.arrays import Array
from ..core.errors import BadInput
from ..core.term import term

Floats = np.ndarray[Any, Any]
DECISIONS, SCORES, FORMS = 2, 11, 3
ANSWERS = DECISIONS * SCORES * FORMS
_DECISION, _SCORE, _FORM = (grid.ravel() for grid in np.indices((DECISIONS, SCORES, FORMS)))


@term(source="arXiv:2511.16073", low=0.0, high=1.0)
def decided_right(decision: Array, label: Array) -> Array:
    """1 where the decision is that of the label."""
    return 1.0 * (decision == label)


@term(source="arXiv:2511.16073", low=0.0, high=1.0)
def score_near(rating: Array, target: Array) -> Array:
    """``1 - |rating - target| / 10``."""
    return 1.0 - abs(rating - target) / 10.0


@term(low=0.0, high=1.0)
def form_valid(form: Array) -> Array:
    """1 where the answer can be read."""
    return 1.0 * (form < 2)


@term(low=0.0, high=1.0)
def length_fits(form: Array) -> Array:
    """1 where the answer is as long as was asked."""
    return 1.0 * (form == 0)


@term(source="arXiv:2511.16073")
def penalties(
    decision: Array,
    label: Array,
    form: Array,
    *,
    selected: float = 3.0,
    rejected: float = 1.0,
    broken: float = 2.0,
) -> Array:
    """``-selected`` for a false SELECTED, ``-rejected`` for a false REJECTED, ``-broken`` for a broken form."""
    wrong = selected * (decision > label) + rejected * (decision < label)
    return -(wrong + broken * (form == 2))


def gentle_reward() -> Reward:
    """Four terms in [0, 1] with weights 1, 0.5, 0.25 and 0.25: at most 2, at least 0."""
    return decided_right + 0.5 * score_near + 0.25 * form_valid + 0.25 * length_fits


@dataclass(frozen=True, eq=False)
class Applications:
    """N applications: ``contexts (N, 21)`` with a constant, ``label (N,)``, ``chance (N,)`` of label 1."""

    contexts: Floats
    label: Floats
    chance: Floats

    def __len__(self) -> int:
        return len(self.label)

    @property
    def target(self) -> Floats:
        """The score that is asked for: ten times the chance, rounded, ``(N,)``."""
        return np.round(10 * self.chance)

    def fields(self) -> Mapping[str, Floats]:
        """What the rewards read, each ``(N, 66)``."""
        shape = (len(self), ANSWERS)
        of_answer = {"decision": _DECISION, "rating": _SCORE, "form": _FORM}
        of_prompt = {"label": self.label, "target": self.target}
        wide = {name: np.broadcast_to(values, shape) for name, values in of_answer.items()}
        return wide | {n: np.broadcast_to(v[:, None], shape) for n, v in of_prompt.items()}

    def written(self, rng: np.random.Generator, faults: float = 0.2) -> Floats:
        """Answers of people ``(N,)``: label and target, in a wrong form with chance ``faults``."""
        form = np.where(rng.random(len(self)) < faults, rng.integers(1, FORMS, len(self)), 0)
        return ((self.label * SCORES + self.target) * FORMS + form).astype(np.int64)


def draw_applications(
    count: int, rng: np.random.Generator, selected: float = 0.35, flipped: float = 0.15, apart: float = 1.2
) -> Applications:
    r"""Two Gaussians at \pm ``apart`` times a random direction; each label is wrong with chance ``flipped``.

    The chance of label 1 is ``flipped + (1 - 2 flipped) sigmoid(2 apart u . x + log(p / (1 - p)))``, p the
    share of the second Gaussian with which ``selected`` of the labels are 1.

    Example:
        >>> bool(draw_applications(5, np.random.default_rng(0)).chance.max() <= 0.85)
        True
    """
    if not flipped < selected < 1 - flipped:
        raise BadInput("selected", selected, f"between {flipped:g} and {1 - flipped:g}, the share flipped")
    direction = np.zeros(20)
    direction[:5] = 1 / np.sqrt(5)
    prior = (selected - flipped) / (1 - 2 * flipped)
    kind = rng.random(count) < prior
    x = rng.normal(size=(count, 20)) + np.where(kind, apart, -apart)[:, None] * direction
    margin = 2 * apart * (x @ direction) + np.log(prior / (1 - prior))
    chance = flipped + (1 - 2 * flipped) * (0.5 + 0.5 * np.tanh(margin / 2))
    label = np.where(rng.random(count) < flipped, ~kind, kind).astype(np.float64)
    return Applications(np.concatenate([x, np.ones((count, 1))], 1), label, chance)


def decision_chances(policy: Floats) -> Floats:
    """Chances of the decisions, ``(..., 2)``, of a policy over the answers ``(..., 66)``."""
    return policy.reshape(*policy.shape[:-1], DECISIONS, SCORES * FORMS).sum(-1)


def best_decisions(reward: Reward, applications: Applications) -> Floats:
    """The decision ``(N,)`` with the largest expected reward when the chance, but no label, is known.

    Rating and form are those that pay best with it.
    """
    paid = [
        reward({**applications.fields(), "label": np.full((len(applications), ANSWERS), k)}) for k in (0, 1)
    ]
    chance = applications.chance[:, None]
    expected = (1 - chance) * np.asarray(paid[0]) + chance * np.asarray(paid[1])
    return expected.argmax(1) // (SCORES * FORMS)
