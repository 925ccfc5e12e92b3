"""``rewardsmith systems``: the published systems, and whether their claims hold here."""

from __future__ import annotations

from collections import Counter
from typing import Annotated

import typer

from .output import say, say_json, table

NAME = "systems"
HELP = "List published systems and whether they hold."
WORDS = {"holds": "hold", "refuted": "refuted here", "partial": "partial", "untested": "untested"}


def command(
    family: Annotated[str | None, typer.Option("--family", help="Only those of one family.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON as the last line.")] = False,
) -> None:
    """Run the verb."""
    from ..zoo import systems

    found = systems(family)
    if json:
        say_json([{"slug": s.slug, "family": s.family, "title": s.title, "status": s.status} for s in found])
        return
    counts = Counter(system.status for system in found)
    shares = [f"{counts[status]} {words}" for status, words in WORDS.items() if counts[status]]
    say(" · ".join([f"{len(found)} published system{'' if len(found) == 1 else 's'}", *shares]))
    if found:
        say()
        say(
            table(
                ("system", "family", "status", "title"), [(s.slug, s.family, s.status, s.title) for s in found]
            )
        )
        say()
        say("run one claim again: rewardsmith reproduce SYSTEM")
