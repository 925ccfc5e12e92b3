"""People at the terminal: which candidate behaves best, which worst, and what is wrong with them."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass

from ..core.errors import BadInput
from ..feedback.person import Answer, Lines, Person, Question, parse_answer
from .output import tell

HELP = "best r0c1, worst r0c3, rank r0c1 r0c2, say [r0c3] it falls over; an empty line ends the answer"


@dataclass(frozen=True)
class Terminal:
    """Asks in lines: what is typed until an empty line is the answer."""

    @property
    def label(self) -> str:
        """Who answers."""
        return "terminal"

    def answer(self, question: Question, truth: Mapping[str, float]) -> Answer:
        """Show where the films are, and read lines until an empty one."""
        del truth
        tell(f"\nround {question.round + 1}: {question.task}")
        tell(f"watch: {question.page}")
        for each in question.candidates:
            tell(f"  {each.id}  {each.words or each.reward}")
        tell(f"({HELP})")
        said: dict[str, object] = {}
        while line := self._line():
            try:
                said = merged(said, line, question.ids)
                parse_answer(said, question.ids)
            except BadInput as problem:
                tell(f"  {problem}")
        return parse_answer(said, question.ids)

    @staticmethod
    def _line() -> str:
        tell("> ")
        try:
            line = sys.stdin.readline()
        except UnicodeDecodeError:
            raise BadInput("feedback", "bytes that are no text", "lines in UTF-8") from None
        if not line:  # nobody is there: to go on without an answer would look like one
            raise BadInput("feedback", "the end of the input", "an answer, or an empty line for none")
        return line.strip()


def merged(said: Mapping[str, object], line: str, ids: tuple[str, ...]) -> dict[str, object]:
    """What was said so far with one more line.

    Raises:
        BadInput: a line that is none of the four.

    Example:
        >>> merged({}, "say r0c1 it falls", ("r0c1",))
        {'words': {'r0c1': 'it falls'}}
    """
    verb, _, rest = line.partition(" ")
    words = rest.split()
    if verb in ("best", "worst") and len(words) == 1:
        checked: dict[str, object] = {**said, verb: words[0]}
    elif verb == "rank" and words:
        checked = {**said, "ranking": words}
    elif verb == "say" and words:
        name = words[0] if words[0] in ids else ""
        text = " ".join(words[1:] if name else words)
        old = said.get("words")
        checked = {**said, "words": {**(old if isinstance(old, dict) else {}), name: text}}
    else:
        raise BadInput("answer", repr(line), HELP)
    parse_answer(checked, ids)
    return checked


def person_of(feedback: str | None) -> Person | None:
    """Who answers at this terminal; None where nobody is asked or a script answers."""
    if feedback == "terminal":
        return Terminal()
    return Lines(sys.stdin, sys.stdout) if feedback == "json" else None
