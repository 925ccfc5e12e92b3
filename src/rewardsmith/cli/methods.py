"""``rewardsmith methods``: the ways to search for a reward, and how two of them differ."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from .output import say, say_json, table

if TYPE_CHECKING:
    from ..design import Method

NAME = "methods"
HELP = "List the ways to search, show one, or compare two."
OPEN = "†"


def command(
    method: Annotated[str | None, typer.Argument(help="A method, or a YAML file: show every value.")] = None,
    diff: Annotated[
        tuple[str, str] | None, typer.Option("--diff", help="Two methods: show where they differ.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON as the last line.")] = False,
) -> None:
    """Run the verb."""
    from ..core.errors import BadInput
    from ..design import load_method
    from ..design import methods as shipped
    from ..design.schema import DEFAULT, flat, record_of

    if method is not None and diff is not None:
        raise BadInput("methods", f"{method} and --diff", "one of them")
    if diff is not None:
        return _differences(load_method(diff[0]), load_method(diff[1]), json)
    if method is not None:
        chosen = load_method(method)
        return say_json(record_of(chosen)) if json else _one(chosen, flat(chosen))
    every = shipped()
    if json:
        return say_json([{**record_of(m), "default": m.name == DEFAULT} for m in every.values()])
    rows = [
        (f"{m.name} (default)" if m.name == DEFAULT else m.name, f"{m.candidates} x {m.rounds}", m.meaning)
        for m in every.values()
    ]
    say(table(("method", "published", "what it does"), rows))
    return None


def _one(method: Method, values: dict[str, str]) -> None:
    say(f"{method.name}: {method.meaning}")
    if method.source:
        say(f"source: {method.source}")
    shown = {key: value for key, value in values.items() if key not in ("name", "meaning", "source")}
    rows = [(f"{key} {OPEN}" if key in method.open else key, value) for key, value in shown.items()]
    say(table(("key", "value"), rows))
    for key, why in method.open.items():
        say(f"{OPEN} {key}: {why}")


def _differences(a: Method, b: Method, json: bool) -> None:
    from ..design.schema import flat

    left, right = flat(a), flat(b)
    keys = [key for key in dict.fromkeys((*left, *right)) if left.get(key) != right.get(key)]
    keys = [key for key in keys if key not in ("name", "meaning", "source")]
    if json:
        return say_json({key: [left.get(key), right.get(key)] for key in keys})
    rows = [(key, _marked(a, key, left), _marked(b, key, right)) for key in keys]
    say(table(("key", a.name, b.name), rows))
    if any(key in a.open or key in b.open for key in keys):
        say(f"{OPEN} the paper leaves it open: rewardsmith methods NAME says what was chosen and why")
    return None


def _marked(method: Method, key: str, values: dict[str, str]) -> str:
    value = values.get(key, "-")
    return f"{value} {OPEN}" if key in method.open else value
