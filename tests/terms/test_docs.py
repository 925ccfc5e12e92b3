"""The page of the terms lists every one that is exported, with unit, range and meaning."""

from __future__ import annotations

import importlib.util
import re

from rewardsmith import terms
from rewardsmith.core.term import Term
from rewardsmith.terms import PairwiseJudge, RubricJudge
from source import REPOSITORY


def _table() -> dict[str, list[str]]:
    spec = importlib.util.spec_from_file_location("hooks", REPOSITORY / "docs" / "hooks.py")
    hooks = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(hooks)
    lines = hooks.on_page_markdown((REPOSITORY / "docs" / "terms.md").read_text()).splitlines()
    cut = re.compile(r"(?<!\\)\|")
    rows = [[cell.strip() for cell in cut.split(line)[1:-1]] for line in lines if line.startswith("| `")]
    return {row[0].strip("`"): row for row in rows}


def test_every_term_is_on_the_page():
    table = _table()
    named = {name for name in terms.__all__ if isinstance(getattr(terms, name), Term)}
    assert set(table) == named | {RubricJudge.__name__, PairwiseJudge.__name__}
    for name, row in table.items():
        assert len(row) == 6, name
        _, reads, unit, span, meaning, _ = row
        assert reads or not getattr(terms, name).fields, name
        assert unit, name
        assert re.fullmatch(r"\[[-\w.+]+, [-\w.+]+\]", span), name
        assert len(meaning) > 15, name
