"""``rewardsmith transforms``: what can follow a reward, and what it promises."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from .output import row, say, say_json, table

NAME = "transforms"
HELP = "List transforms with scope and laws, or describe one."


def command(
    name: Annotated[str | None, typer.Argument(help="Describe this one.")] = None,
    gaps: Annotated[
        bool, typer.Option("--gaps", help="Techniques of the literature: where they are, or why not.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON as the last line.")] = False,
) -> None:
    """Run the verb."""
    from ..transforms.catalogue import catalogue, find

    if gaps:
        _gaps(json)
    elif name is not None:
        entry = find(name)
        if json:
            say_json(asdict(entry))
            return
        say(f"{entry.name}: {entry.meaning}")
        say()
        texts = {"formula": entry.formula, "laws": entry.laws, "source": entry.source}
        facts = {"kind": entry.kind, "scope": entry.scope, "reads": ", ".join(entry.fields), **texts}
        for label, text in {**facts, "example": entry.example}.items():
            say(row(label, wrapped(text or "-")))
    elif json:
        say_json([asdict(each) for each in catalogue()])
    else:
        entries = catalogue()
        say(f"{len(entries)} transforms and combinations")
        say()
        rows = [(each.name, each.scope, each.laws or "-", each.meaning) for each in entries]
        say(table(("name", "scope", "laws", "meaning"), rows))
        say()
        say("describe one: rewardsmith transforms NAME")


def _gaps(json: bool) -> None:
    from ..transforms.coverage import coverage

    found = [technique for technique, _ in coverage()]
    if json:
        say_json([asdict(each) for each in found])
        return
    names = [(each.name, ", ".join(entry.rpartition(".")[2] for entry in each.entries)) for each in found]
    say(f"{sum(bool(each.entries) for each in found)} of {len(found)} techniques are here")
    say()
    rows = [
        (name, here or f"not here: {each.refused}") for (name, here), each in zip(names, found, strict=True)
    ]
    say(table(("technique", "where"), rows))


def wrapped(text: str, width: int = 90) -> str:
    """Text in lines of at most ``width`` characters."""
    lines = [""]
    for word in text.split():
        if lines[-1] and len(lines[-1]) + len(word) >= width:
            lines.append("")
        lines[-1] += (" " if lines[-1] else "") + word
    return "\n".join(lines)
