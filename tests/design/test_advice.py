"""Advice between two rounds: who is asked about what, what the next round is told, and what a kill costs."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import urllib.request
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest

from rewardsmith import tasks
from rewardsmith.cli.progress import lines
from rewardsmith.core.endpoint import Budget, Endpoint
from rewardsmith.core.errors import BadInput
from rewardsmith.design import Design, design, methods
from rewardsmith.design.advice import FAILURES, LONGEST, Advice, Wish, advise, by_rule, failures, wishes
from rewardsmith.design.candidate import Candidate, Parent, TermTrace
from rewardsmith.design.clock import Silent
from rewardsmith.design.loop import Search
from rewardsmith.design.propose.ask import Ask, Draft
from rewardsmith.design.propose.difference import DifferenceWriter
from rewardsmith.design.propose.messages import Conversation
from rewardsmith.design.propose.writers import make_writer
from rewardsmith.design.race import Standing
from rewardsmith.design.schema import parse_method, record_of
from rewardsmith.design.screen.protocol import Episode
from rewardsmith.design.scripted import serving
from rewardsmith.program import parse
from rewardsmith.report.page import render
from rewardsmith.store import Run
from terms.judge.server import Endpoint as Server
from terms.judge.server import fenced

TASK = tasks.load("cartpole")
PPO = (("envs", 4), ("hidden", (8,)), ("minibatches", 2), ("rollout", 32))
CAUSE = "It <b>tips</b> over\x1b[2J at once."
NEWER = "It cares about the speed."


def episode(angle: float = 0.1, steps: int = 4, ended: bool = True, success: bool = False) -> Episode:
    names = [f.name for f in TASK.fields if f.kind == "state" and not f.width]
    batch = {name: np.full(steps, angle if name == "angle" else 0.0) for name in names}
    over = np.arange(steps) == (steps - 1 if ended else steps)
    return Episode({**batch, "obs": np.zeros((steps, 4)), "terminated": over}, success)


def parent(name: str, text: str = "angle") -> Parent:
    return Parent(Candidate(name, parse(text, TASK), "fresh"))


def config(method: str, url: str = "", cache: str = "", rounds: int = 3, **changes: Any) -> Design:
    made = replace(methods()[method], rounds=rounds)
    llm = Endpoint("scripted-grammar", url, cache=cache, seed=0, price_in=2.0, price_out=8.0) if url else None
    feedback = "scripted:success" if method == "icpl" else None
    given = {"trainings": rounds * made.smallest, "steps": 512, "ppo": PPO, "controls": False, "llm": llm}
    return Design("cartpole", made, feedback=feedback, **{**given, **changes})


def books(url: str) -> dict[str, int]:
    with urllib.request.urlopen(f"{url.removesuffix('/v1')}/books", timeout=30) as answer:
        return json.load(answer)


def advice_in(run: Run) -> list[dict[str, Any]]:
    return [event.payload for event in run.events("advice")]


@dataclass
class Model:
    """Writes another program each time, of two parts where signs are composed; answers in the other roles."""

    signs: bool = False
    count: int = 0

    def __call__(self, user: str) -> str:
        if "episodes in which the agent failed" in user:
            return json.dumps({"cause": CAUSE, "suggestion": "Charge the angle."})
        if "differs from the older one" in user:
            return NEWER
        if '"critique":' in user:
            return '{"fine": true, "critique": ""}'
        self.count += 1
        two = f"return {{'sparse': {self.count / 50} - abs(x), 'dense': -angle}}"
        return f"```python\n{two if self.signs else f'{self.count} * square(angle) - abs(x)'}\n```"


# ---------------------------------------------------------------------- what is wanted
def test_failures_are_analysed_once_and_only_where_there_are_any():
    one, two = parent("r0c0"), parent("r0c1", "-angle")
    asks = [Ask("fresh"), Ask("improve", (one, two)), Ask("improve", (one,)), Ask("structure", (two,))]
    asks.append(Ask("numbers", (parent("r0c2", "x"),), numbers=(("program.c0", 1.0),)))
    played = {
        "r0c0": (episode(), episode(success=True), episode(0.3)),
        "r0c1": (episode(success=True),),
        "r0c2": (episode(),),
    }
    (wish,) = wishes(("analyzer",), asks, played)
    assert (wish.id, wish.recorded, len(wish.episodes)) == ("r0c0", 3, 2)
    assert wishes(("analyzer",), asks, played, frozenset({"r0c0"})) == []
    assert wishes((), asks, played, before=two) == wishes(("difference",), asks, played) == []


def test_a_difference_needs_another_choice_in_the_round_before():
    one, two = parent("r1c0"), parent("r0c1", "-angle")
    (wish,) = wishes(("difference",), [Ask("improve", (one, two))], {}, before=two)
    assert (wish.kind, wish.about, wish.beside) == ("difference", one, two)
    assert wishes(("difference",), [Ask("improve", (two, one))], {}, before=two) == []
    assert wishes(("difference",), [Ask("fresh")], {}, before=two) == []


def test_parts_are_told_in_the_order_of_the_program_whatever_order_they_are_stored_in():
    """A journal sorts its keys: a resumed search would ask with other words than one that was never stopped."""
    told = []
    for names in (("sparse", "dense"), ("dense", "sparse")):
        search = Search(config("eureka").budgeted(TASK), TASK, None, Silent())
        search.candidates["r0c0"] = Candidate("r0c0", parse("{'sparse': x, 'dense': angle}", TASK), "fresh")
        terms = {name: TermTrace(0.0, 1.0, 0.5) for name in names}
        search.standings["r0c0"] = Standing("r0c0", (0.5,), 0.5, True, terms=terms)
        search.latest = ("r0c0",)
        told.append(prompt_of(search, 1))
    assert told[0] == told[1]
    assert 0 < told[0].index("- sparse:") < told[0].index("- dense:")


@pytest.mark.parametrize(("kind", "sight"), [("analyzer", "score"), ("difference", "order")])
def test_a_method_that_sees_too_little_is_refused(kind, sight):
    data = record_of(methods()["icpl" if kind == "analyzer" else "random"])
    data["writing"]["feedback"] = [kind]
    with pytest.raises(BadInput, match=f"also {sight}: {kind} needs it"):
        parse_method(data)


# ---------------------------------------------------------------------- without a model
def test_the_rule_counts_how_episodes_ended():
    """By hand: three fell at angles 0.1, 0.1 and 0.4, one ran out of time at 0.02."""
    failed = (episode(), episode(), episode(0.02, ended=False), episode(0.4))
    said = by_rule(TASK, Wish("analyzer", parent("r0c0"), failed, recorded=5))
    before = "times; before: x 0, x_velocity 0, angle {}, angular_velocity 0"
    assert said == (
        f"How episodes failed: the agent failed, which ended the episode (3 {before.format(0.2)}); "
        f"time ran out (1 {before.format(0.02)})."
    )
    never = replace(TASK, ending="never")
    assert by_rule(never, Wish("analyzer", parent("r0c0"), failed)).startswith(
        "How episodes failed: time ran out (4 times"
    )


def test_the_rule_says_what_changed():
    older = parent("r0c1", "return {'near': -abs(angle), 'fast': x_velocity}")
    newer = parent("r1c0", "return {'near': -3 * abs(angle), 'calm': -square(x)}")
    said = by_rule(TASK, Wish("difference", newer, beside=older))
    assert said == "Against r0c1, the choice of the round before: added near, calm; dropped near, fast."
    scaled = by_rule(
        TASK, Wish("difference", parent("r1c0", "-3 * abs(angle)"), beside=parent("r0c1", "-2 * abs(angle)"))
    )
    assert scaled.endswith("changed reward: -2 -> -3.")


def test_a_model_reads_whole_failed_episodes_and_how_many_there_were():
    wish = Wish(
        "analyzer", parent("r0c0"), tuple(episode(i / 10, 3 + i) for i in range(FAILURES + 2)), recorded=8
    )
    told = failures(TASK, wish)
    assert told.startswith(f"{FAILURES + 2} of 8 recorded episodes failed. These are {FAILURES} of them.")
    assert told.count(", failed)") == FAILURES
    assert "These are" not in failures(TASK, replace(wish, episodes=wish.episodes[:2]))


def searched(run: Run, made: Design, latest: tuple[str, ...]) -> Search:
    """A search after a round with two rewards of which the later one is better."""
    search = Search(made.budgeted(TASK), TASK, run, Silent())
    search.steps = {}
    search.writer = make_writer(made, TASK, {})
    texts = {"r0c0": "x", "r0c1": "2 * abs(angle)", "r1c0": "5 * abs(angle)", "r1c1": "-x"}
    for name in ("r0c0", "r0c1", *latest):
        search.candidates.setdefault(name, Candidate(name, parse(texts[name], TASK), "fresh"))
        search.standings[name] = Standing(name, (0.25,), 0.5, True)
    search.latest = latest
    search.played = dict.fromkeys(search.candidates, (episode(),))
    return search


def prompt_of(search: Search, number: int) -> str:
    """The last message to a model that would write in a round."""
    ask = search.upcoming(number, ())[0]
    writing = search.config.resolved.writing
    return Conversation(TASK, writing).messages(ask)[-1]["content"]


def test_the_rule_reaches_the_next_prompt_and_the_journal_is_enough_to_go_on(tmp_path):
    made = config("icpl")
    with Run.create(tmp_path, made.record(TASK)) as run:
        search = searched(run, made, ("r0c1", "r0c0"))
        search.audience.merits = {"r0c1": 1.0, "r0c0": 0.0}
        advise(search, 0, ())
        assert run.done("round/0/advice")["choice"] == "r0c1"
        assert search.advice.words == {}, "nothing to compare with yet"
        later = searched(run, made, ("r1c0", "r1c1"))
        later.advice, later.audience.merits = (
            search.advice,
            {"r1c0": 2.0, "r0c1": 1.0, "r0c0": 0.0, "r1c1": -1.0},
        )
        advise(later, 1, ())
        said = "Against r0c1, the choice of the round before: changed reward: 2 -> 5."
        assert later.advice.words == {"r1c0": (said,)}
        assert fenced(prompt_of(later, 2)) == {"notes": said}
        again = searched(run, made, ("r1c0", "r1c1"))
        for number in (0, 1):
            advise(again, number, ())
        assert again.advice == later.advice
        advise(again, 2, ())
        assert run.done("round/2/advice") is None, "after the last round nobody would use it"


def test_success_is_told_only_where_it_is_seen(tmp_path):
    """The difference is the same whatever success is; failures go to a method that sees success."""
    made = config("icpl")
    said = []
    for value in (0.0, 1.0):
        with Run.create(tmp_path / str(value), made.record(TASK)) as run:
            search = searched(run, made, ("r1c0", "r1c1"))
            search.advice.choice, search.audience.merits = "r0c1", {"r1c0": 1.0}
            search.standings = {n: replace(s, success=(value,)) for n, s in search.standings.items()}
            search.played = dict.fromkeys(search.candidates, (episode(success=value > 0.5),))
            advise(search, 1, ())
            said.append(run.done("round/1/advice"))
    assert said[0] == said[1]
    assert [row["kind"] for row in said[0]["advice"]] == ["difference"]


def test_icpl_is_written_by_who_reads_differences_and_it_hears_of_every_round():
    search = Search(config("icpl").budgeted(TASK), TASK, None, Silent())
    search.writer = make_writer(search.config, TASK, {})
    assert isinstance(search.writer, DifferenceWriter)
    good, bad = parent("r0c0", "2 * angle"), parent("r0c1", "x")
    drafts = [(Draft(None, Ask("improve", (good, bad))), None)]
    assert search._learned(search.writer.start(), drafts) == good.candidate.program


# ---------------------------------------------------------------------- with a model
def test_an_analysis_is_in_the_next_prompt_the_journal_and_the_report(tmp_path):
    with Server(Model(signs=True)) as server:
        run = design(config("auto_mc_reward", server.url, str(tmp_path / "replies"), 2), tmp_path)
    first, *_ = advice_in(run)
    (row,) = first["advice"]
    said = f"{CAUSE} Charge the angle."
    assert (row["kind"], row["id"], row["text"], first["choice"]) == ("analyzer", "r0c0", said, "r0c0")
    asked = [seen["messages"][-1]["content"] for seen in server.seen]
    analyses = [i for i, text in enumerate(asked) if "episodes in which the agent failed" in text]
    assert len(analyses) == 1
    assert "8 of 8 recorded episodes failed" in asked[analyses[0]]
    assert "sign(" not in asked[analyses[0]], "the designer's code, not its composition"
    told = [text for text in asked[analyses[0] + 1 :] if "improved reward" in text]
    assert told
    assert all(fenced(text)["notes"] == said for text in told)
    assert not any("notes" in fenced(text) for text in asked[: analyses[0]])
    spent = run.events("proposed")[1].payload["spent"]
    assert spent["replies"] == len(server.seen), "what advice takes is counted with the rest"
    page = render(run)
    assert "&lt;b&gt;tips&lt;/b&gt;" in page
    assert "<b>tips" not in page
    assert "analyzer, scripted-grammar" in page
    (line,) = lines("advice", first)
    assert line.split(maxsplit=1) == ["analyzer", "r0c0: It <b>tips</b> over [2J at once. Charge the angle."]
    run.close()


def test_the_difference_is_in_the_next_prompt_and_never_tells_success(tmp_path):
    with Server(Model()) as server:
        run = design(config("icpl", server.url, str(tmp_path / "replies")), tmp_path)
    asked = [seen["messages"][-1]["content"] for seen in server.seen]
    (place,) = (i for i, text in enumerate(asked) if "differs from the older one" in text)
    assert advice_in(run)[0]["advice"] == []
    assert [row["text"] for row in advice_in(run)[1]["advice"]] == [NEWER]
    assert asked[place + 1 :]
    assert all(fenced(text)["notes"] == NEWER for text in asked[place + 1 :])
    assert not any("notes" in fenced(text) for text in asked[:place])
    assert "success" not in json.dumps([seen["messages"] for seen in server.seen]).lower()
    run.close()


def test_advice_is_asked_of_the_given_endpoint_with_its_key_and_nobody_else(tmp_path, monkeypatch):
    """ICPL's released code sends the key to an address of its own."""
    with Server(Model()) as given, Server(Model()) as other:
        monkeypatch.setenv("OPENAI_BASE_URL", other.url)
        monkeypatch.setenv("MY_KEY", "a secret")
        made = config("icpl", given.url, str(tmp_path / "replies"))
        made = replace(made, llm=replace(made.llm, key_variable="MY_KEY"))
        with Run.create(tmp_path, made.record(TASK)) as run:
            search = searched(run, made, ("r1c0", "r1c1"))
            search.advice.choice, search.audience.merits = "r0c1", {"r1c0": 1.0}
            advise(search, 1, ())
            assert [row["text"] for row in run.done("round/1/advice")["advice"]] == [NEWER]
        assert [seen["authorization"] for seen in given.seen] == ["Bearer a secret"]
        assert other.seen == []
    kept = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert NEWER.encode() in kept
    assert b"a secret" not in kept


def test_without_these_kinds_nothing_more_is_asked(tmp_path):
    with Server(Model()) as server:
        run = design(config("eureka", server.url, str(tmp_path / "replies")), tmp_path)
        assert len(server.seen) == 3, "one program a round, and no repair"
    assert advice_in(run) == []
    run.close()


@pytest.mark.parametrize("calls", [1, 2, 3])
def test_a_spent_budget_ends_it_without_harm(tmp_path, calls):
    """The first call is for a program, the second its critic's, the third the analyzer's."""
    with Server(Model(signs=True)) as server:
        made = config("auto_mc_reward", server.url, str(tmp_path / "replies"), spend=Budget(calls=calls))
        run = design(made, tmp_path)
        assert len(server.seen) == calls
    assert run.status == "finished"
    first = advice_in(run)[0]
    assert first["unasked"] == (["analyzer of r0c0"] if calls < 3 else [])
    assert len(first["advice"]) == (calls == 3)
    assert ("the budget is used up" in render(run)) == (calls < 3)
    run.close()


def test_a_long_reply_is_cut_and_an_unreadable_one_says_nothing(tmp_path):
    for reply, text in (('{"cause": "' + "a" * 3 * LONGEST + '"}', "a" * LONGEST), ("no idea", "")):
        with Server(lambda user, reply=reply: reply) as server:
            made = config("auto_mc_reward", server.url, str(tmp_path / text[:1] / "replies"))
            with Run.create(tmp_path / f"runs{text[:1]}", made.record(TASK)) as run:
                search = searched(run, made, ("r0c0",))
                advise(search, 0, ())
                (row,) = run.done("round/0/advice")["advice"]
                assert row["text"] == text
                assert search.advice.words == ({row["id"]: (text,)} if text else {})
                assert search.advice.analysed == {row["id"]}, "it was paid for once"


# ---------------------------------------------------------------------- kills
KILLED = """
import os, signal, sys
from pathlib import Path
from design.test_advice import config
from rewardsmith.design import design

class Killer:
    def event(self, kind, data):
        if kind == "advice" and data["round"] == 0:
            os.kill(os.getpid(), signal.SIGKILL)

design(config("auto_mc_reward", sys.argv[1], sys.argv[2] + "/replies"), Path(sys.argv[2]), Killer())
"""


def test_killed_after_advice_it_goes_on_the_same_and_pays_nothing_twice(tmp_path):
    with serving() as url:
        whole = design(config("auto_mc_reward", url, str(tmp_path / "a" / "replies")), tmp_path / "a")
        paid = books(url)
    with serving() as url:
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        command = [sys.executable, "-W", "ignore", "-c", KILLED, url, str(tmp_path / "b")]
        assert subprocess.run(command, env=environment, check=False).returncode == -9
        before = books(url)["calls"]
        again = design(config("auto_mc_reward", url, str(tmp_path / "b" / "replies")), tmp_path / "b")
        assert 0 < before < books(url)["calls"]
        assert books(url) == paid
    assert advice_in(again) == advice_in(whole)
    assert advice_in(again)[0]["advice"]
    assert again.fingerprint() == whole.fingerprint()
    whole.close()
    again.close()


def test_the_journal_alone_gives_advice_and_what_it_took_back(tmp_path):
    """No reply on disk, and nobody at the address."""
    with serving() as url:
        made = config("auto_mc_reward", url, str(tmp_path / "replies"))
        with Run.create(tmp_path / "runs", made.record(TASK)) as run:
            search = searched(run, made, ("r0c0",))
            advise(search, 0, ())
            used, models = search.writer.ledger.used, search.writer.ledger.models
            assert used.calls == 1
            assert used.money > 0
    shutil.rmtree(tmp_path / "replies", ignore_errors=True)
    (tmp_path / "replies").unlink(missing_ok=True)
    gone = config("auto_mc_reward", "http://127.0.0.1:9/v1", str(tmp_path / "others"))
    with Run.create(tmp_path / "runs", gone.record(TASK)) as run:
        again = searched(run, gone, ("r0c0",))
        advise(again, 0, ())
        assert (again.writer.ledger.used, again.writer.ledger.models) == (used, models)
        assert again.advice == search.advice != Advice()
