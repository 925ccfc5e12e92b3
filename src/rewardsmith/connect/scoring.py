"""Score batches for other people's trainers, with one policy for everything that can go wrong."""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from ..core.algebra import Reward, Scope, require_scope
from ..core.arrays import Batch, is_array, to_numpy
from ..core.errors import BadInput, MissingField, RewardsmithError
from .parts import keeps_state, part_names

OnError = Literal["raise", "abstain"] | float
Columns = dict[str, list[float | None]]
_LOG = logging.getLogger("rewardsmith")
_THREAD = "rewardsmith-score"


class ScoreTimeout(RewardsmithError, TimeoutError):
    """A batch was not scored in time."""


@dataclass(frozen=True)
class Scores:
    """What a batch got.

    Args:
        total: the reward of each sample; None is 'no verdict'.
        terms: what each part contributed; the keys are always ``Scorer.parts``, also where nothing was scored.
        errors: one line for each thing that went wrong.
        state: what a reward that keeps a state wants back with the next batch.
    """

    total: list[float | None]
    terms: Columns
    errors: list[str]
    state: Any = None


@dataclass(frozen=True)
class Scorer:
    """A reward, and what happens when it cannot be had.

    The policy covers missing fields, fields or results of the wrong length, exceptions, infinities and
    timeouts.  It never covers 'no verdict': a NaN that the reward gives on purpose is None under every policy.
    An empty batch is no error; it gives empty lists.

    Where a batch raises, it is scored again in halves, so that one bad sample costs its own verdict only
    (its group's, where the reward compares groups).  Not after a timeout, a missing field or an ``OSError``
    such as a lost connection, which are no sample's fault, and not where the reward keeps a state.

    Args:
        reward: any reward; it must give one number per sample.
        on_error: ``"raise"``; ``"abstain"`` gives None; a number is given instead of the missing total
            (its parts are None).
        timeout: seconds for one batch.  The call returns in time; the thread that is late cannot be
            ended by Python and runs on, its result is thrown away, and it does not keep the process alive.
            Work that must really end belongs into a sandbox or a per-sample term with its own timeout.

    Example:
        >>> import rewardsmith as rs
        >>> @rs.term
        ... def short(completion):
        ...     return [1.0 / len(text) for text in completion]
        >>> Scorer(short).score({"completion": ["ab", "", "abcd"]}).total
        [0.5, None, 0.25]
        >>> Scorer(short, on_error=-1.0).score({"completion": ["ab", ""]}).total
        [0.5, -1.0]
    """

    reward: Reward
    on_error: OnError = "abstain"
    timeout: float | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.reward, Reward):
            raise BadInput("reward to score with", type(self.reward).__name__, "a rewardsmith reward")
        number_or(("raise", "abstain"), "on_error", self.on_error)
        if self.timeout is not None and not self.timeout > 0:
            raise BadInput("timeout", self.timeout, "seconds, more than 0, or None")

    # ------------------------------------------------------------------ at wiring time
    @property
    def parts(self) -> tuple[str, ...]:
        """The names of the parts: the keys of ``Scores.terms``, always."""
        return part_names(self.reward)

    def require(self, where: str, scope: Scope, fields: Iterable[str] | None = None) -> None:
        """Refuse, when wired, what can be known not to work there.

        Args:
            where: the place, for the message.
            scope: the most that the place can show at a time.
            fields: all fields that the place has; None where nobody knows before the first batch.

        Raises:
            ScopeError: the reward must see more at a time.
            MissingField: it reads a field that is not there.
        """
        require_scope(self.reward, scope, where)
        known = None if fields is None else sorted(fields)
        missing = [] if known is None else sorted(self.reward.fields - set(known))
        if known is not None and missing:
            raise MissingField(missing[0], f"{self.reward} in {where}", ", ".join(known))

    # ------------------------------------------------------------------ scoring
    def score(self, batch: Batch, state: Any = None) -> Scores:
        """Score a batch of samples: every field is a list or an array with one entry per sample.

        Args:
            batch: fields; single numbers (a training step, say) belong to the whole batch.
            state: ``Scores.state`` of the batch before; None begins anew.
        """
        deadline = None if self.timeout is None else time.monotonic() + self.timeout
        scores = self._score(batch, state, deadline)
        for line in scores.errors:
            _LOG.warning("%s, scoring %d samples: %s", self.reward, len(scores.total), line)
        return scores

    def _score(self, batch: Batch, state: Any, deadline: float | None) -> Scores:
        count = rows(batch)
        if count == 0:
            return Scores([], {name: [] for name in self.parts}, [], state)
        try:
            return self._evaluate(batch, count, state, deadline)
        except Exception as error:
            if self.on_error == "raise":
                raise
            common = isinstance(error, (OSError, MissingField)) or keeps_state(self.reward)
            halves = None if common else _halves(self.reward, batch, count)
            if halves is None:
                return self.fail(error, count, state)
            return _joined(count, [(at, self._score(_rows_of(batch, at), None, deadline)) for at in halves])

    def _evaluate(self, batch: Batch, count: int, state: Any, deadline: float | None) -> Scores:
        _check_lengths(batch, count)
        begun = self.reward.init(batch) if state is None else state
        shares, after = _within(deadline, lambda: self.reward.explain(batch, begun))
        terms: Columns = {name: [None] * count for name in self.parts}
        terms |= {name: _numbers(part, count, name) for name, part in shares.parts.items()}
        return Scores(_numbers(shares.total, count, self.reward), terms, [], after)

    def fail(self, error: Exception, count: int, state: Any = None) -> Scores:
        """What the policy gives to a batch that an adapter cannot hand over."""
        if self.on_error == "raise":
            raise error
        line = f"{type(error).__name__}: {' '.join(str(error).split())}"
        given = None if isinstance(self.on_error, str) else float(self.on_error)
        return Scores([given] * count, {name: [None] * count for name in self.parts}, [line], state)


def number_or(words: tuple[str, ...], what: str, value: object) -> None:
    """Refuse a policy that is neither one of the words nor a finite number."""
    number = isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
    if not number and value not in words:
        raise BadInput(what, repr(value), f"{', '.join(map(repr, words))} or a finite number")


def rows(batch: Batch) -> int:
    """How many samples a batch has: the length of ``completion``, else of its first field with a length."""
    first = [batch[name] for name in ("completion", "terminated") if name in batch]
    return next((len(value) for value in (*first, *batch.values()) if _has_rows(value)), 0)


def _has_rows(value: Any) -> bool:
    if isinstance(value, (str, bytes)) or not hasattr(value, "__len__"):
        return False
    return not is_array(value) or len(value.shape) > 0


def _check_lengths(batch: Batch, count: int) -> None:
    for name, value in batch.items():
        if isinstance(value, (str, bytes)):
            raise BadInput(f"field {name}", "one text", f"a list of {count}, one per sample")
        if _has_rows(value) and len(value) != count:
            raise BadInput(f"field {name}", f"{len(value)} entries", f"{count}, one per sample")


def _numbers(values: Any, count: int, what: object) -> list[float | None]:
    array = np.asarray(to_numpy(values), dtype=np.float64)
    if array.shape == ():
        array = np.full(count, array)
    if array.shape != (count,):
        raise BadInput(f"result of {what}", f"shape {array.shape}", f"({count},), one number per sample")
    return [None if math.isnan(value) else value for value in array.tolist()]


def _within(deadline: float | None, work: Callable[[], Any]) -> Any:
    if deadline is None:
        return work()
    done: list[Any] = []
    failed: list[BaseException] = []

    def run() -> None:
        try:
            done.append(work())
        except BaseException as error:  # handed to the caller, whatever it is
            failed.append(error)

    worker = threading.Thread(target=run, name=_THREAD, daemon=True)
    worker.start()
    worker.join(max(0.0, deadline - time.monotonic()))
    if failed:
        raise failed[0]
    if not done:
        late = sum(thread.name == _THREAD for thread in threading.enumerate())
        raise ScoreTimeout(f"not scored in time; late evaluations that still run: {late}")
    return done[0]


# ---------------------------------------------------------------------- a bad sample costs its own verdict
def _halves(reward: Reward, batch: Batch, count: int) -> list[list[int]] | None:
    """The rows of two smaller batches that can be scored apart; None where there are none."""
    if reward.scope == Scope.STEP:
        units = [[i] for i in range(count)]
    elif reward.scope == Scope.GROUP and len(batch.get("group", ())) == count:
        members: dict[Any, list[int]] = {}
        for i, group in enumerate(batch["group"]):
            members.setdefault(group.item() if is_array(group) else group, []).append(i)
        units = list(members.values())
    else:
        return None
    if len(units) < 2 or any(_has_rows(value) and len(value) != count for value in batch.values()):
        return None
    middle = len(units) // 2
    return [[i for unit in half for i in unit] for half in (units[:middle], units[middle:])]


def _rows_of(batch: Batch, at: list[int]) -> dict[str, Any]:
    def pick(value: Any) -> Any:
        if not _has_rows(value):
            return value
        return value[at] if is_array(value) else [value[i] for i in at]

    return {name: pick(value) for name, value in batch.items()}


def _joined(count: int, pieces: list[tuple[list[int], Scores]]) -> Scores:
    def whole(columns: Iterator[tuple[list[int], list[float | None]]]) -> list[float | None]:
        found: list[float | None] = [None] * count
        for at, values in columns:
            for i, value in zip(at, values, strict=True):
                found[i] = value
        return found

    names = dict.fromkeys(name for _, scores in pieces for name in scores.terms)
    terms = {name: whole((at, s.terms.get(name, [None] * len(at))) for at, s in pieces) for name in names}
    errors = dict.fromkeys(line for _, scores in pieces for line in scores.errors)
    return Scores(whole((at, s.total) for at, s in pieces), terms, list(errors))
