"""Learned: a probabilistic grammar whose logits are learned from success."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...program import Grammar, random_program
from ..pcfg import INVALID, PCFG, outer_step
from .ask import Ask, Draft

_TRIES = 20


@dataclass(frozen=True)
class LearnedWriter:
    r"""A generator that is updated by group-relative advantages of success.

    Each round is one group: A_i = (R_i - mean R) / (std R + eps), refused programs have R = -1, and the
    logits follow \sum_i A_i \nabla log p(program i).

    Source: Cheng et al., "Differentiable Evolutionary Reinforcement Learning", arXiv:2512.13399.
    Differs from the paper: the generator is a grammar over our language instead of a language model.
    """

    grammar: Grammar
    learning_rate: float = 0.5

    @property
    def label(self) -> str:
        return "learned grammar"

    def spent(self) -> dict[str, Any]:
        return {}

    def start(self) -> PCFG:
        return PCFG.of(self.grammar.weights())

    def write(
        self, state: PCFG, asks: Sequence[Ask], known: frozenset[str], rng: np.random.Generator
    ) -> list[Draft]:
        seen, drafts = set(known), []
        for ask in asks:
            for _ in range(_TRIES):
                chooser = state.chooser()
                program = random_program(self.grammar, rng, chooser)
                if program.structural_hash not in seen:
                    seen.add(program.structural_hash)
                    drafts.append(Draft(program, ask, trace=chooser.trace))
                    break
        return drafts

    def learn(self, state: PCFG, drafts: Sequence[Draft], scores: Sequence[float | None]) -> PCFG:
        if not drafts:
            return state
        values = [INVALID if score is None else score for score in scores]
        return outer_step(state, [draft.trace for draft in drafts], values, self.learning_rate)
