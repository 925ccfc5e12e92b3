"""``rewardsmith reproduce``: run the claim of a published system again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from .output import duration, row, say, say_json, table, tell

if TYPE_CHECKING:
    from ..zoo import Result

NAME = "reproduce"
HELP = "Run the claim of a published system again."


def command(
    slug: Annotated[str, typer.Argument(help="A system, as `rewardsmith systems` lists it.")],
    full: Annotated[bool, typer.Option("--full", help="The larger experiment.")] = False,
    record: Annotated[
        bool, typer.Option("--record", help="Store the figures beside the recipe (for its maintainers).")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON as the last line.")] = False,
) -> None:
    """Run the verb."""
    from .. import zoo

    title = next((s.title for s in zoo.systems() if s.slug == slug.replace("_", "-").lower()), "")
    if title:
        tell(row(slug, title))
    result = zoo.reproduce(slug, full=full)
    if record:
        tell(row("recorded", str(zoo.record(result))))
    if json:
        say_json(result.to_dict())
    else:
        _show(result)


def _show(result: Result) -> None:
    checks: dict[str, dict[str, Any]] = result.figures["checks"]
    rows = [
        (name, str(check["kind"]), str(check["outcome"]), _numbers(check)) for name, check in checks.items()
    ]
    say(table(("check", "kind", "outcome", "figures"), rows))
    seeds = f"{len(result.seeds)} seeds" if len(result.seeds) != 1 else "1 seed"
    say()
    say(row(result.status, f"{seeds}, {duration(result.wall_s)}"))
    if result.missing:
        say(row("missing", result.missing))


def _numbers(check: dict[str, Any]) -> str:
    return ", ".join(
        f"{name.replace('_', ' ')} {value:.4g}"
        for name, value in check.items()
        if isinstance(value, (int, float)) and not isinstance(value, bool)
    )
