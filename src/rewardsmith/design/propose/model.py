"""ModelWriter: programs written by a language model, with every refusal answered until they can be used."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from ...core.arrays import Batch, to_numpy
from ...core.endpoint import Budget, BudgetSpent, Endpoint, Reply, Request
from ...core.errors import NonFiniteError, ProgramError
from ...program import parse
from ...program.codes import refuse
from ...tasks import Task
from ..candidate import identity
from ..method import Writing
from ..parameters import program_of
from ..screen.refusal import Refusal
from .ask import Ask, Draft
from .filling import JSON, NOTHING, coding, filled_in
from .ledger import Ledger, ask_counted
from .messages import Conversation, Message
from .numbers import exact
from .prompts import digests
from .reply import ENTRY, extract, no_code
from .roles import Roles

_log = logging.getLogger("rewardsmith.design")
_SAMPLES = 2**31
_OBSERVE = re.compile(r"(?m)^[ \t]*#[ \t]*observe:(.*)$")
_SCHEMA = {
    "type": "json_schema",
    "json_schema": {
        "name": "reward",
        "strict": True,
        "schema": {
            "type": "object",
            "properties": {"thoughts": {"type": "string"}, "program": {"type": "string"}},
            "required": ["thoughts", "program"],
            "additionalProperties": False,
        },
    },
}


@dataclass(frozen=True)
class Answer:
    """A draft in the making: the conversation so far and what came of it.

    Args:
        described: what the descriptor said, where parameters are set; the conversation is the coder's then.
    """

    ask: Ask
    sample: int
    messages: tuple[Message, ...]
    program: Any = None
    text: str = ""
    refusal: Refusal | None = None
    observation: tuple[str, ...] | None = None
    described: str = ""

    def draft(self) -> Draft:
        """As strategies and screens see it."""
        refusal = None if self.program is not None else self.refusal
        return Draft(self.program, self.ask, refusal, self.text, observation=self.observation)


@dataclass(frozen=True)
class ModelWriter:
    """A writer of rewards that asks a language model.

    All asks of a round are sent at the same time.  A reply that cannot be used goes back to the model with the
    code of the refusal, its line and column, and what is allowed, at most ``writing.repairs`` times.  The
    result is a function of the configuration and the replies, and replies are kept on disk.

    Where parameters are written, one call describes what shall be done and a second one, which knows only the
    description, sets the numbers.  What it does not mention stays as the first parent has it.

    Args:
        endpoint: the model; its temperature gives way to that of ``writing``.
        task: what is told of it are its text and fields, never success or the native reward.
        writing: language, description of the environment, repairs, critic.
        budget: calls, tokens and money that may be used.
        structured: ask for JSON by a schema where the endpoint can; code survives better in a fence.
        prompts: a folder of prompts that replace the shipped ones of the same name.
        steps: recorded steps; a reward that fails there is refused like one that does not parse.
        ledger: what was used.

    Source: Ma et al., "Eureka", ICLR 2024, arXiv:2310.12931; Xie et al., "Text2Reward", ICLR 2024,
    arXiv:2309.11489 (errors go back to the model).
    Differs from the papers: a reply is repaired instead of sampled again; the entry point is found by its name
    and helper functions are kept; every candidate carries its own id.
    """

    endpoint: Endpoint
    task: Task
    writing: Writing = field(default_factory=Writing)
    budget: Budget = field(default_factory=Budget)
    structured: bool = False
    prompts: str = ""
    steps: Batch | None = field(default=None, compare=False)
    ledger: Ledger = field(default_factory=Ledger, compare=False)

    @property
    def label(self) -> str:
        """Who writes: the model, by the name that it gives itself where that differs."""
        said = sorted(self.ledger.models - {self.endpoint.model})
        return f"{self.endpoint.model} ({', '.join(said)})" if said else self.endpoint.model

    @cached_property
    def conversation(self) -> Conversation:
        """What stands in the prompts."""
        return Conversation(self.task, self.writing, self.structured, self.prompts)

    @cached_property
    def model(self) -> Endpoint:
        """The endpoint, sampled as the method wants."""
        return replace(self.endpoint, temperature=self.writing.temperature)

    @property
    def roles(self) -> Roles:
        """The same model in its other roles, on the same budget."""
        return Roles(self.model, self.conversation, self.budget, self.ledger)

    def start(self) -> Any:
        return ()

    def learn(self, state: Any, drafts: Sequence[Draft], scores: Sequence[float | None]) -> Any:
        del drafts, scores
        return state

    def record(self) -> dict[str, Any]:
        """What identifies the writer in a run: model, sampling, prompts with their hashes; not the address."""
        end = self.model
        named = ("model", "revision", "temperature", "max_tokens", "seed")
        return {
            **{name: getattr(end, name) for name in named},
            "structured": self.structured,
            "prices": [end.price_in, end.price_out],
            "prompts": digests(self.prompts),
        }

    def prompts_record(self) -> dict[str, Any]:
        """What every fresh program is asked for with, word by word, and the version of every prompt."""
        messages = [dict(message) for message in self.conversation.messages(Ask("fresh"))]
        return {"messages": messages, "versions": digests(self.prompts)}

    def spent(self) -> dict[str, Any]:
        """What was used so far: replies, tokens, money, repairs."""
        used = self.ledger.used
        return {
            "replies": used.calls + used.cached,
            "prompt_tokens": used.prompt_tokens,
            "completion_tokens": used.completion_tokens,
            "money": used.money,
            "repairs": self.ledger.repairs,
        }

    # ------------------------------------------------------------------ writing
    def write(
        self, state: Any, asks: Sequence[Ask], known: frozenset[str], rng: np.random.Generator
    ) -> list[Draft]:
        """One draft for each ask, in order; none any more where the budget is used up.

        Raises:
            EndpointError: the endpoint refuses, or leaves a request without an answer after all retries; what
                came is kept, and the same call goes on from there.
        """
        del state
        seen = set(known)
        answers = [_settled(answer, seen) for answer in self._begun(asks, rng)]
        if self.writing.language == "parameters" and not self._describe(answers):
            return [answer.draft() for answer in answers if answer.program is not None]
        for attempt in range(self.writing.repairs + 1):
            left = [i for i, answer in enumerate(answers) if answer.program is None and answer.messages]
            try:
                replies = self._ask([answers[i] for i in left])
            except BudgetSpent as spent:
                if attempt == 0 and not spent.replies:
                    _log.warning("%s", spent)
                    return [answer.draft() for answer in answers if answer.program is not None]
                replies = [reply for reply in spent.replies if reply is not None]
            self.ledger.repairs += len(replies) if attempt else 0
            for i, reply in zip(left, replies, strict=False):
                answers[i] = self._read(answers[i], reply, seen)
            for i in left[len(replies) :]:
                answers[i] = _unasked(answers[i])
            self._judge(answers, left[: len(replies)], seen)
            if len(replies) < len(left):
                break
        return [answer.draft() for answer in answers]

    def requests(self, asks: Sequence[Ask], rng: np.random.Generator) -> list[Request]:
        """The first requests that ``write`` would send."""
        return [self._request(each) for each in self._begun(asks, rng) if each.program is None]

    def _begun(self, asks: Sequence[Ask], rng: np.random.Generator) -> list[Answer]:
        base = int(rng.integers(_SAMPLES))
        begun: list[Answer] = []
        for i, ask in enumerate(asks):
            sample = (base + i) % _SAMPLES
            if ask.numbers:  # exact numbers for the parent: no model is needed
                observation = ask.parents[0].candidate.observation
                begun.append(Answer(ask, sample, (), self._exactly(ask), observation=observation))
            else:
                begun.append(Answer(ask, sample, self.conversation.messages(ask)))
        return begun

    def _exactly(self, ask: Ask) -> Any:
        if self.writing.language == "parameters":
            return program_of(exact(self.conversation.schema, ask), self.task)
        return ask.parents[0].candidate.program.with_numbers(dict(ask.numbers))

    def _describe(self, answers: list[Answer]) -> bool:
        """Let the descriptor speak, and begin the coder's conversations; False where the budget has nothing."""
        left = [i for i, answer in enumerate(answers) if answer.program is None and answer.messages]
        try:
            replies = self._ask([answers[i] for i in left])
        except BudgetSpent as spent:
            replies = [reply for reply in spent.replies if reply is not None]
            if not replies:
                _log.warning("%s", spent)
                return False
        slots = self.conversation.schema.slots()
        for i, reply in zip(left, replies, strict=False):
            said = reply.text.strip() or NOTHING
            content = coding(slots, said, self.prompts)
            answers[i] = replace(answers[i], messages=({"role": "user", "content": content},), described=said)
        for i in left[len(replies) :]:
            answers[i] = replace(_unasked(answers[i]), messages=())
        return True

    def _request(self, answer: Answer) -> Request:
        if self.writing.language == "parameters":
            return Request(answer.messages, answer.sample, JSON if answer.described else None)
        return Request(answer.messages, answer.sample, _SCHEMA if self.structured else None)

    def _ask(self, answers: Sequence[Answer]) -> list[Reply]:
        return ask_counted(self.model, [self._request(each) for each in answers], self.budget, self.ledger)

    def _read(self, answer: Answer, reply: Reply, seen: set[str]) -> Answer:
        """The answer after a reply: a program, or one more turn of the conversation."""
        code = ""
        try:
            if reply.trouble:
                raise no_code(_TROUBLES.get(reply.trouble, f"no text ({reply.trouble})"))
            if answer.described:
                program, observation = self._filled(answer, reply.text), None
            else:
                code = extract(reply.text).code
                program, observation = self._program(code), self._observed(code)
            if identity(program, observation) in seen:
                raise ProgramError("E_KNOWN", "a reward that was proposed before", "another reward")
        except ProgramError as error:
            said = self.conversation.repair(reply.text, code, error)
            refusal = Refusal(error.code, f"{error.message} at {error.line}:{error.column}")
            return replace(answer, messages=(*answer.messages, *said), text=reply.text, refusal=refusal)
        seen.add(identity(program, observation))
        text = f"{answer.described}\n\n{reply.text}" if answer.described else reply.text
        return replace(answer, program=program, text=text, observation=observation)

    def _filled(self, answer: Answer, reply: str) -> Any:
        program = filled_in(reply, self.conversation.schema, answer.ask, self.task)
        if self.steps is not None:
            _require_finite(program, self.steps)
        return program

    def _program(self, code: str) -> Any:
        """The reward in some code, in the names of the fields.

        Raises:
            ProgramError: what is wrong, at its place in the code as the model wrote it.
        """
        names = self.conversation.description.names
        renamed = None if names is None else names.to_fields(code)
        try:
            program = _LANGUAGES[self.writing.language](code if renamed is None else renamed.text, self.task)
            if self.steps is not None:
                _require_finite(program, self.steps)
        except ProgramError as error:
            if renamed is None:
                raise
            line, column = renamed.place(error.line, error.column)
            raise ProgramError(error.code, error.message, error.allowed, line, column) from None
        if self.writing.compose == "signs" and set(program.names) != {"sparse", "dense"}:
            wanted = 'return {"sparse": ..., "dense": ...}'
            raise ProgramError("E_RETURN", f"the parts {', '.join(program.names)}", wanted)
        return program

    def _observed(self, code: str) -> tuple[str, ...] | None:
        """The fields that the agent shall see, from the comment that names them."""
        match = _OBSERVE.search(code) if self.writing.observation else None
        if match is None:
            return None
        names = self.conversation.description.names
        fields = {} if names is None else {spoken: name for name, spoken in names.names.items()}
        wanted = [fields.get(name, name) for name in re.split(r"[,\s]+", match[1].strip()) if name]
        states = [f.name for f in self.task.fields if f.kind == "state"]
        wrong = [name for name in wanted if name not in states]
        if wrong or not wanted:
            line = code.count("\n", 0, match.start()) + 1
            what = f"no field {wrong[0]!r} to observe" if wrong else "no field to observe"
            raise ProgramError("E_NAME", what, ", ".join(states), line)
        return tuple(dict.fromkeys(wanted))

    def _judge(self, answers: list[Answer], which: Sequence[int], seen: set[str]) -> None:
        """Let the critic read what parsed; what it objects to goes back to the model."""
        read = [i for i in which if answers[i].program is not None] if self.writing.critic else []
        if not read:
            return
        pairs = [(answers[i].program, extract(answers[i].text).words, answers[i].sample) for i in read]
        for i, critique in zip(read, self.roles.critic(pairs), strict=True):
            if critique:
                seen.discard(identity(answers[i].program, answers[i].observation))
                error = ProgramError("E_CRITIC", critique, "a reward that the critic has nothing against")
                code = extract(answers[i].text).code
                said = self.conversation.repair(answers[i].text, code, error)
                messages = (*answers[i].messages, *said)
                refusal = Refusal("E_CRITIC", critique)
                answers[i] = replace(answers[i], program=None, messages=messages, refusal=refusal)


def _settled(answer: Answer, seen: set[str]) -> Answer:
    """An answer that needs no model: it must be new, like all others."""
    if answer.program is None:
        return answer
    new = identity(answer.program, answer.observation)
    if new in seen:
        return replace(answer, program=None, refusal=Refusal("E_KNOWN", "a reward that was proposed before"))
    seen.add(new)
    return answer


def _unasked(answer: Answer) -> Answer:
    refusal = answer.refusal or Refusal("E_BUDGET", "the budget of the language model is used up")
    return replace(answer, refusal=refusal)


def _read_python(code: str, task: Task) -> Any:
    # Imported here, because isolation costs a search of the reward language nothing.
    from ...sandbox import parse_python

    return parse_python(code, task, ENTRY)


def _require_finite(program: Any, steps: Batch) -> None:
    """Run a reward; a sandbox that is not there is an error of this machine, not of the reply.

    Raises:
        ProgramError: what the code does, or E_NONFINITE.
    """
    try:
        values = np.asarray(to_numpy(program(steps)), float)
    except NonFiniteError as error:
        raise refuse("E_NONFINITE", str(error)) from None
    missing = int(np.sum(~np.isfinite(values)))
    if missing:
        raise refuse("E_NONFINITE", f"not finite at {missing} of {len(values)} steps")


_TROUBLES = {
    "length": "a reply that was cut off before its end; be shorter",
    "content_filter": "a reply that the endpoint filtered",
    "refusal": "a refusal to write",
    "empty": "an empty reply",
}
_LANGUAGES: Mapping[str, Callable[[str, Task], Any]] = {"programs": parse, "python": _read_python}
