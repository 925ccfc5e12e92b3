"""People in the loop: films for them, answers in the journal before they are used, and who wins."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from cli.command import argv, environment
from rewardsmith import tasks
from rewardsmith.cli.asking import merged
from rewardsmith.core.errors import BadInput
from rewardsmith.design import Design, methods
from rewardsmith.design.candidate import Candidate
from rewardsmith.design.loop import Search
from rewardsmith.design.people import Audience, merits, prepare
from rewardsmith.design.race import Standing
from rewardsmith.design.screen.protocol import Episode
from rewardsmith.design.winner import select_winner
from rewardsmith.feedback import Answer, Question, Recorded
from rewardsmith.program import parse
from rewardsmith.store import Run

TASK = tasks.load("cartpole")
CONFIG = Design("cartpole", "icpl", 6, 2048, 1, feedback="json")
SHOWN = [Candidate(f"r0c{i}", parse(text, TASK), "fresh") for i, text in enumerate(("angle", "-x", "x"))]
IDS = tuple(each.id for each in SHOWN)


class Heard:
    """Somebody who counts the questions and may have no answer."""

    label = "heard"

    def __init__(self, answer: Answer | None = None) -> None:
        self.said, self.questions = answer, list[Question]()

    def answer(self, question: Question, truth: Mapping[str, float]) -> Answer:
        self.questions.append(question)
        assert self.said is not None, "asked again"
        return self.said


def episode(length: int = 20, task: Any = TASK) -> Episode:
    steps = np.linspace(-0.1, 0.1, length)
    batch = {"obs": np.stack([steps] * 4, axis=1)} | {f.name: steps for f in task.fields if not f.width}
    return Episode(batch, True)


@pytest.fixture
def run(tmp_path):
    with Run.create(tmp_path, CONFIG.record(TASK)) as found:
        yield found


# ---------------------------------------------------------------------- answers are in the journal
def test_an_answer_is_in_the_journal_before_it_is_used_and_is_never_asked_for_again(tmp_path):
    said = Answer("r0c1", "r0c0", words={"r0c2": "it wobbles", "": "all too slow"})
    first = Audience(Heard(said))
    with Run.create(tmp_path, CONFIG.record(TASK)) as run:
        assert first.ask(run, TASK, 0, SHOWN, {}, {}) == said
        assert run.done("round/0/answer") == {
            "round": 0,
            "shown": list(IDS),
            "person": "heard",
            **said.record(),
        }
    for _ in range(2):
        with Run.create(tmp_path, CONFIG.record(TASK)) as run:
            deaf = Heard()
            again = Audience(deaf)
            assert again.ask(run, TASK, 0, SHOWN, {}, {}) == said
            assert deaf.questions == []
            assert (again.merits, again.words, again.pairs) == (first.merits, first.words, first.pairs)
            with pytest.raises(AssertionError, match="asked again"):
                again.ask(run, TASK, 1, SHOWN, {}, {})
            assert run.done("round/1/answer") is None, "no answer, no record"


def test_nobody_is_asked_without_a_person_or_about_one_candidate(run):
    assert Audience().ask(run, TASK, 0, SHOWN, {}, {}) is None
    nobody = Heard()
    assert Audience(nobody).ask(run, TASK, 0, SHOWN[:1], {}, {}) is None
    assert (nobody.questions, run.done("round/0/answer")) == ([], None)


def test_words_about_all_reach_everybody_and_stay_from_round_to_round(run):
    audience = Audience(Heard(Answer(words={"r0c2": "it wobbles", "": "too slow"})))
    audience.ask(run, TASK, 0, SHOWN, {}, {})
    audience.person = Heard(Answer(words={"r0c2": "still"}))
    audience.ask(run, TASK, 1, SHOWN, {}, {})
    assert audience.words == {
        "r0c0": ("too slow",),
        "r0c1": ("too slow",),
        "r0c2": ("too slow", "it wobbles", "still"),
    }
    search = Search(CONFIG.budgeted(TASK), TASK, run, None, audience=audience)
    search.candidates = {each.id: each for each in SHOWN}
    search.standings = {name: Standing(name, (0.5,), 0.5, True) for name in IDS}
    notes = {parent.candidate.id: parent.notes for parent in search._view(1).ranked}
    assert notes == audience.words


def test_the_order_is_peoples_and_not_that_of_success(run, tmp_path):
    path = tmp_path / "answers.json"
    path.write_text(json.dumps([{"ranking": [2, 0, 1]}]))
    search = Search(CONFIG.budgeted(TASK), TASK, run, None, audience=Audience(Recorded(str(path))))
    search.candidates = {each.id: each for each in SHOWN}
    search.standings = {name: Standing(name, (i / 2,), 0.5, True) for i, name in enumerate(reversed(IDS))}
    search.latest = IDS
    search._ask_people(0)
    assert [each.id for each in search.ranked()] == ["r0c2", "r0c0", "r0c1"]
    assert select_winner(search) is SHOWN[2]


# ---------------------------------------------------------------------- merits
def test_merits_of_two_solve_their_equation():
    """Three of four answers for a: 3/4 - sigmoid(2 m) = 0.01 m, with m and -m for both, by bisection."""
    low, high = 0.0, 5.0
    for _ in range(60):
        m = (low + high) / 2
        low, high = (m, high) if 0.75 - 1 / (1 + math.exp(-2 * m)) - 0.01 * m > 0 else (low, m)
    found = merits([("a", "b")] * 3 + [("b", "a")], ["a", "b"])
    assert found == pytest.approx({"a": low, "b": -low}, abs=1e-6)
    assert found["a"] == pytest.approx(math.log(3) / 2, rel=0.03)  # without the ridge


def test_merits_of_many_balance_wins_and_expected_wins():
    pairs = [("a", "b"), ("a", "c"), ("b", "c"), ("c", "d"), ("d", "b")]
    found = merits(pairs, ["a", "b", "c", "d", "e", "a"])
    for name in "abcde":
        wins = sum(better == name for better, _ in pairs)
        expected = sum(
            1 / (1 + math.exp(found[other] - found[name]))
            for pair in pairs
            if name in pair
            for other in pair
            if other != name
        )
        assert (wins - expected) / len(pairs) == pytest.approx(0.01 * found[name], abs=1e-8)
    assert max(found, key=lambda name: found[name]) == "a"
    assert found["e"] == pytest.approx(0.0)
    assert merits([], ["x", "y"]) == {"x": 0.0, "y": 0.0}


# ---------------------------------------------------------------------- films
def test_films_are_real_and_the_page_shows_all_of_them(run):
    question = prepare(run, TASK, 0, SHOWN, {"r0c0": (episode(20),), "r0c1": (episode(300),)})
    for shown, length in zip(question.candidates[:2], (20, 120), strict=True):
        assert shown.film is not None
        with Image.open(shown.film) as film:
            assert film.format == "GIF"
            assert 10 < film.n_frames <= length
    assert question.candidates[2].film is None, "no episode, no film"
    assert [each.words != "" for each in question.candidates] == [True] * 3
    assert question.page is not None
    page = Path(question.page).read_text(encoding="utf-8")
    assert page.count("data:image/gif;base64,") == 2
    assert all(name in page for name in IDS)
    assert "success" not in page.replace(TASK.text, "").lower()


def test_a_task_that_cannot_be_drawn_gets_a_picture_of_its_fields(run):
    arm = tasks.load("Reacher-v5")
    assert arm.frame is None
    made = Candidate("r0c0", parse(next(f.name for f in arm.fields if not f.width), arm), "fresh")
    question = prepare(run, arm, 0, [made], {"r0c0": (episode(task=arm),)})
    film = question.candidates[0].film
    assert film is not None
    with Image.open(film) as picture:
        assert picture.format == "PNG"
        assert len(np.unique(np.asarray(picture))) > 10


# ---------------------------------------------------------------------- at the terminal
def test_lines_add_up():
    said: dict[str, object] = {}
    for line in ("best r0c1", "worst r0c0", "say r0c0 it falls", "say too slow", "best r0c2"):
        said = merged(said, line, IDS)
    assert said == {"best": "r0c2", "worst": "r0c0", "words": {"r0c0": "it falls", "": "too slow"}}
    assert merged({}, "rank r0c2 r0c0", IDS) == {"ranking": ["r0c2", "r0c0"]}


@pytest.mark.parametrize(
    "line", ["good r0c0", "best", "best r0c0 r0c1", "best r9c9", "worst r0c1", "rank r0c0 r0c0", "say", "rank"]
)
def test_lines_that_say_nothing_are_refused_in_one_line(line):
    with pytest.raises(BadInput) as caught:
        merged({"best": "r0c1"}, line, IDS)
    assert "\n" not in str(caught.value)


ASK = """
import json
from rewardsmith.cli.asking import person_of
from rewardsmith.feedback import Question, Shown
shown = tuple(Shown(f"r0c{i}", "angle", f"pays {i}") for i in range(3))
answer = person_of("terminal").answer(Question(4, "stand", shown, "/a/page.html"), {"r0c0": 0.77})
print(json.dumps(answer.record()))
"""


def test_the_terminal_reads_until_an_empty_line_and_says_what_is_wrong():
    typed = "hello\nbest r0c1\nworst r0c1\nworst r0c0\nsay r0c2 it wobbles\n\nbest r0c2\n"
    done = subprocess.run(
        [sys.executable, "-c", ASK], input=typed, capture_output=True, text=True, timeout=60, check=True
    )
    assert json.loads(done.stdout) == Answer("r0c1", "r0c0", words={"r0c2": "it wobbles"}).record()
    for told in ("round 5: stand", "watch: /a/page.html", "r0c2  pays 2", "'hello'", "as best and worst"):
        assert told in done.stderr
    assert "0.77" not in done.stderr, "success is not shown"


# ---------------------------------------------------------------------- JSON from end to end
def conversation(work: subprocess.Popen[str]) -> Iterator[dict[str, Any]]:
    """What the search says, line by line; the first answer is nonsense."""
    assert work.stdin is not None
    assert work.stdout is not None
    first, ids = True, []
    for line in work.stdout:
        said = json.loads(line)
        yield said
        ids = [each["id"] for each in said.get("candidates", ())] or ids
        if "candidates" in said or "error" in said:
            reply = (
                {"best": "nobody"} if first else {"best": ids[0], "worst": ids[-1], "words": {ids[0]: "steady"}}
            )
            work.stdin.write(json.dumps(reply) + "\n")
            work.stdin.flush()
            first = False


def test_a_search_is_led_by_a_program_that_speaks_json(tmp_path):
    """The oldest is always liked best: it wins, although others succeed more often."""
    budget = ("--trainings", "6", "--steps", "2048", "--seeds", "1")
    work = subprocess.Popen(
        argv(["design", "cartpole", "--method", "icpl", "--feedback", "json", *budget, "--json"]),
        cwd=tmp_path,
        env=environment(tmp_path),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with work:
        said = list(conversation(work))
    assert work.returncode == 0
    questions = [each for each in said if "candidates" in each]
    last = said[-1]
    assert [each["round"] for each in questions] == [0, 1, 2], "every round asks"
    assert [list(each) for each in said].count(["error"]) == 1, "the bad answer was refused, and asked again"
    assert [[one["id"] for one in each["candidates"]] for each in questions] == [
        ["r0c0", "r0c1"],
        ["r0c0", "r1c0", "r1c1"],
        ["r0c0", "r2c0", "r2c1"],
    ]
    assert last["person"] == "json"
    for each in questions:
        assert Path(tmp_path, each["page"]).is_file()
        for one in each["candidates"]:
            with Image.open(tmp_path / one["film"]) as film:
                assert film.n_frames > 1
    with Run.open(tmp_path / "runs", last["run"]) as run:
        assert run.done("final")["id"] == "r0c0"
        assert run.done("final")["reward"] == last["reward"] == questions[0]["candidates"][0]["reward"]
        standings = [row for event in run.events("trained") for row in event.payload.get("standings", ())]
        success = {row["id"]: np.mean(row["success"]) for row in standings}
        assert success["r0c0"] < max(success.values())
        assert run.done("round/1/answer")["words"] == {"r0c0": "steady"}
        proposed = run.done("round/2/proposed")["candidates"]
        assert all(row["parents"][0] == "r1c0" for row in proposed), "the best of the last round"
        order = [event.key for event in run.events() if event.key.startswith("round/")]
        for number in range(3):
            assert order.index(f"round/{number}/answer") < order.index(f"round/{number}/selected")
    assert methods()["icpl"].selection.judge == "people"
