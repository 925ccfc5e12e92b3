"""People at the terminal: lines become an answer, and an end of the input is not one."""

from __future__ import annotations

import io

import pytest

from rewardsmith.cli.asking import Terminal
from rewardsmith.core.errors import BadInput
from rewardsmith.feedback import Answer, Question, Shown

QUESTION = Question(0, "Balance.", (Shown("r0c0", "1"), Shown("r0c1", "2"), Shown("r0c2", "3")), "films.html")


def answered(monkeypatch: pytest.MonkeyPatch, typed: str) -> Answer:
    monkeypatch.setattr("sys.stdin", io.StringIO(typed))
    return Terminal().answer(QUESTION, {})


def test_lines_until_an_empty_one_are_the_answer(monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    typed = "best r0c1\nworst r0c1\nworst r0c9\nfaster\nworst r0c0\nsay r0c2 it falls\nsay slower\n\nbest r0c2"
    found = answered(monkeypatch, typed)
    assert found == Answer("r0c1", "r0c0", (), {"r0c2": "it falls", "": "slower"})
    said = capsys.readouterr().err
    assert all(text in said for text in ("as best and worst", "'r0c9'", "'faster'", "films.html"))


def test_an_empty_line_says_nothing_and_the_end_of_the_input_is_an_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert answered(monkeypatch, "\n") == Answer()
    for typed in ("", "best r0c1\n"):
        with pytest.raises(BadInput, match="end of the input"):
            answered(monkeypatch, typed)
