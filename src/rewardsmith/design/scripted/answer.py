"""The answers of the scripted model: a function of its seed, the messages and the number of the sample."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...core.errors import BadInput
from ...program import Grammar, Program, crossover, mutate, random_program, survey
from ..candidate import Candidate, Parent
from ..propose.difference import reward_diff
from ..propose.grammar import STRUCTURE
from ..propose.observing import changed_observation
from ..propose.prompts import code_fence
from ..propose.reflection import answer as answer_to_curves
from ..source import HELPERS, Writer
from .mistakes import spoil, spoil_numbers
from .parameters import coder, descriptor
from .read import ECHO, Messages, Understood, understand

NAME = "scripted-grammar"
RECORDED = "scripted-recordings"
_THOUGHTS = (
    "I pay for the signals that the task is about, and keep the parts of one size.",
    "The reward should grow on the way to the goal. Large motions cost a little.",
    "One part leads there, the others keep the agent from doing it in a bad way.",
)


@dataclass(frozen=True)
class Script:
    """How the scripted model behaves.

    Args:
        seed: of all its answers.
        mistakes: the share of answers that cannot be used, so that repairs are exercised.
        recordings: content key -> reply; with recordings nothing else is answered.
        busy: how often each request is answered with 429 and 500, in turn, before it is served.
        seconds: how long each answer takes.
        formats: whether ``response_format`` is understood, or refused with 400.
    """

    seed: int = 0
    mistakes: float = 0.0
    recordings: Mapping[str, str] | None = None
    busy: int = 0
    seconds: float = 0.0
    formats: bool = True

    def __post_init__(self) -> None:
        if not 0.0 <= self.mistakes <= 1.0:
            raise BadInput("mistakes", self.mistakes, "0 to 1, a share of the answers")
        if self.busy < 0 or not 0.0 <= self.seconds < 3600.0:
            raise BadInput("Script", f"busy {self.busy}, seconds {self.seconds}", "0 or more")

    @property
    def model(self) -> str:
        """The name that it gives itself."""
        return NAME if self.recordings is None else RECORDED


def answer(script: Script, messages: Messages, sample: int = 0) -> str:
    r"""The reply to a conversation.

    Example:
        >>> text = "| x | state | 1 | m | -1 | 1 | place |"
        >>> table = "| field | kind | columns | unit | from | to | meaning |"
        >>> answer(Script(), [{"role": "user", "content": f"{table}\n{text}"}]).count("```python")
        1
    """
    spoken = json.dumps([script.seed, [dict(message) for message in messages], sample], sort_keys=True)
    digest = hashlib.sha256(spoken.encode("utf-8", "surrogatepass")).digest()
    rng = np.random.default_rng(np.frombuffer(digest, np.uint32))
    prompt = understand(messages)
    if prompt.asked == "coder" and rng.random() < script.mistakes:
        return spoil_numbers(prompt, rng)
    if prompt.asked in _ROLES:
        return _ROLES[prompt.asked](prompt, rng)
    if not prompt.fields:
        return "I am a scripted model. I write rewards for prompts that say what a reward may read."
    grammar = Grammar.from_fields(prompt.fields)
    program = _program(prompt, grammar, rng)
    code = _with_signs(program, prompt, rng) if prompt.signs else _code(program, prompt)
    if prompt.observe:
        code = f"# observe: {_observed(prompt, rng)}\n{code}"
    if rng.random() < script.mistakes:
        return spoil(code, prompt, rng)
    return dressed(code, prompt, rng)


def _program(prompt: Understood, grammar: Grammar, rng: np.random.Generator) -> Program:
    """A new program, or a change of those in the prompt."""
    shown = list(prompt.programs)
    if prompt.asked == "survey":
        return next(survey(grammar, rng))
    if not shown or prompt.asked in ("fresh", "different"):
        return random_program(grammar, rng)
    if prompt.asked == "numbers":
        return mutate(shown[0], rng, grammar, ("numbers",))
    if prompt.asked == "structure":
        return mutate(shown[0], rng, grammar, STRUCTURE)
    if prompt.asked == "crossover" and len(shown) > 1:
        return crossover(shown[0], shown[1], rng)
    # the newest of a line, the one that was trained last
    parent = shown[-1] if prompt.asked == "path" else shown[0]
    if prompt.asked == "improve" and prompt.curves:
        read = Parent(Candidate("r0c0", parent, "fresh"), dict(prompt.curves))
        return answer_to_curves(read, grammar, rng)
    return mutate(parent, rng, grammar)


def dressed(code: str, prompt: Understood, rng: np.random.Generator) -> str:
    """The code as a model would send it: in a fence or JSON, with words around it."""
    thoughts = _THOUGHTS[int(rng.integers(len(_THOUGHTS)))]
    if prompt.json:
        return json.dumps({"thoughts": thoughts, "program": code})
    fenced = code_fence(code)
    match int(rng.integers(4)):
        case 0:
            return fenced
        case 1:
            return f"{thoughts}\n\n{fenced}\n\nThe numbers can be tuned later."
        case 2:
            return f"<think>{thoughts}</think>\n{fenced}"
        case _:
            return f"{thoughts}\n\n```text\nparts -> reward\n```\n\nThe reward:\n\n{fenced}"


# ---------------------------------------------------------------------- code
def _code(program: Program, prompt: Understood) -> str:
    if prompt.python:
        return _numpy(program)
    return str(program) if prompt.names is None else prompt.names.to_names(str(program)).text


def _numpy(program: Program) -> str:
    """The program as a function in NumPy, with its own text in comments to be read back."""
    writer = Writer()
    lines = [f"def reward({', '.join(field.name for field in program.table)}):"]
    for name, expr in program.bindings:
        lines.append(f"    {name} = {writer.number(expr)}")
    lines.append("    return {")
    lines += [f'        "{name}": {writer.number(expr)},' for name, expr in program.parts]
    lines.append("    }")
    echoed = [f"{ECHO}{line}" for line in str(program).split("\n")]
    return "\n".join([*echoed, *(HELPERS[name].strip() for name in sorted(writer.helpers)), *lines])


def _with_signs(program: Program, prompt: Understood, rng: np.random.Generator) -> str:
    """The first part as ``sparse``, the last one as ``dense``."""
    del rng
    first, last = program.parts[0][1], program.parts[-1][1]
    two = Program.of((("sparse", first), ("dense", last)), program.bindings, program.table)
    return _code(two, prompt)


def _observed(prompt: Understood, rng: np.random.Generator) -> str:
    names = [field.name for field in prompt.fields if field.kind == "state"]
    names = names if prompt.names is None else [prompt.names.names[name] for name in names]
    return ", ".join(changed_observation(names, prompt.observed, rng))


# ---------------------------------------------------------------------- roles
def _critic(prompt: Understood, rng: np.random.Generator) -> str:
    del prompt
    if rng.random() < 0.2:
        return json.dumps({"fine": False, "critique": "A part may be collected without getting nearer."})
    return json.dumps({"fine": True, "critique": ""})


def _analyzer(prompt: Understood, rng: np.random.Generator) -> str:
    names = [field.name for field in prompt.fields if field.kind == "state" and not field.width] or ["it"]
    name = names[int(rng.integers(len(names)))]
    cause = f"The agent did not bring {name} where it belongs."
    return json.dumps({"cause": cause, "suggestion": f"Pay for progress of {name}."})


def _difference(prompt: Understood, rng: np.random.Generator) -> str:
    del rng
    if len(prompt.programs) != 2:
        return "The newer reward weighs its parts differently."
    newer, older = prompt.programs
    changes = reward_diff(older, newer)
    return f"The newer reward against the older: {changes}. The person may want more of {newer.names[0]}."


_ROLES: Mapping[str, Any] = {
    "critic": _critic,
    "analyzer": _analyzer,
    "difference": _difference,
    "descriptor": descriptor,
    "coder": coder,
}
