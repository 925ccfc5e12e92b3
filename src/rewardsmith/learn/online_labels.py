r"""Rewards that are learned while the learner learns: texts are labelled on the way, a model fills the gaps.

``r = weight * value(text) / N(text)^\beta``, N how often the text was met in this episode.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np

from ..core.errors import BadInput
from ..core.mdp import Floats, Table, TabularMDP
from .captions import fit_caption_ranking, fit_captions
from .label_queue import LabelQueue, Labels, ask, merge, no_labels, see

Model = Literal["table", "classifier", "ranker", "novelty", "none"]


def count_discount(value: Any, count: Any, beta: Any) -> Floats:
    r"""``value / count^\beta``: the same event again and again is worth less and less, unless \beta = 0.

    Args:
        count: visits in this episode, this one included: at least 1.

    Source: Zheng et al., arXiv:2410.23022 (\beta = 3).

    Example:
        >>> count_discount([1.0, 1.0], [1, 2], beta=3.0).tolist()
        [1.0, 0.125]
    """
    if not (np.asarray(count) >= 1).all() or not (np.asarray(beta) >= 0).all():
        raise BadInput("count_discount", f"counts from {np.min(count)}, beta={beta}", "counts >= 1, beta >= 0")
    return np.asarray(value, np.float64) / np.asarray(count, np.float64) ** beta


def ranked_value(scores: Floats, normalize: bool = True, threshold: float | None = 0.0) -> Floats:
    """A ranker's scores ``(W,)`` as rewards: standardised, then 1 above the threshold and 0 below; NaN stays.

    Source: Zheng et al., arXiv:2410.23022.
    Differs from the paper: the released code computes this and then pays the raw score, because the result
    has a variable name of its own; here there is one value and it is the one that is paid.

    Example:
        >>> ranked_value(np.array([1.0, 2.0, 6.0])).tolist()
        [0.0, 0.0, 1.0]
    """
    known = ~np.isnan(scores)
    value = scores
    if normalize and known.any():
        value = (value - value[known].mean()) / max(float(value[known].std()), 1e-12)
    return value if threshold is None else np.where(known, np.where(value > threshold, 1.0, 0.0), np.nan)


@dataclass(frozen=True)
class OnlineLabels:
    r"""One way to make a reward of labels that arrive.

    Args:
        model: ``table`` pays a text its own label; ``classifier`` learns from all labels what a text is worth,
            1 where P(yes) > 0.5; ``ranker`` asks for comparisons instead, with an earlier text each, and pays
            ``ranked_value``; ``novelty`` pays 1 / \sqrt{all visits} without any label; ``none`` pays nothing.
        queue: in which order texts are labelled, how many, and how late.
        beta: of the count discount.
        weight: of the whole.
        threshold: in standard deviations, above which the ranker's score pays.

    Source: Zheng et al., arXiv:2410.23022; novelty: Strehl and Littman, JCSS 74 (2008).
    """

    model: Model = "table"
    queue: LabelQueue = field(default_factory=LabelQueue)
    beta: float = 3.0
    weight: float = 0.4
    threshold: float = 1.0

    def __post_init__(self) -> None:
        if self.model not in ("table", "classifier", "ranker", "novelty", "none"):
            raise BadInput("OnlineLabels.model", repr(self.model), "table, classifier, ranker, novelty or none")
        if not self.beta >= 0:
            raise BadInput("OnlineLabels.beta", self.beta, "0 or more")


@dataclass(frozen=True, eq=False)
class EventTexts:
    """What an onlooker says of each action.

    Args:
        texts: W different ones.
        index: ``(S, A, R)`` which text, in each of R wordings.
        reworded: share of steps on which another wording than the first is used.
    """

    texts: tuple[str, ...]
    index: Table
    reworded: float = 0.0

    def __post_init__(self) -> None:
        if self.index.ndim != 3 or self.index.max() >= len(self.texts) or self.index.min() < 0:
            raise BadInput("EventTexts.index", f"shape {self.index.shape}", "(S, A, R) numbers of texts")
        if not 0 <= self.reworded <= 1:
            raise BadInput("EventTexts.reworded", self.reworded, "a share, 0 to 1")

    def wordings(self, rng: np.random.Generator, steps: int) -> Table:
        """``(steps,)`` numbers 0 to R - 1."""
        other = rng.integers(1, max(self.index.shape[2], 2), steps) % self.index.shape[2]
        return np.where(rng.random(steps) < self.reworded, other, 0)


@dataclass(frozen=True, eq=False)
class Told:
    """State of ``OnlineLabelReward`` for M learners and W texts.

    Args:
        labels: what is known, with the version of each learner.
        value: ``(M, W)`` what a text is worth at that version; NaN: no verdict.
        now: ``(M,)`` steps so far.
        here, ever: ``(M, W)`` visits in this episode, and in all.
        wording: ``(T, M)`` of this episode; ``time`` its steps so far.
        tally: ``(3, M)`` of this episode: steps, steps whose text was answered, payments without a discount.
        history: the tallies of all finished episodes.
    """

    labels: Labels
    value: Floats
    now: Table
    here: Table
    ever: Table
    wording: Table
    time: int
    tally: Floats
    history: tuple[Floats, ...] = ()


@dataclass(frozen=True, eq=False)
class OnlineLabelReward:
    """V ways to make a reward of labels, for N learners each: a ``RememberingReward``.

    Labels are asked for and merged every ``queue.every`` steps of a learner.  What has no verdict pays nothing,
    and is left out when a model is fitted; ``Told.history`` tells how much that is.

    Args:
        events: what is said of each action.
        arms: the V ways.
        answers: ``(N, W)`` what the labeller answers: 1 helpful, 0 not, NaN unreadable.
        horizon: the most steps of an episode.
        seeds: of the wordings and of the texts that the ranker compares with, one for each learner of an arm.
        memories: what is paid depends on the texts met in this episode, so the learner sees which of those that
            pay it has met: a hash of the set, 0 to ``memories`` - 1; 1 for a learner without memory.

    Source: Zheng et al., arXiv:2410.23022.
    Differs from the paper: models of bags of words, fitted to the optimum at every merge, instead of networks;
    an unreadable answer is no label there either, but 0.
    """

    events: EventTexts
    arms: tuple[OnlineLabels, ...]
    answers: Floats
    horizon: int
    seeds: tuple[int, ...]
    memories: int = 256

    def __post_init__(self) -> None:
        if self.answers.shape != (len(self.seeds), len(self.events.texts)):
            allowed = f"({len(self.seeds)}, {len(self.events.texts)}): seeds, texts"
            raise BadInput("OnlineLabelReward.answers", self.answers.shape, allowed)

    @property
    def variants(self) -> int:
        """V."""
        return len(self.arms)

    def memory(self, state: Told) -> Table:
        """The hash of the paying texts that each learner has met in this episode."""
        met = (state.here > 0) & (state.value > 0) & ~self._novel()[:, None]
        return met @ (np.arange(1, met.shape[1] + 1) * 2654435761 % 2**31) % self.memories

    def start(self, mdp: TabularMDP, seeds: int) -> Told:
        """Nothing seen."""
        if seeds != len(self.seeds) or self.events.index.shape[:2] != (mdp.states, mdp.actions):
            received = f"{len(self.seeds)} seeds, texts of {self.events.index.shape[:2]}"
            raise BadInput("OnlineLabelReward", received, f"{seeds} seeds, ({mdp.states}, {mdp.actions})")
        many, texts = self.variants * seeds, len(self.events.texts)
        value = np.full((many, texts), np.nan)
        value[self._novel()] = 1.0
        zero = np.zeros((many, texts), np.int64)
        steps = np.zeros(many, np.int64)
        return Told(no_labels(many, texts), value, steps, zero, zero, self._wordings(0), 0, np.zeros((3, many)))

    def pay(self, state: Told, s: Table, a: Table, after: Table, live: Table) -> tuple[Floats, Told]:
        """What the text of each step is worth by now, discounted by its count."""
        del after
        rows = np.arange(len(s))
        text = self.events.index[s, a, state.wording[state.time]]
        here, ever = state.here.copy(), state.ever.copy()
        here[rows, text] += live
        ever[rows, text] += live
        labels = see(state.labels, text, state.now, live)
        due = live & (state.now % self._each("every") == 0)
        labels = self._serve(labels, state.now, due) if due.any() else labels
        value = state.value if labels is state.labels else self._values(state, labels)
        worth = np.nan_to_num(value[rows, text])
        novel = self._novel()
        count = np.maximum(np.where(novel, ever[rows, text], here[rows, text]), 1)
        beta = np.where(novel, 0.5, self._each("beta"))
        paid = np.where(live, self._each("weight") * count_discount(worth, count, beta), 0.0)
        tally = state.tally + live * np.stack([np.ones(len(s)), labels.answered[rows, text], worth])
        new = replace(state, labels=labels, value=value, now=state.now + live, here=here, ever=ever)
        return paid, replace(new, time=state.time + 1, tally=tally)

    def learn(self, state: Told, mdp: TabularMDP, episode: Any) -> Told:
        """The episode is over: its counts and its wordings are new."""
        del mdp, episode
        return replace(
            state,
            here=np.zeros_like(state.here),
            wording=self._wordings(len(state.history) + 1),
            time=0,
            tally=np.zeros_like(state.tally),
            history=(*state.history, state.tally),
        )

    def _novel(self) -> Table:
        """Which learners ``(M,)`` are paid for novelty."""
        return np.repeat([arm.model == "novelty" for arm in self.arms], len(self.seeds))

    def _each(self, name: str) -> Table:
        """A setting of the arms, for each learner ``(M,)``."""
        whole = [getattr(arm, name) if hasattr(arm, name) else getattr(arm.queue, name) for arm in self.arms]
        return np.repeat(np.array(whole, np.float64), len(self.seeds))

    def _wordings(self, episode: int) -> Table:
        each = [
            self.events.wordings(np.random.default_rng([seed, episode]), self.horizon) for seed in self.seeds
        ]
        return np.tile(np.stack(each, axis=1), (1, self.variants))

    def _serve(self, labels: Labels, now: Table, due: Table) -> Labels:
        """Ask and merge, arm by arm, because each has a queue of its own."""
        n = len(self.seeds)
        for number, arm in enumerate(self.arms):
            mine = due & (np.arange(len(due)) // n == number)
            if mine.any() and arm.model not in ("novelty", "none"):
                labels = ask(arm.queue, labels, now, mine)
                answers = np.tile(self.answers, (self.variants, 1))
                labels = merge(arm.queue, labels, answers, np.where(mine, now, -np.inf))
        return labels

    def _values(self, state: Told, labels: Labels) -> Floats:
        """Values anew for every learner whose labels have a new version."""
        fresh = np.flatnonzero(labels.version > state.labels.version)
        if not len(fresh):
            return state.value
        value = state.value.copy()
        for row in fresh:
            arm, seed = self.arms[row // len(self.seeds)], self.seeds[row % len(self.seeds)]
            value[row] = text_values(arm, self.events.texts, labels.label[row], seed)
        return value


def text_values(way: OnlineLabels, texts: Sequence[str], label: Floats, seed: int = 0) -> Floats:
    """What each of W texts is worth, ``(W,)``, to a model that knows ``label (W,)``; NaN: no verdict.

    ``ranker``: each labelled text is compared with another labelled one, drawn at random; 0.5 for a tie.
    """
    known = np.flatnonzero(~np.isnan(label))
    if way.model == "table" or not len(known):
        return label
    said = [texts[w] for w in known.tolist()]
    if way.model == "classifier":
        return np.where(fit_captions(said, label[known]).probability(texts) > 0.5, 1.0, 0.0)
    other = np.random.default_rng([seed, len(known)]).permutation(len(known))
    preferred = 0.5 + 0.5 * np.sign(label[known] - label[known[other]])
    ranker = fit_caption_ranking(said, [said[w] for w in other], preferred)
    return ranked_value(ranker.score(texts), threshold=way.threshold)
