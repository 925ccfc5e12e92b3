"""Critics as code: a language model writes programs that score recorded behaviour (R*)."""

from __future__ import annotations

from ...core.endpoint import BudgetSpent, Request
from ...core.errors import ProgramError
from ...program import Program, parse
from .language import language_text
from .ledger import ask_counted
from .model import ModelWriter
from .prompts import load_prompt
from .reply import extract


def write_critics(writer: ModelWriter, count: int) -> tuple[Program, ...]:
    """Up to ``count`` programs, one from each sample, that score every step; all are asked at the same time.

    A reply that is no program is left out; there are none where the budget of the model is used up.

    Raises:
        EndpointError: the endpoint refuses, or leaves a request without an answer after all retries.

    Source: Li et al., "R*", ICML 2025.
    Differs from the paper: programs of the reward language that score steps, not Python that compares two
    trajectories, so nothing is executed; a reply that cannot be used is not repaired.
    """
    said = critic_prompt(writer)
    requests = [Request(({"role": "user", "content": said},), sample) for sample in range(count)]
    try:
        replies = ask_counted(writer.model, requests, writer.budget, writer.ledger)
    except BudgetSpent:
        return ()
    names, found = writer.conversation.description.names, list[Program]()
    for reply in replies:
        try:
            code = extract(reply.text).code
            found.append(parse(code if names is None else names.to_fields(code).text, writer.task))
        except ProgramError:
            continue
    return tuple(found)


def critic_prompt(writer: ModelWriter) -> str:
    """What a model is told that writes a critic: the task and its fields, never success."""
    description, folder = writer.conversation.description, writer.prompts
    return load_prompt("critic_code", folder).fill(
        task=writer.task.text,
        fields=description.text,
        language=language_text("programs", description.names, "sum", folder),
        reply=load_prompt("reply_fence", folder).fill(form="a program of the reward language"),
    )
