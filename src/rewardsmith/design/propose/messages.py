"""The conversation with a language model: from an ask to messages, and from a refusal to the next one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from ...core.errors import ProgramError
from ...tasks import Task
from ..candidate import Parent
from ..method import Writing
from ..parameters import schema_of
from ..spec import Schema
from .ask import Ask
from .describe import Description, describe
from .filling import describing
from .language import language_text
from .prompts import GUARD, code_fence, load_prompt
from .reflection_text import reflection_curves, reflection_text

Message = Mapping[str, str]
_ENDINGS = {
    "failure": "It ends early where the agent fails.",
    "goal": "It ends early where the agent reaches the goal.",
    "never": "It never ends early.",
    "unknown": "It may end early.",
}
_FORMS = {"programs": "a program of the reward language", "python": "Python"}
# Operators whose prompt shows the parents; ``improve`` shows them as a conversation.
_SHOWN = ("structure", "numbers", "crossover", "different", "path")


@dataclass(frozen=True)
class Conversation:
    """Everything that stands in the prompts of one search.

    Args:
        task: its text and fields are told, its success and native reward are not.
        writing: language, description, and what is told of parents.
        structured: the reply is JSON by a schema, where the endpoint can; otherwise code in a fence.
        prompts: a folder of prompts that replace the shipped ones of the same name.
    """

    task: Task
    writing: Writing
    structured: bool = False
    prompts: str = ""

    @cached_property
    def description(self) -> Description:
        """How the environment is described."""
        return describe(self.task, self.writing.describe)

    @cached_property
    def schema(self) -> Schema:
        """What can be set, where rewards are written as parameters."""
        return schema_of(self.task)

    def system(self) -> str:
        """What is true of every request: the language, the form of a reply."""
        names = self.description.names
        language = language_text(self.writing.language, names, self.writing.compose, self.prompts)
        form = load_prompt("reply_json" if self.structured else "reply_fence", self.prompts)
        reply = form.fill(form=_FORMS[self.writing.language])
        if self.writing.observation:
            reply += "\n\n" + load_prompt("observe", self.prompts).text
        return load_prompt("system", self.prompts).fill(language=language, reply=reply, guard=GUARD)

    def about(self) -> str:
        """The task and what a reward may read there."""
        task = self.task
        return load_prompt("task", self.prompts).fill(
            task=task.text,
            fields=self.description.text,
            steps=task.horizon,
            ending=_ENDINGS[task.ending],
        )

    def messages(self, ask: Ask) -> tuple[Message, ...]:
        """What is said for an ask, so far."""
        if self.writing.language == "parameters":
            seen = self._reflection(ask.parents[0]) if ask.parents else ""
            seen = self._joined(self._history(ask), seen)
            return (_message("user", describing(self.schema, ask, self.task.text, seen, self.prompts)),)
        said = [_message("system", self.system())]
        if ask.operator == "improve":
            first = ask.parents[0]
            said.append(_message("user", f"{self.about()}\n\n{load_prompt('fresh', self.prompts).text}"))
            said.append(_message("assistant", code_fence(self.shown(first))))
            said.append(
                _message("user", self._joined(self._history(ask), self._improve(ask), self._words(ask)))
            )
        elif ask.operator in _SHOWN:
            # a line of ancestors is told in the order in which it was made
            shown = reversed(ask.parents) if ask.operator == "path" else ask.parents
            cards = "\n\n".join(self.card(parent) for parent in shown)
            user = load_prompt(ask.operator, self.prompts).fill(parents=cards)
            said.append(
                _message("user", self._joined(self.about(), self._history(ask), user, self._words(ask)))
            )
        else:
            user = load_prompt(ask.operator, self.prompts).text
            said.append(_message("user", self._joined(self.about(), user, self._words(ask))))
        return tuple(said)

    def repair(self, reply: str, code: str, error: ProgramError) -> tuple[Message, ...]:
        """The reply and why it cannot be used: code, place, and what is allowed."""
        name = "repair_numbers" if self.writing.language == "parameters" else "repair"
        user = load_prompt(name, self.prompts).fill(
            code=error.code,
            why=f"{error.message} (line {error.line}, column {error.column})",
            line=_pointed(code, error.line, error.column),
            allowed=error.allowed,
        )
        return _message("assistant", reply or "(no text)"), _message("user", user)

    # ------------------------------------------------------------------ parents
    def card(self, parent: Parent) -> str:
        """A parent: its code, what its parts paid, what is said of it."""
        parts = [f"{parent.candidate.id}:", code_fence(self.shown(parent)), self._reflection(parent)]
        return self._joined("\n".join(part for part in parts if part), self._notes(parent.notes))

    def shown(self, parent: Parent) -> str:
        """The code of a parent, in the names of the description."""
        names, code = self.description.names, str(parent.candidate.program)
        text = code if names is None else names.to_names(code).text
        seen = parent.candidate.observation if self.writing.observation else None
        if seen is None:
            return text
        spoken = seen if names is None else [names.names[name] for name in seen]
        return f"# observe: {', '.join(spoken)}\n{text}"

    def _reflection(self, parent: Parent) -> str:
        return reflection_text(parent, self.prompts) if "reflection" in self.writing.feedback else ""

    def _history(self, ask: Ask) -> str:
        """What rounds before chose: what their parts paid, and what was said of them; no code."""
        if not ask.earlier:
            return ""
        told = [
            self._joined(f"{each.candidate.id}:", reflection_curves(each), self._notes(each.notes))
            for each in ask.earlier
        ]
        return load_prompt("history", self.prompts).fill(rounds="\n\n".join(told))

    def _improve(self, ask: Ask) -> str:
        first, *others = ask.parents
        seen = self._reflection(first) or "Nothing is known of it but that it was among the best so far."
        said = [load_prompt("improve", self.prompts).fill(reflection=seen)]
        if first.notes:
            said.insert(0, self._notes(first.notes))
        if others:
            cards = "\n\n".join(self.card(parent) for parent in others)
            said.insert(0, load_prompt("others", self.prompts).fill(parents=cards))
        return self._joined(*said)

    def _words(self, ask: Ask) -> str:
        return self._notes(ask.notes)

    def _notes(self, notes: tuple[str, ...]) -> str:
        return load_prompt("notes", self.prompts).fill(notes="\n".join(notes)) if notes else ""

    @staticmethod
    def _joined(*parts: str) -> str:
        return "\n\n".join(part for part in parts if part)


def _message(role: str, content: str) -> Message:
    return {"role": role, "content": content}


def _pointed(code: str, line: int, column: int) -> str:
    """The line of a refusal with a mark below its place, in a fence."""
    lines = code.split("\n")
    if not code or not 1 <= line <= len(lines):
        return ""
    return code_fence(f"{lines[line - 1]}\n{' ' * (column - 1)}^")
