"""``rewardsmith explain``: what a finding means, why it matters and what usually fixes it."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..core.errors import BadInput
from .output import row, say, say_json, table
from .runs import Json
from .transforms import wrapped

if TYPE_CHECKING:
    from ..measure.check import Code

NAME = "explain"
HELP = "Explain a finding of check or audit, or list them all."


def command(
    code: Annotated[str | None, typer.Argument(help="A code such as R204 [default: list them all].")] = None,
    json: Json = False,
) -> None:
    """Run the verb."""
    from ..measure.audit import codes as audit_codes
    from ..measure.check import codes

    known = {**audit_codes(), **codes()}
    if code is None:
        if json:
            say_json([_record(each) for each in known.values()])
            return
        say(table(("code", "level", "", "why"), [_row(each) for each in known.values()]))
        return
    found = known.get(code.strip().upper())
    if found is None:
        close = difflib.get_close_matches(code.strip().upper(), known, n=3, cutoff=0.5)
        why = f"did you mean {' or '.join(close)}?" if close else "`rewardsmith explain` lists them"
        raise BadInput("code", repr(code), f"{len(known)} codes such as {', '.join(list(known)[-3:])}", why)
    say_json(_record(found)) if json else _show(found)


def _row(code: Code) -> tuple[str, ...]:
    return code.code, str(code.level), code.title, code.why


def _record(code: Code) -> dict[str, Any]:
    from dataclasses import asdict

    return asdict(code)


def _show(code: Code) -> None:
    say(f"{code.code} {code.title} ({code.level})")
    say()
    parts = {"why": code.why, "what to do": code.fix, "measured": code.how, "source": code.source}
    for label, text in parts.items():
        if text:
            say(row(label, wrapped(text)))
    if code.example is not None:
        say()
        say(row("found in", code.example.bad.strip()))
        say(row("not in", code.example.sound.strip()))
        say(row("on the task", code.example.task))
