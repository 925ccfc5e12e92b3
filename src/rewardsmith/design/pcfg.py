"""A learned generator: a probability for every option of every production, updated from scores.

A generator takes its decisions from a ``Chooser`` (as ``program.random_program`` does).  ``PCFG.chooser()``
is one that records what it chose, so the probability of a whole program is exact and can be raised or
lowered.  Source: the outer loop of DERL (Cheng et al. 2025), with a grammar in place of a language model.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from ..core.errors import BadInput
from ..core.stats import Values

Trace = tuple[tuple[str, int], ...]
INVALID = -1.0


@dataclass(frozen=True)
class Rule:
    """One production: its options and their logits."""

    name: str
    options: tuple[str, ...]
    logits: tuple[float, ...]

    @property
    def probabilities(self) -> np.ndarray:
        """``softmax(logits)``."""
        weights = np.exp(np.array(self.logits) - max(self.logits))
        return weights / weights.sum()


@dataclass(frozen=True)
class PCFG:
    """Independent choices per production; a value: compares, pickles, ``dataclasses.asdict`` is JSON."""

    rules: tuple[Rule, ...]

    @classmethod
    def of(cls, weights: Mapping[str, Sequence[tuple[str, float]]]) -> PCFG:
        """From options with their odds, such as ``Grammar.weights()``.

        Example:
            >>> PCFG.of({"op": (("+", 3.0), ("-", 1.0))}).rule("op").probabilities.tolist()
            [0.75, 0.25]
        """
        rules: list[Rule] = []
        for name, options in weights.items():
            if any(weight <= 0 for _, weight in options):
                raise BadInput(f"odds of {name}", dict(options), "weights > 0", "a logit must be finite")
            logits = tuple(float(np.log(weight)) for _, weight in options)
            rules.append(Rule(name, tuple(option for option, _ in options), logits))
        return cls(tuple(rules))

    @classmethod
    def uniform(cls, productions: Mapping[str, Sequence[str]]) -> PCFG:
        """Every option of a production equally likely."""
        return cls.of({name: [(option, 1.0) for option in options] for name, options in productions.items()})

    def rule(self, name: str) -> Rule:
        """The rule of a production."""
        for rule in self.rules:
            if rule.name == name:
                return rule
        raise BadInput("production", repr(name), ", ".join(rule.name for rule in self.rules))

    def chooser(self, prefix: Trace = ()) -> Recorder:
        """Takes decisions by these probabilities and records them; ``prefix`` is replayed first."""
        return Recorder(self, prefix)

    def log_probability(self, trace: Trace) -> float:
        """Exact log-probability of a sequence of decisions."""
        return float(sum(np.log(self.rule(name).probabilities[option]) for name, option in trace))

    def gradient(self, trace: Trace) -> dict[str, np.ndarray]:
        """``d log_probability / d logits``: per rule, ``sum of (one-hot - probabilities)``."""
        found: dict[str, np.ndarray] = {}
        for name, option in trace:
            probabilities = self.rule(name).probabilities
            found.setdefault(name, np.zeros(len(probabilities)))
            found[name] += np.eye(len(probabilities))[option] - probabilities
        return found


@dataclass
class Recorder:
    """A chooser that remembers its decisions (one generated object each; not a configuration)."""

    pcfg: PCFG
    prefix: Trace = ()
    taken: list[tuple[str, int]] = field(default_factory=list[tuple[str, int]])

    @property
    def trace(self) -> Trace:
        """The decisions so far."""
        return tuple(self.taken)

    def choose(self, production: str, options: Sequence[str], rng: np.random.Generator) -> int:
        """The index of an option."""
        rule = self.pcfg.rule(production)
        if tuple(options) != rule.options:
            raise BadInput(f"options of {production}", tuple(options), rule.options)
        at = len(self.taken)
        if at < len(self.prefix) and self.prefix[at][0] == production:
            option = self.prefix[at][1]
        else:
            option = int(
                min(np.searchsorted(rule.probabilities.cumsum(), rng.random(), "right"), len(options) - 1)
            )
        self.taken.append((production, option))
        return option


def group_advantages(scores: Values, eps: float = 1e-6) -> np.ndarray:
    """``(R_i - mean R) / (std R + eps)`` within one group; NaN scores (no verdict) stay out and get 0.

    Raises:
        BadInput: fewer than two scores with a verdict: such a group has no baseline.
    """
    values = np.asarray(scores, dtype=np.float64)
    decided = ~np.isnan(values)
    if decided.sum() < 2:
        raise BadInput("group", f"{int(decided.sum())} scores with a verdict", "at least 2")
    kept = values[decided]
    advantages = np.zeros(len(values))
    advantages[decided] = (kept - kept.mean()) / (kept.std() + eps)
    return advantages


def outer_step(
    pcfg: PCFG,
    traces: Sequence[Trace],
    scores: Values,
    learning_rate: float = 0.5,
    baseline: Literal["group", "none"] = "group",
) -> PCFG:
    """One policy-gradient step: ``logits += learning_rate * mean_i A_i d log p(trace_i) / d logits``.

    Args:
        traces: decisions of every member of the group.
        scores: what each was worth; ``INVALID`` for programs that do not work, NaN for no verdict.
        baseline: ``none`` uses the raw scores, as the released code of DERL in effect does.

    With the group's baseline, scores that are all equal (all invalid, for example) teach nothing: the same PCFG
    returns.

    Raises:
        BadInput: fewer than two scores with a verdict, or not one score for each trace.
    """
    if len(traces) != len(scores):
        raise BadInput("scores", len(scores), f"{len(traces)}, one per trace")
    advantages = group_advantages(scores)
    if baseline == "none":
        advantages = np.nan_to_num(np.asarray(scores, dtype=np.float64))
    steps = {rule.name: np.zeros(len(rule.logits)) for rule in pcfg.rules}
    for advantage, trace in zip(advantages, traces, strict=True):
        for name, gradient in pcfg.gradient(trace).items():
            steps[name] += learning_rate * advantage * gradient / len(traces)
    return PCFG(
        tuple(
            Rule(rule.name, rule.options, tuple(float(x) for x in np.array(rule.logits) + steps[rule.name]))
            for rule in pcfg.rules
        )
    )


@dataclass(frozen=True)
class Arithmetic:
    """Arithmetic expressions over primitives, to a given depth; every depth has its own production.

    Example:
        >>> grammar = Arithmetic(("g1", "g2"), depth=1)
        >>> chooser = PCFG.uniform(grammar.productions()).chooser()
        >>> text = grammar.sample(chooser, np.random.default_rng(0))
    """

    primitives: tuple[str, ...]
    depth: int = 3
    digits: tuple[str, ...] = ("0", "1", "2", "3", "5")
    operators: tuple[str, ...] = ("+", "-", "*", "/")

    def productions(self) -> dict[str, tuple[str, ...]]:
        """All decisions, with their options."""
        table: dict[str, tuple[str, ...]] = {}
        for level in range(self.depth + 1):
            nodes = ("primitive", "digit", "operator") if level < self.depth else ("primitive", "digit")
            table |= {f"node_{level}": nodes, f"primitive_{level}": self.primitives}
            table |= {f"operator_{level}": self.operators} if level < self.depth else {}
        return table | {"digit": self.digits}

    def sample(self, chooser: Recorder, rng: np.random.Generator, level: int = 0) -> str:
        """One expression as text; it need not contain a primitive, and it may divide by 0."""
        table = self.productions()

        def take(name: str) -> str:
            return table[name][chooser.choose(name, table[name], rng)]

        match take(f"node_{level}"):
            case "primitive":
                return take(f"primitive_{level}")
            case "digit":
                return take("digit")
            case _:
                operator = take(f"operator_{level}")
                left, right = (self.sample(chooser, rng, level + 1) for _ in range(2))
                return f"({left} {operator} {right})"
