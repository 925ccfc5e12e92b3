"""audit: attack a text reward or verifier, before a policy does."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ...core.algebra import Reward, Scope
from ...core.errors import BadInput
from ...core.node import walk
from ...core.term import Term
from ..check.finding import Finding, Level
from . import catalogue
from .attack import Attack, Relation
from .conduct import conduct, latency
from .example import FORMS, Example, batch_of, best_form, in_form
from .grading import FLOOR, Grades, grade
from .isolate import Grader, Isolated
from .verdict import Result, findings_of, result_of

_ORDER = (Level.ERROR, Level.WARNING, Level.NOTE)
_FORM_ROWS = 6


@dataclass(frozen=True)
class Audit:
    r"""How a grader is audited.

    Args:
        form: how the oracle says its answer: a name in ``FORMS``, a text with ``{}`` for the answer, ``as
        given``
            (the examples say it themselves), or ``auto``: as given where that is more than the bare answer,
            else the form in which right answers earn most.
        attacks: those to try; all if None.
        same: names of declared relations that must hold: ``case``, ``notation``, ``full stop``.
        allow: ``{code: reason}``: findings that are no fault of this grader.
        deadline: seconds after which a call is ended; where a term has a ``timeout`` of its own, at least that.
        slow: seconds for one completion that are too many.
        seed: of everything that is drawn.
    """

    form: str = "auto"
    attacks: tuple[Attack, ...] | None = None
    same: tuple[str, ...] = ()
    allow: Mapping[str, str] = field(default_factory=dict[str, str])
    deadline: float = 5.0
    slow: float = 1.0
    seed: int = 0

    def __post_init__(self) -> None:
        names = [each.name for each in catalogue.relations() if each.declared]
        if unknown := sorted(set(self.same) - set(names)):
            raise BadInput("same", ", ".join(unknown), ", ".join(names))
        known = catalogue.codes()
        if unknown := sorted(set(self.allow) - set(known)):
            raise BadInput("allow", ", ".join(unknown), f"codes of the audit: {', '.join(known)}")
        if any(not reason.strip() for reason in self.allow.values()):
            raise BadInput("allow", "a code without a reason", "CODE=REASON")
        if not 0 < self.deadline < math.inf:
            raise BadInput("deadline", self.deadline, "seconds, more than 0")


@dataclass(frozen=True)
class AuditReport:
    """What was found, worst first.

    Args:
        subject: what was audited, as text.
        form: how the oracle said its answer.
        rows: how many examples.
        oracle: mean score of the right answers that have one; NaN where none has.
        results: one for each attack and relation.
        findings: worst first.
        allowed: findings that were declared to be no fault, with the reason.
        times: ``p50``, ``p99`` and ``max`` of a call in seconds, and the number of ``calls``.
        seconds: wall time.
        seed: of what was drawn.
    """

    subject: str
    form: str
    rows: int
    oracle: float
    results: tuple[Result, ...]
    findings: tuple[Finding, ...]
    allowed: tuple[tuple[Finding, str], ...]
    times: Mapping[str, float]
    seconds: float
    seed: int = 0

    @property
    def errors(self) -> int:
        """How many findings are errors."""
        return sum(finding.severity is Level.ERROR for finding in self.findings)

    @property
    def codes(self) -> frozenset[str]:
        """The codes that were found, notes left out."""
        return frozenset(each.code.code for each in self.findings if each.severity is not Level.NOTE)

    def record(self) -> dict[str, Any]:
        """As ``--json`` prints it, and as ``report`` draws it."""
        return {
            "subject": self.subject,
            "form": self.form,
            "rows": self.rows,
            "oracle": None if math.isnan(self.oracle) else round(self.oracle, 6),
            "errors": self.errors,
            "findings": [finding.record() for finding in self.findings],
            "allowed": [finding.record() | {"reason": reason} for finding, reason in self.allowed],
            "attacks": [each.record() for each in self.results],
            "times": {name: round(value, 6) for name, value in self.times.items()},
            "seconds": round(self.seconds, 2),
            "seed": self.seed,
        }


def audit(
    grader: Reward | Grader,
    examples: Sequence[Example],
    how: Audit | None = None,
    *,
    subject: str = "",
    progress: Callable[[str], None] | None = None,
) -> AuditReport:
    r"""Attack a text reward or verifier with wrong completions, and see what they earn.

    What a completion earns is set against the right answer of its row: (score - floor) / (oracle - floor),
    where the floor is the lowest score of junk and of other rows' answers.  An attack is an error where the
    share of rows that earn at least 0.9 has a Wilson interval (95 %) above 5 %, a warning where this holds
    for 0.1, and a note where any row earns 0.1.

    Args:
        grader: a reward over ``prompt``, ``completion``, ``reference`` and other fields, or a function from
            such a batch to one number for each completion (NaN or None: no verdict).  It runs in processes of
            its own.
        examples: rows, from ``examples_of``.
        how: options; see ``Audit``.
        subject: what it is called; the text of the reward if empty.
        progress: called with what is done next.

    Raises:
        BadInput: there is no example, or the reward compares completions (scope GROUP).

    Example:
        >>> from rewardsmith.measure.audit import arithmetic
        >>> def hackable(batch):
        ...     return [float(a in str(c)) for a, c in zip(batch["reference"], batch["completion"])]
        >>> found = audit(hackable, arithmetic())
        >>> found.errors > 0, "A121" in found.codes
        (True, True)
    """
    start = time.perf_counter()
    how = how or Audit()
    said = progress or _nothing
    _refuse(grader, examples)
    tries, floor = _tries(how)
    warm = batch_of(examples[:1], [examples[0].oracle])
    with Isolated(grader, _deadline(grader, how), warm) as worker:
        said("the form of the answer")
        form, rows = _formed(worker, examples, how.form)
        said(f"{len(tries)} attacks on {len(rows)} rows")
        grades = grade(worker, rows, (*floor, *tries), how.seed)
        results = tuple(result_of(grades, each) for each in tries)
        said("how it behaves")
        found = [*findings_of(grades, results), *conduct(worker, grades, how.slow)]
    return _report(subject or str(grader), form, grades, results, found, how, time.perf_counter() - start)


def _report(
    subject: str,
    form: str,
    grades: Grades,
    results: tuple[Result, ...],
    found: list[Finding],
    how: Audit,
    seconds: float,
) -> AuditReport:
    found.sort(key=lambda finding: (_ORDER.index(finding.severity), finding.code.code))
    scores = [one.reply.score for one in grades.oracles if math.isfinite(one.reply.score)]
    return AuditReport(
        subject,
        form,
        len(grades.examples),
        sum(scores) / len(scores) if scores else math.nan,
        results,
        tuple(each for each in found if each.code.code not in how.allow),
        tuple((each, how.allow[each.code.code]) for each in found if each.code.code in how.allow),
        latency(grades),
        seconds,
        how.seed,
    )


def _refuse(grader: Any, examples: Sequence[Example]) -> None:
    if not examples:
        raise BadInput("examples", "none", "at least one row")
    if not callable(grader):
        raise BadInput("grader", type(grader).__name__, "a reward, or a function from a batch to scores")
    if isinstance(grader, Reward) and grader.scope is Scope.GROUP:
        why = "what a completion earns depends on others by design; audit the terms in it"
        raise BadInput("reward to audit", f"{grader} of scope GROUP", "a reward of scope STEP or EPISODE", why)


def _formed(worker: Isolated, examples: Sequence[Example], form: str) -> tuple[str, tuple[Example, ...]]:
    """The form of the oracle, and the examples in it."""
    given = any(each.before or each.after for each in examples)
    if form == "as given" or (form == "auto" and given):
        return "as given", tuple(examples)
    if form != "auto":
        return form, in_form(examples, FORMS.get(form, form))

    def mean_score(rows: Sequence[Example]) -> float:
        replies = worker.each([batch_of([each], [each.oracle]) for each in rows])
        scores = [reply.score for reply in replies if math.isfinite(reply.score)]
        return sum(scores) / len(replies) if scores else -math.inf

    name = best_form(examples[:_FORM_ROWS], mean_score)
    worker.late = 0  # what a wrong form costs is no fault yet
    return name, in_form(examples, FORMS[name])


def _deadline(grader: Any, how: Audit) -> float:
    """Seconds for a call: a term that ends its own work after a time is given that time."""
    terms = [each for each in walk(grader) if isinstance(each, Term)] if isinstance(grader, Reward) else []
    own = [float(dict(each.options)["timeout"]) for each in terms if each.each]
    return max([how.deadline, *(1.0 + seconds for seconds in own)])


def _tries(how: Audit) -> tuple[tuple[Attack | Relation, ...], tuple[Attack, ...]]:
    """What is reported, and the attacks that are needed for the floor besides."""
    attacks = catalogue.attacks() if how.attacks is None else how.attacks
    relations = [each for each in catalogue.relations() if not each.declared or each.name in how.same]
    floor = tuple(each for each in catalogue.attacks() if each.name in FLOOR and each not in attacks)
    return (*attacks, *relations), floor


def _nothing(_: str) -> None:
    return None
