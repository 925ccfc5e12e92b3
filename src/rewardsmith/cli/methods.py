"""``rewardsmith methods``: the ways to search for a reward."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from .output import say, say_json, table

NAME = "methods"
HELP = "List the ways to search for a reward."


def command(json: Annotated[bool, typer.Option("--json", help="Print JSON as the last line.")] = False) -> None:
    """Run the verb."""
    from ..design.method import DEFAULT, METHODS

    if json:
        say_json([{**asdict(method), "default": method.name == DEFAULT} for method in METHODS.values()])
        return
    rows = [
        (f"{name} (default)" if name == DEFAULT else name, str(method.rounds), method.meaning)
        for name, method in METHODS.items()
    ]
    say(table(("method", "rounds", "what it does"), rows))
