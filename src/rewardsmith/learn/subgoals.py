r"""Rewards for subgoals that a judge says were reached: how well it judges, and how its word is paid.

A judge answers yes or no for each transition.  Paid as it comes, a yes can be earned again and again; paid once
per episode, or as a potential over what was reached so far, it cannot.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from ..core.errors import BadInput
from ..core.mdp import Floats, Table, TabularMDP
from ..core.stats import share_interval

Pay = Literal["raw", "once", "potential"]


@dataclass(frozen=True)
class NoisyJudge:
    r"""A stand-in for a model, with the precision and the recall that it is set to.

    An event is seen with probability ``recall``, and what is none is taken for one with probability
    ``recall b (1 - precision) / (precision (1 - b))``, b the share of events.  A judge is consistent: the same
    transition always gets the same answer.

    Source: the dial of the question "how good is good enough"; the measure is that of Pignatelli et al.,
    "Assessing the Zero-Shot Capabilities of LLMs for Action Evaluation in RL", arXiv:2409.12798.

    Example:
        >>> NoisyJudge(precision=0.5, recall=1.0).false_positives(0.02)
        0.02040816326530612
    """

    precision: float = 1.0
    recall: float = 1.0

    def __post_init__(self) -> None:
        if not 0 < self.precision <= 1 or not 0 < self.recall <= 1:
            received = f"precision={self.precision}, recall={self.recall}"
            raise BadInput("NoisyJudge", received, "above 0 and at most 1")

    def false_positives(self, share: float) -> float:
        """Probability of a yes where there is no event, if ``share`` of all transitions are events."""
        if not 0 < share < 1:
            raise BadInput("share of events", share, "between 0 and 1")
        rate = self.recall * share * (1 - self.precision) / (self.precision * (1 - share))
        if rate > 1:
            received = f"precision {self.precision} at a share of {share:.3g}"
            raise BadInput("NoisyJudge", received, "a higher precision")
        return rate

    def verdicts(self, events: Table, rng: np.random.Generator, share: float | None = None) -> Table:
        """Answers of the shape of ``events`` (bools); ``share`` of events in use, else that of the table."""
        events = np.asarray(events, bool)
        wrong = self.false_positives(float(events.mean()) if share is None else share)
        return rng.random(events.shape) < np.where(events, self.recall, wrong)


@dataclass(frozen=True)
class CreditScore:
    """How well a judge finds events: numbers with the ends of their 95 % intervals, NaN where undefined.

    ``said`` and ``true`` count the yeses and the events.  There is no accuracy: where one transition in fifty
    is an event, always no has 98 %.
    """

    precision: tuple[float, float, float]
    recall: tuple[float, float, float]
    f1: float
    said: int
    true: int


def credit_score(said: Table, true: Table) -> CreditScore:
    """Precision and recall with Wilson's intervals, and F1, of N answers against annotation.

    F1 is 2 hits / (said + true); NaN where there is neither a yes nor an event.  A judge that never says yes
    has no precision: NaN, not 0.

    Source: Wilson, "Probable inference", JASA 22 (1927).

    Example:
        >>> score = credit_score([True, True, False, False], [True, False, True, False])
        >>> score.precision[0], score.recall[0], score.f1
        (0.5, 0.5, 0.5)
        >>> credit_score([False, False], [True, False]).precision
        (nan, nan, nan)
    """
    yes, real = np.asarray(said), np.asarray(true)
    if yes.dtype != bool or real.dtype != bool or yes.shape != real.shape:
        raise BadInput(
            "credit_score", f"{yes.dtype} {yes.shape}, {real.dtype} {real.shape}", "bools of one shape"
        )
    hits, positives, events = int((yes & real).sum()), int(yes.sum()), int(real.sum())
    total = positives + events
    return CreditScore(
        _share(hits, positives),
        _share(hits, events),
        2 * hits / total if total else float("nan"),
        positives,
        events,
    )


def _share(hits: int, n: int) -> tuple[float, float, float]:
    if not n:
        return float("nan"), float("nan"), float("nan")
    got = share_interval(hits, n)
    return hits / n, got.low, got.high


@dataclass(frozen=True, eq=False)
class Progress:
    """State of ``SubgoalReward`` for M learners.

    Args:
        reached: ``(M, G)`` bools, in the episode that goes on.
        yeses: ``(M,)`` in the episode that goes on.
        history: ``(M,)`` yeses of each finished episode.
    """

    reached: Table
    yeses: Table
    history: tuple[Table, ...] = ()


@dataclass(frozen=True, eq=False)
class SubgoalReward:
    r"""What V judges add to the reward of N learners each, in one of three ways.

    ``raw``: the weight for each yes.  ``once``: for the first yes to each subgoal in an episode.
    ``potential``: ``discount \Phi(after) - \Phi(before)``, \Phi = the weight times the subgoals reached in this
    episode so far, 0 at terminal states.  Reached is latched, so a judge that errs cannot take it back; the
    learner must see it, for without that no potential of it leaves the optimum alone.

    Args:
        verdicts: ``(V, N, G, S, A)`` bools: of each variant and seed, for G subgoals.
        pay_as: a way for each variant.
        ends: ``(S,)`` bools, the terminal states.
        discount: that of the learner.
        weights: of each variant; 1 by default.

    Source: Pignatelli et al., arXiv:2409.12798, for the reward; Ng, Harada and Russell, ICML 1999, for the
    potential.
    Differs from the paper: which trains no policy; once and potential are ours.
    """

    verdicts: Table
    pay_as: tuple[Pay, ...]
    ends: Table
    discount: float
    weights: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        shape = self.verdicts.shape
        if len(shape) != 5 or self.verdicts.dtype != bool or shape[0] != len(self.pay_as):
            received = f"{self.verdicts.dtype} {shape}, {len(self.pay_as)} ways to pay"
            raise BadInput("SubgoalReward", received, "bools (V, N, G, S, A) and V ways")
        if len(self.weights) not in (0, len(self.pay_as)):
            raise BadInput("SubgoalReward.weights", self.weights, f"none, or {len(self.pay_as)}")
        if not set(self.pay_as) <= {"raw", "once", "potential"}:
            raise BadInput("SubgoalReward.pay_as", self.pay_as, "raw, once or potential")

    @property
    def variants(self) -> int:
        """V."""
        return len(self.pay_as)

    @property
    def memories(self) -> int:
        """2^G sets of reached subgoals."""
        return 1 << self.verdicts.shape[2]

    def memory(self, state: Progress) -> Table:
        """Which subgoals were reached, as a binary number."""
        return state.reached @ (1 << np.arange(state.reached.shape[1]))

    def start(self, mdp: TabularMDP, seeds: int) -> Progress:
        """Nothing reached."""
        variants, n, subgoals, states, actions = self.verdicts.shape
        if (n, states, actions) != (seeds, mdp.states, mdp.actions):
            allowed = f"{seeds} seeds, {mdp.states} states, {mdp.actions} actions"
            raise BadInput("verdicts", self.verdicts.shape, allowed)
        return Progress(np.zeros((variants * n, subgoals), bool), np.zeros(variants * n, np.int64))

    def pay(self, state: Progress, s: Table, a: Table, after: Table, live: Table) -> tuple[Floats, Progress]:
        """The extra of one transition of each learner, 0 where its episode is over."""
        judge = self.verdicts.reshape(-1, *self.verdicts.shape[2:])
        said = judge[np.arange(len(s)), :, s, a] & live[:, None]
        new = state.reached | said
        count, fresh = said.sum(1), new.sum(1) - state.reached.sum(1)
        seeds = self.verdicts.shape[1]
        way, weight = (
            np.repeat(np.array(self.pay_as), seeds),
            np.repeat(self.weights or (1.0,) * self.variants, seeds),
        )
        shaped = self.discount * new.sum(1) * ~self.ends[after] - state.reached.sum(1)
        paid = np.where(way == "raw", count, np.where(way == "once", fresh, shaped))
        return np.where(live, weight * paid, 0.0), Progress(new, state.yeses + count, state.history)

    def learn(self, state: Progress, mdp: TabularMDP, episode: Any) -> Progress:
        """The episode is over: nothing is reached, and its yeses are remembered."""
        del mdp, episode
        nothing = np.zeros_like(state.reached), np.zeros_like(state.yeses)
        return Progress(*nothing, (*state.history, state.yeses))
