r"""Examples: what a grader is audited on, and the form in which a right answer is said."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ...core.errors import BadInput

MOST_OTHERS = 4
# How completions say their answer; ``{}`` is its place.  Tried in this order.
FORMS: dict[str, str] = {
    "bare": "{}",
    "boxed": r"\boxed{{}}",
    "tags": "<answer>{}</answer>",
    "hashes": "#### {}",
    "sentence": "The answer is {}.",
    "thought": "<think>I work it out.</think>\n{}",
    "thought, boxed": "<think>I work it out.</think>\n" + r"\boxed{{}}",
    "thought, tags": "<think>I work it out.</think>\n<answer>{}</answer>",
}


@dataclass(frozen=True)
class Example:
    """One row of data: a prompt, its right answer, and how a completion says it.

    Args:
        prompt: what was asked.
        answer: the right answer, bare.
        before, after: what stands around the answer in a completion that deserves full marks.
        others: wrong answers, usually those of other rows.
        columns: the fields that the grader reads besides prompt and completion.

    Example:
        >>> one = Example("2 + 2?", "4", before="It is ", after=".")
        >>> one.oracle, one.said("5")
        ('It is 4.', 'It is 5.')
    """

    prompt: str
    answer: str
    before: str = ""
    after: str = ""
    others: tuple[str, ...] = ()
    columns: Mapping[str, Any] = field(default_factory=dict[str, Any])

    @property
    def oracle(self) -> str:
        """The completion that deserves full marks."""
        return self.said(self.answer)

    def said(self, answer: str) -> str:
        """The oracle's completion with another answer in its place."""
        return f"{self.before}{answer}{self.after}"

    def wrong(self, answer: str) -> bool:
        """Whether a text surely differs from the answer, as text and as a number (decimals: by 0.1 %)."""
        ours, theirs = _plain(answer), _plain(self.answer)
        if ours == theirs or _words(ours) == _words(theirs):
            return False
        try:
            near = 1e-3 if "." in ours + theirs else 0.0
            return not math.isclose(float(ours), float(theirs), rel_tol=near)
        except ValueError:
            return True


def in_form(examples: Iterable[Example], form: str) -> tuple[Example, ...]:
    r"""The same examples, their answers said in a form: a text with ``{}`` where the answer stands.

    Example:
        >>> in_form([Example("", "4")], r"\boxed{{}}")[0].oracle
        '\\boxed{4}'
    """
    before, place, after = form.partition("{}")
    if not place:
        raise BadInput("form", repr(form), "a text with {} where the answer stands")
    return tuple(replace(each, before=before, after=after) for each in examples)


def as_completed(example: Example, completion: str) -> Example | None:
    """The example whose oracle is a given completion; None where the answer does not stand in it.

    Example:
        >>> as_completed(Example("", "4"), "2 + 2 = 4, so <b>4</b>").before
        '2 + 2 = 4, so <b>'
    """
    found = list(re.finditer(rf"(?<!\w){re.escape(example.answer)}(?!\w)", completion))
    if not example.answer or not found:
        return None
    last = found[-1]
    return replace(example, before=completion[: last.start()], after=completion[last.end() :])


def examples_of(
    prompts: Sequence[str],
    answers: Sequence[str],
    columns: Mapping[str, Sequence[Any]] | None = None,
) -> tuple[Example, ...]:
    """Examples from columns of a data set; the answers of other rows are each one's wrong answers.

    Example:
        >>> examples_of(["1 + 1", "2 + 2"], ["2", "4"])[0].others
        ('4',)
    """
    given = {name: list(values) for name, values in (columns or {}).items()}
    sizes = {"prompts": len(prompts), "answers": len(answers)} | {k: len(v) for k, v in given.items()}
    if len(set(sizes.values())) > 1:
        raise BadInput("examples", ", ".join(f"{k}: {n}" for k, n in sizes.items()), "columns of one length")
    if not prompts:
        raise BadInput("examples", "none", "at least one row")
    rows: list[Example] = []
    for i, (prompt, answer) in enumerate(zip(prompts, answers, strict=True)):
        one = Example(prompt, answer, columns={name: values[i] for name, values in given.items()})
        later = [*answers[i + 1 :], *answers[:i]]
        others = tuple(dict.fromkeys(each for each in later if each and one.wrong(each)))[:MOST_OTHERS]
        rows.append(replace(one, others=others))
    return tuple(rows)


def arithmetic(count: int = 12, seed: int = 0) -> tuple[Example, ...]:
    """Sums of two numbers: rows for a grader that came without data.

    Example:
        >>> arithmetic(1)[0].prompt
        'What is 865 + 673?'
    """
    numbers = np.random.default_rng(seed).integers(100, 1000, (count, 2))
    prompts = [f"What is {a} + {b}?" for a, b in numbers]
    return examples_of(prompts, [str(a + b) for a, b in numbers])


def batch_of(examples: Sequence[Example], completions: Sequence[str | None]) -> dict[str, Any]:
    """The batch that a grader gets: ``prompt``, ``completion``, ``reference`` and the other columns.

    ``reference`` is the column of that name, else the answer.  Columns of numbers are arrays.
    """
    names = dict.fromkeys(name for each in examples for name in each.columns)
    columns = {name: _column([each.columns.get(name) for each in examples]) for name in names}
    ones = np.ones(len(examples), bool)
    return {
        "terminated": ones,
        "first": ones,
        "reference": [each.answer for each in examples],
        **columns,
        "prompt": [each.prompt for each in examples],
        "completion": list(completions),
    }


def best_form(examples: Sequence[Example], mean_score: Callable[[Sequence[Example]], float]) -> str:
    """The name of the form in which the right answers earn most; the first of equals.

    Args:
        mean_score: of the oracles of examples.
    """
    scores = {name: mean_score(in_form(examples, form)) for name, form in FORMS.items()}
    return max(scores, key=lambda name: (scores[name], -list(FORMS).index(name)))


def _column(values: list[Any]) -> Any:
    kinds = {type(value) for value in values}
    return np.asarray(values) if (kinds and kinds <= {int, float}) or kinds == {bool} else values


def _plain(text: str) -> str:
    return text.strip().strip("$.").replace(",", "").casefold()


def _words(text: str) -> list[str]:
    return sorted(re.findall(r"[^\s;|]+", text))
