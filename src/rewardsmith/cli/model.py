"""``rewardsmith model``: numbers about a reward model, from a file of its scores."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from ..core.errors import BadInput
from .output import row, say, say_json
from .runs import Json
from .table import column, read_table, text_of

NAME = "model"
HELP = "How good a reward model is, by a file of scores."


def command(
    scores: Annotated[Path, typer.Argument(help="Rows as .jsonl, .json or .csv: an item each.")],
    chosen: Annotated[str, typer.Option(help="The column of the better answer's score.")] = "chosen",
    rejected: Annotated[
        str, typer.Option(help="The column of the worse answer's score, or of a list of such scores.")
    ] = "rejected",
    by: Annotated[str | None, typer.Option(help="A column of groups or languages to compare.")] = None,
    item: Annotated[
        str | None, typer.Option(help="A column that names the item, where groups judge the same items.")
    ] = None,
    half: Annotated[bool, typer.Option("--half", help="A tie counts half [default: as wrong].")] = False,
    drop: Annotated[
        bool, typer.Option("--drop", help="Leave items with a missing score out, and count them.")
    ] = False,
    json: Json = False,
) -> None:
    """Run the verb."""
    from ..measure.model import item_mean, mrr, one_to_many_accuracy, slice_report

    data = read_table(scores)
    for option, name in (("--chosen", chosen), ("--rejected", rejected), ("--by", by), ("--item", item)):
        column(data, name, (), option)
    if item is not None and by is None:
        raise BadInput("--item", item, "--by COLUMN with it", "items are compared between groups")
    best = np.array([_number(value, f"row {i + 1}") for i, value in enumerate(data[chosen])])
    others, valid = _table(data[rejected])
    wins = np.heaviside(best[:, None] - others, 0.5 if half else 0.0)
    pairs = np.where(valid, wins, 0.0).sum(1) / valid.sum(1)
    known = ~np.isnan(pairs)
    if not known.all() and not drop:
        why = "--drop leaves such items out and counts them"
        raise BadInput(str(scores), f"no score in row {known.argmin() + 1}", "a score for every answer", why)
    tied = (valid & (others == best[:, None])).any(1)
    found: dict[str, Any] = {"pairs": item_mean(pairs[known], tied[known], int((~known).sum()))}
    if others.shape[1] > 1:
        found["one to many"] = one_to_many_accuracy(best, others, valid=valid, drop_nan=drop)
        found["reciprocal rank"] = mrr(best, others, valid=valid, drop_nan=drop)
    groups = None
    if by is not None:
        numbers = None if item is None else np.unique([text_of(v) for v in data[item]], return_inverse=True)[1]
        groups = slice_report(pairs, [text_of(value) for value in data[by]], numbers, drop_nan=drop)
    if json:
        record: dict[str, Any] = {"wrong_answers": others.shape[1], **{n: asdict(v) for n, v in found.items()}}
        say_json(record | ({} if groups is None else {"slices": [asdict(part) for part in groups.slices]}))
        return
    for name, value in found.items():
        say(row(name, str(value)))
    if groups is not None:
        say()
        say(str(groups))


def _table(cells: list[Any]) -> tuple[Any, Any]:
    """Scores ``(N, K)`` of the worse answers, NaN where one is missing, and which there are at all."""
    rows = [_list(cell, f"row {i + 1}") for i, cell in enumerate(cells)]
    table = np.zeros((len(rows), max(len(each) for each in rows)))
    valid = np.zeros(table.shape, bool)
    for i, each in enumerate(rows):
        table[i, : len(each)], valid[i, : len(each)] = each, True
    return table, valid


def _list(cell: Any, where: str) -> list[float]:
    found = [_number(each, where) for each in cell] if isinstance(cell, list) else [_number(cell, where)]
    if not found:
        raise BadInput(where, "no worse answer", "a score or a list of one or more")
    return found


def _number(value: Any, where: str) -> float:
    """A finite score; NaN for null and for an empty cell."""
    if value is None or value == "":
        return float("nan")
    try:
        score = float("x" if isinstance(value, bool) else value)
    except (TypeError, ValueError):
        raise BadInput(where, repr(value), "a number, or null for no score") from None
    if np.isinf(score):
        raise BadInput(where, "an infinite score", "a finite number, or null for no score")
    return score
