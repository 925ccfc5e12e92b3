"""Questions to people and their answers: what is implied, what is refused, what stand-ins say."""

from __future__ import annotations

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewardsmith.core.errors import BadInput
from rewardsmith.feedback import Answer, Lines, Oracle, Question, Recorded, Shown, parse_answer, parse_person

IDS = ("r0c0", "r0c1", "r0c2", "r0c3")
QUESTION = Question(0, "stand", tuple(Shown(name, "upright") for name in IDS))


@given(st.permutations(IDS), st.integers(2, 4))
def test_pairs_of_a_ranking_are_all_pairs_in_its_order(order, count):
    pairs = Answer(ranking=tuple(order[:count])).pairs(IDS)
    assert set(pairs) == {(order[i], order[j]) for i in range(count) for j in range(i + 1, count)}


def test_best_and_worst_of_n_imply_2n_minus_3_pairs():
    assert len(Answer("r0c1", "r0c2").pairs(IDS)) == 2 * len(IDS) - 3
    assert Answer().pairs(IDS) == []


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ([], "a list"),
        ({"top": "r0c0"}, "key 'top'"),
        ({"best": "r9c9"}, "candidate 'r9c9'"),
        ({"best": "r0c0", "worst": "r0c0"}, "best and worst"),
        ({"ranking": ["r0c0", "r0c0"]}, "ranked twice"),
        ({"words": {"r0c0": 3}}, "no text"),
        ({"words": ["slow"]}, "words .'slow'.; allowed: .*it falls over"),
        ({"words": "slow"}, "words 'slow'"),
        ({"ranking": 5}, "ranking 5; allowed: a list of candidates"),
        ({"ranking": "r0c0"}, "ranking 'r0c0'"),
        ({"best": ["r0c0"]}, "candidate"),
        ({"best": {}}, "candidate"),
        ({"words": {"x": "y"}}, "candidate 'x'"),
        ({"ranking": 3}, "ranking"),
        ({"ranking": "r0c0"}, "ranking"),
        ({"words": 3}, "words"),
        ({"words": ["ab"]}, "words"),
    ],
)
def test_bad_answers_are_refused_in_one_line(data, says):
    with pytest.raises(BadInput, match=says) as caught:
        parse_answer(data, IDS)
    assert "\n" not in str(caught.value)


def test_lines_ask_again_after_a_bad_answer():
    said = io.StringIO('nonsense\n{"ranking": 1}\n{"best": "r0c1", "words": {"": "faster"}}\n')
    heard = io.StringIO()
    answer = Lines(said, heard).answer(QUESTION, {})
    assert answer == Answer("r0c1", words={"": "faster"})
    lines = [json.loads(line) for line in heard.getvalue().splitlines()]
    assert [each["id"] for each in lines[0]["candidates"]] == list(IDS)
    assert ["error" in line for line in lines] == [False, True, True]
    with pytest.raises(BadInput, match="end of the input"):
        Lines(io.StringIO(""), io.StringIO()).answer(QUESTION, {})


def test_the_oracle_errs_as_often_as_it_says():
    truth = dict(zip(IDS, (0.1, 0.9, 0.5, 0.4), strict=True))
    assert Oracle().answer(QUESTION, truth) == Answer("r0c1", "r0c0")
    wrong = sum(
        Oracle(0.3, seed).answer(Question(1, "", QUESTION.candidates), truth).best == "r0c0"
        for seed in range(400)
    )
    assert 80 < wrong < 160
    assert Oracle().answer(QUESTION, dict.fromkeys(IDS, 0.5)) == Answer(), "no difference is an answer"


def test_recorded_answers_name_places_or_ids(tmp_path):
    path = tmp_path / "answers.json"
    path.write_text('[{"best": -1, "worst": 0, "words": {"0": "falls"}}, {"ranking": ["r0c1", 2]}]')
    first = Recorded(str(path)).answer(QUESTION, {})
    assert first == Answer("r0c3", "r0c0", words={"r0c0": "falls"})
    assert Recorded(str(path)).answer(Question(1, "", QUESTION.candidates), {}).ranking == ("r0c1", "r0c2")
    with pytest.raises(BadInput, match="at least 3"):
        Recorded(str(path)).answer(Question(2, "", QUESTION.candidates), {})
    with pytest.raises(BadInput, match="JSON list"):
        Recorded(str(tmp_path / "none.json")).answer(QUESTION, {})


@pytest.mark.parametrize("text", ["", "{}", "[1]", "[{]", "3", '["r0c0"]'])
def test_a_script_of_answers_that_is_none_is_refused_before_it_is_needed(tmp_path, text):
    path = tmp_path / "answers.json"
    path.write_text(text)
    with pytest.raises(BadInput, match=r"answers\.json; allowed: a JSON list of answers") as caught:
        Recorded(str(path)).rows()
    assert "\n" not in str(caught.value)


def test_what_a_user_types():
    assert parse_person("scripted:success:0.1") == Oracle(0.1)
    assert parse_person("scripted:success:0.1").label.endswith("10% of the answers wrong")
    assert "wrong" not in parse_person("scripted:success").label
    assert parse_person("scripted:a.json") == Recorded("a.json")
    assert parse_person("terminal") is None
    refused = (
        ("scripted", "terminal, json"),
        ("scripted:", "terminal, json"),
        ("human", "terminal, json"),
        ("scripted:success:x", "the noise is a number"),
        ("scripted:success:2", "0 to 1"),
    )
    for bad, says in refused:
        with pytest.raises(BadInput, match=says):
            parse_person(bad)
    with pytest.raises(BadInput, match=r"noise of an oracle: received 7\.0; allowed"):
        parse_person("scripted:success:7")
