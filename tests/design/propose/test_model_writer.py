"""A language model writes: through the real client, from a real server, with mistakes, limits and kills."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from dataclasses import replace

import numpy as np
import pytest

from rewardsmith import tasks
from rewardsmith.core.endpoint import Budget, Endpoint, EndpointError
from rewardsmith.design.candidate import Candidate, Parent, TermTrace, identity
from rewardsmith.design.method import Writing
from rewardsmith.design.propose.ask import OPERATORS, Ask
from rewardsmith.design.propose.messages import Conversation
from rewardsmith.design.propose.model import ModelWriter
from rewardsmith.design.propose.reply import extract
from rewardsmith.design.propose.roles import Roles
from rewardsmith.design.scripted import Script, serving
from rewardsmith.program import Grammar, parse, random_program
from rewardsmith.tasks.record import record_steps
from terms.judge.server import Endpoint as Server

TASK = tasks.load("pendulum_hold")
FRESH = Ask("fresh")


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def writer(url: str, tmp_path, **changes) -> ModelWriter:
    writing = Writing(**{name: changes.pop(name) for name in list(changes) if hasattr(Writing(), name)})
    endpoint = Endpoint("scripted-grammar", url, cache=str(tmp_path), seed=0, retries=4, timeout=20.0)
    return ModelWriter(endpoint, TASK, writing, **changes)


def parents(count: int, score: float | None = None, **more) -> tuple[Parent, ...]:
    grammar, found = Grammar.from_fields(TASK.table()), []
    for number in range(count):
        program = random_program(grammar, rng(number + 10))
        terms = {name: TermTrace(-1.0, 1.0, 0.5, (-1.0, 0.0, 1.0)) for name in program.names}
        found.append(Parent(Candidate(f"r0c{number}", program, "fresh"), terms, score, **more))
    return tuple(found)


def books(url: str) -> dict[str, int]:
    with urllib.request.urlopen(url.removesuffix("/v1") + "/books", timeout=10) as answer:
        return json.load(answer)


def shown(drafts) -> list[tuple[str, str]]:
    return [(str(draft.program), draft.refusal.code if draft.refusal else "") for draft in drafts]


# ---------------------------------------------------------------------- the same programs again, for nothing
def test_a_second_run_is_the_same_and_asks_nothing(tmp_path):
    asks = [FRESH] * 4
    with serving(Script(mistakes=0.4)) as url:
        first = writer(url, tmp_path).write((), asks, frozenset(), rng())
        assert all(draft.program is not None and draft.text for draft in first)
        assert [draft.ask for draft in first] == asks
        # the text that stands beside a program is the one that it was read from, also after refused replies
        assert [parse(extract(draft.text).code, TASK) for draft in first] == [draft.program for draft in first]
        assert len({draft.program.structural_hash for draft in first}) == 4
        calls = books(url)["calls"]
        again = writer(url, tmp_path)
        assert again.write((), asks, frozenset(), rng()) == first
        assert books(url)["calls"] == calls
    assert writer(url, tmp_path).write((), asks, frozenset(), rng()) == first  # the server is gone
    assert again.label == "scripted-grammar"
    assert again.ledger.models == {"scripted-grammar"}


def test_another_seed_of_the_search_gives_other_programs_and_another_cache_the_same(tmp_path):
    with serving() as url:
        one, two = (writer(url, tmp_path).write((), [FRESH] * 3, frozenset(), rng(seed)) for seed in (0, 1))
        assert not {str(draft.program) for draft in one} & {str(draft.program) for draft in two}
        elsewhere = writer(url, tmp_path / "b").write((), [FRESH] * 3, frozenset(), rng(0))
        assert shown(elsewhere) == shown(one)


def test_429_and_500_are_asked_again_and_charged_once(tmp_path):
    with serving(Script(busy=3)) as url:
        drafts = writer(url, tmp_path).write((), [FRESH] * 3, frozenset(), rng())
        assert all(draft.program is not None for draft in drafts)
        assert books(url) == {"calls": 12, "charged": 3, "twice": 0}


def test_an_endpoint_without_response_format_is_asked_without(tmp_path):
    with serving(Script(formats=False)) as url:
        drafts = writer(url, tmp_path, structured=True).write((), [FRESH] * 3, frozenset(), rng())
        assert all(draft.program is not None for draft in drafts)
        assert all(set(json.loads(draft.text)) == {"thoughts", "program"} for draft in drafts)


# ---------------------------------------------------------------------- refusals go back
def test_every_refusal_goes_back_with_code_place_and_what_is_allowed(tmp_path):
    steps = record_steps(TASK, 0)
    with serving(Script(mistakes=1.0)) as url:
        hopeless = writer(url, tmp_path, repairs=1, steps=steps)
        drafts = hopeless.write((), [FRESH] * 12, frozenset(), rng())
        assert [draft.program for draft in drafts] == [None] * 12
        codes = {draft.refusal.code for draft in drafts if draft.refusal}
        assert codes <= {"E_SYNTAX", "E_NAME", "E_NODE", "E_NONFINITE", "E_REPLY"}
        assert len(codes) >= 3
        assert books(url)["calls"] == 12 * 2
        assert (hopeless.ledger.used.calls, hopeless.ledger.repairs) == (24, 12)


WRONG = "```python\ndef reward(before, act):\n    x = 1.0\n    return before.upright - act.speed\n```"
RIGHT = "```python\ndef reward(before, act):\n    return before.upright - act.torque ** 2\n```"


def test_a_repair_says_what_was_wrong_in_the_words_of_the_reply(tmp_path):
    replies = iter([WRONG, RIGHT])
    with Server(lambda user: next(replies)) as server:
        model = writer(server.url, tmp_path, describe="classes")
        (draft,) = model.write((), [FRESH], frozenset(), rng())
        assert draft.program == parse("upright - torque ** 2", TASK)
        assert draft.text == RIGHT
        first, second = (seen["messages"] for seen in server.seen)
        assert [message["role"] for message in second] == ["system", "user", "assistant", "user"]
        assert second[:2] == first
        assert second[2]["content"] == WRONG
        said = second[3]["content"]
        assert "E_NAME: no attribute 'act.speed' (line 3, column 29)" in said
        assert "    return before.upright - act.speed\n                            ^" in said
        assert "Allowed instead: act.action, act.torque" in said
        # the sample stays the same, so the conversation is one
        assert server.seen[0]["seed"] == server.seen[1]["seed"]


def test_a_program_that_is_known_or_there_twice_goes_back(tmp_path):
    text = ["```python\n-abs(angle_sin)\n```", "```python\n-abs(angle_sin) * 2\n```", "```python\nupright\n```"]
    with Server(lambda user: text[1] if "proposed before" in user else text[0]) as server:
        drafts = writer(server.url, tmp_path).write((), [FRESH, FRESH], frozenset(), rng())
        assert [str(draft.program) for draft in drafts] == ["-abs(angle_sin)", "-abs(angle_sin) * 2.0"]
    known = frozenset({parse("upright", TASK).structural_hash})
    with Server(lambda user: text[2]) as server:
        (draft,) = writer(server.url, tmp_path / "b", repairs=1).write((), [FRESH], known, rng())
        assert draft.program is None
        assert draft.refusal is not None
        assert draft.refusal.code == "E_KNOWN"
        assert len(server.seen) == 2


def test_a_reply_that_was_cut_off_is_asked_for_again_shorter(tmp_path):
    with Server(lambda user: RIGHT, extra={"finish_reason": "length"}) as server:
        (draft,) = writer(server.url, tmp_path, repairs=1).write((), [FRESH], frozenset(), rng())
        assert draft.program is None
        assert "cut off before its end; be shorter" in server.seen[1]["messages"][-1]["content"]


def test_helper_functions_stay_and_the_entry_point_goes_by_name(tmp_path):
    near = "def near(x):\n    return -abs(x)"
    helped = f"```python\n{near}\n\ndef reward(upright):\n    return near(upright - 1.0)\n```"
    with Server(lambda user: helped) as server:
        # the reward language has no helpers: the refusal says so
        (draft,) = writer(server.url, tmp_path, repairs=0).write((), [FRESH], frozenset(), rng())
        assert draft.refusal is not None
        assert draft.refusal.code == "E_NODE"
        (python,) = writer(server.url, tmp_path, language="python").write((), [FRESH], frozenset(), rng())
        assert python.program.function == "reward"
        assert "def near(x)" in str(python.program)
        assert python.program.fields == {"upright"}


def test_infinite_rewards_are_refused_where_steps_are_known(tmp_path):
    with Server(lambda user: "```python\nlog(upright - 2.0)\n```") as server:
        steps = record_steps(TASK, 0)
        (draft,) = writer(server.url, tmp_path, repairs=0, steps=steps).write((), [FRESH], frozenset(), rng())
        assert draft.refusal is not None
        assert draft.refusal.code == "E_NONFINITE"


# ---------------------------------------------------------------------- limits
def test_a_budget_is_a_hard_stop_that_does_not_depend_on_the_cache(tmp_path, caplog):
    with serving() as url:
        model = writer(url, tmp_path, budget=Budget(calls=5))
        first = model.write((), [FRESH] * 3, frozenset(), rng(0))
        second = model.write((), [FRESH] * 3, frozenset(), rng(1))
        assert [draft.program is None for draft in first + second] == [False] * 5 + [True]
        assert second[2].refusal is not None
        assert second[2].refusal.code == "E_BUDGET"
        # the search goes on with what it has: nothing more is written, and the log says why
        assert model.write((), [FRESH], frozenset(), rng(2)) == []
        assert "(5 calls) is used up" in caplog.text
        assert books(url)["calls"] == 5
        again = writer(url, tmp_path, budget=Budget(calls=5))
        assert [*again.write((), [FRESH] * 3, frozenset(), rng(0))] == first
        assert shown(again.write((), [FRESH] * 3, frozenset(), rng(1))) == shown(second)
        assert books(url)["calls"] == 5


def test_money_is_counted_and_limited(tmp_path):
    with serving() as url:
        model = writer(url, tmp_path)
        priced = replace(model.endpoint, price_in=1.0, price_out=5.0, max_tokens=400)
        model = replace(model, endpoint=priced, budget=Budget(money=0.02))
        written = [len(model.write((), [FRESH], frozenset(), rng(seed))) for seed in range(20)]
        assert written[0] == 1
        assert written[-1] == 0
        used = model.ledger.used
        assert used.money == pytest.approx((used.prompt_tokens * 1.0 + used.completion_tokens * 5.0) / 1e6)
        assert 0.02 - 0.01 < used.money <= 0.02


def test_an_endpoint_that_does_not_answer_stops_the_search_and_what_came_is_kept(tmp_path):
    with serving(Script(busy=2)) as url:
        model = writer(url, tmp_path)
        hasty = replace(model, endpoint=replace(model.endpoint, retries=1))
        with pytest.raises(
            EndpointError,
            match=r"left 2 of 2 requests .* without an answer after 1 retries .*InternalServerError.*busy",
        ):
            hasty.write((), [FRESH] * 2, frozenset(), rng())
        assert all(draft.program for draft in model.write((), [FRESH] * 2, frozenset(), rng()))
    with serving() as url, pytest.raises(EndpointError, match="stands in for a language model"):
        replace(model, endpoint=Endpoint("gpt-4", url, cache=None)).write((), [FRESH], frozenset(), rng())


# ---------------------------------------------------------------------- what is said
def everything(writing: Writing, score: float | None) -> dict[str, str]:
    """All that is said for each operator."""
    conversation = Conversation(TASK, writing)
    made = parents(2, score, curve=() if score is None else (0.1, 0.2), notes=("it {falls} ``` over",))
    asks = {name: Ask(name, () if name in ("fresh", "survey") else made) for name in OPERATORS}
    return {
        name: "\n".join(message["content"] for message in conversation.messages(ask))
        for name, ask in asks.items()
    }


@pytest.mark.parametrize("describe", ["table", "classes", "code"])
@pytest.mark.parametrize("language", ["programs", "python"])
def test_no_prompt_tells_success_unless_it_is_seen(describe, language):
    writing = Writing(describe=describe, language=language)
    for said in everything(writing, None).values():
        assert TASK.success.meaning not in said
        assert "success" not in said.lower()
        assert "native" not in said.lower()
        assert TASK.text in said
    told = everything(writing, 0.375)
    assert [name for name, said in told.items() if "- success: 0.10, 0.20;" in said] == [
        name for name in OPERATORS if name not in ("fresh", "survey")
    ]


def test_operators_show_their_parents_and_notes_in_order():
    one, two = parents(2, notes=("too {slow}",))
    conversation = Conversation(TASK, Writing())
    for operator in ("structure", "numbers", "crossover", "different", "path"):
        user = conversation.messages(Ask(operator, (one, two), notes=("```stop```",)))[-1]["content"]
        at = [user.index(str(each.candidate.program)) for each in (one, two)]
        assert (at[0] < at[1]) == (operator != "path")  # a path is told from its beginning
        assert user.count("too {slow}") == 2
        assert "<<<notes" in user
        assert user.index("```stop```") > max(at)
    said = conversation.messages(Ask("improve", (one, two)))
    assert [message["role"] for message in said] == ["system", "user", "assistant", "user"]
    assert str(one.candidate.program) in said[2]["content"]
    assert str(two.candidate.program) in said[3]["content"]
    assert str(one.candidate.program) not in said[3]["content"]


def test_feedback_that_a_method_does_not_give_is_not_told():
    (one,) = parents(1)
    said = Conversation(TASK, Writing(feedback=())).messages(Ask("improve", (one,)))
    assert "max 1.00" not in said[-1]["content"]
    assert "max 1.00" in Conversation(TASK, Writing()).messages(Ask("improve", (one,)))[-1]["content"]


@pytest.mark.parametrize("language", ["programs", "python"])
@pytest.mark.parametrize("describe", ["table", "classes", "code"])
def test_every_operator_is_answered_in_every_description_and_language(tmp_path, describe, language):
    made = parents(2)
    asks = [Ask(name, made if name not in ("fresh", "survey") else ()) for name in OPERATORS]
    with serving() as url:
        model = writer(url, tmp_path, describe=describe, language=language)
        drafts = model.write((), asks, frozenset(), rng())
    assert [draft.refusal for draft in drafts] == [None] * len(asks)
    if language == "programs":
        by = {draft.ask.operator: draft.program for draft in drafts}
        assert by["numbers"].shape_key == made[0].candidate.program.shape_key  # numbers alone were changed
        assert len(by["survey"].names) == 1


def test_exact_numbers_need_no_model(tmp_path):
    (one,) = parents(1)
    numbers = dict.fromkeys(one.candidate.program.numbers(), 0.5)
    (draft,) = writer("http://127.0.0.1:9/v1", tmp_path).write(
        (), [Ask("numbers", (one,), numbers=tuple(numbers.items()))], frozenset(), rng()
    )
    assert draft.program.numbers() == numbers
    known = frozenset({draft.program.structural_hash})
    (again,) = writer("http://127.0.0.1:9/v1", tmp_path).write((), [draft.ask], known, rng())
    assert again.program is None
    assert again.refusal is not None
    assert again.refusal.code == "E_KNOWN"


def test_signs_and_observations_are_asked_for_and_read(tmp_path):
    with serving(Script(seed=3)) as url:
        signs = writer(url, tmp_path, compose="signs").write((), [FRESH] * 2, frozenset(), rng())
        assert [set(draft.program.names) for draft in signs] == [{"sparse", "dense"}] * 2
        seen = writer(url, tmp_path, observation=True).write((), [FRESH] * 4, frozenset(), rng())
        states = {field.name for field in TASK.fields if field.kind == "state"}
        assert all(draft.observation is not None and set(draft.observation) <= states for draft in seen)
        assert any(draft.observation for draft in seen)


@pytest.mark.parametrize("describe", ["table", "classes"])
def test_what_a_parents_agents_saw_is_shown_and_changed(tmp_path, describe):
    (one,) = parents(1)
    one = replace(one, candidate=replace(one.candidate, observation=("energy", "upright")))
    spoken = "energy, upright" if describe == "table" else "before.energy, before.upright"
    told = Conversation(TASK, Writing(observation=True, describe=describe)).messages(Ask("improve", (one,)))
    assert f"# observe: {spoken}\n" in told[2]["content"]
    plain = Conversation(TASK, Writing(describe=describe)).messages(Ask("improve", (one,)))
    assert all("observe" not in message["content"] for message in plain)
    with serving(Script(seed=1)) as url:
        model = writer(url, tmp_path, observation=True, describe=describe)
        drafts = model.write((), [Ask("improve", (one,))] * 8, frozenset(), rng())
        exact = Ask(
            "numbers", (one,), numbers=tuple(dict.fromkeys(one.candidate.program.numbers(), 0.5).items())
        )
        assert model.write((), [exact], frozenset(), rng())[0].observation == ("energy", "upright")
    changes = {len(set(draft.observation or ()) ^ {"energy", "upright"}) for draft in drafts}
    assert changes == {1}


def test_observing_nothing_is_refused_and_the_same_reward_with_other_eyes_is_new(tmp_path):
    replies = iter(["", " upright", " energy, energy", " energy"])
    told = []

    def reply(user: str) -> str:
        told.append(user)
        return f"```python\n# observe:{next(replies)}\n-upright\n```"

    with Server(reply) as server:
        model = writer(server.url, tmp_path, observation=True, repairs=1)
        drafts = model.write((), [FRESH], frozenset(), rng())
        assert drafts[0].observation == ("upright",)
        assert "no field to observe" in told[-1]
        assert "upright, angle_sin, angular_velocity, energy" in told[-1]
        known = frozenset({identity(drafts[0].program, drafts[0].observation)})
        again = writer(server.url, tmp_path, observation=True, repairs=0).write((), [FRESH], known, rng(1))
        assert again[0].program == drafts[0].program
        assert again[0].observation == ("energy",)
        known |= {identity(again[0].program, again[0].observation)}
        third = writer(server.url, tmp_path, observation=True, repairs=0).write((), [FRESH], known, rng(2))
        assert third[0].refusal is not None
        assert third[0].refusal.code == "E_KNOWN"


# ---------------------------------------------------------------------- roles
def test_a_critic_sends_programs_back(tmp_path):
    verdicts = iter([{"fine": False, "critique": "the sign is wrong"}, {"fine": True, "critique": ""}])
    programs = iter(["```python\n-upright\n```", "```python\nupright\n```"])

    def reply(user: str) -> str:
        return json.dumps(next(verdicts)) if "You check a reward" in user else next(programs)

    with Server(reply) as server:
        model = writer(server.url, tmp_path, critic=True)
        (draft,) = model.write((), [FRESH], frozenset(), rng())
        assert str(draft.program) == "upright"
        assert "E_CRITIC: the sign is wrong" in server.seen[2]["messages"][-1]["content"]
        assert len(server.seen) == model.ledger.used.calls == 4


def test_the_other_roles(tmp_path):
    one, two = parents(2)
    replies = {
        "episodes in which the agent failed": '{"cause": "it fell.", "suggestion": "pay for height"}',
        "differs from the older one": " More weight on speed. ",
    }
    with Server(lambda user: next(reply for phrase, reply in replies.items() if phrase in user)) as server:
        model = writer(server.url, tmp_path)
        roles = Roles(model.model, model.conversation, model.budget, model.ledger)
        assert roles.analyzer(one, "step 1: ...") == "it fell. pay for height"
        assert roles.difference(one, two) == "More weight on speed."
        assert "success" not in json.dumps([seen["messages"] for seen in server.seen]).lower()


# ---------------------------------------------------------------------- kills
def search(url: str, cache) -> list[list[tuple[str, str]]]:
    """Two rounds of a search, as far as its model is concerned."""
    end = Endpoint("scripted-grammar", url, cache=str(cache), seed=0, concurrency=2)
    model = ModelWriter(end, TASK)
    return [shown(model.write((), [FRESH] * 4, frozenset(), rng(number))) for number in range(2)]


def test_killed_anywhere_the_result_is_the_same_and_no_call_is_charged_twice(tmp_path):
    with serving(Script(mistakes=0.3, seconds=0.03)) as url:
        whole = search(url, tmp_path / "whole")
        charged = books(url)["charged"]
        for stop in (2, 5):
            before = books(url)["calls"]
            code = "import sys; from design.propose.test_model_writer import search; search(*sys.argv[1:])"
            command = [sys.executable, "-c", code, url, str(tmp_path / "killed")]
            process = subprocess.Popen(command, env={**os.environ, "PYTHONPATH": "tests"})
            until = time.monotonic() + 60
            while books(url)["calls"] < before + stop and process.poll() is None and time.monotonic() < until:
                time.sleep(0.02)
            process.kill()
            assert process.wait() == -signal.SIGKILL
            assert books(url)["calls"] >= before + stop
        assert search(url, tmp_path / "killed") == whole
        assert books(url)["twice"] == 0
        assert books(url)["charged"] == charged  # the same keys as in the whole search, charged there
    # and with a server that had never been asked: every key is charged once, however often it was sent
    with serving(Script(mistakes=0.3)) as url:
        assert search(url, tmp_path / "new") == whole
        assert books(url) == {"calls": charged, "charged": charged, "twice": 0}


HEAD = "```python\ndef reward(before, after):\n"
RAISES = f"{HEAD}    gain = after.energy - before.energy\n    return gain / missing\n```"
WORKS = f"{HEAD}    return {{'gain': after.energy - before.energy}}\n```"


def test_python_runs_in_the_sandbox_and_what_it_raises_goes_back(tmp_path):
    replies = iter([RAISES, WORKS])
    with Server(lambda user: next(replies)) as server:
        steps = record_steps(TASK, 0)
        model = writer(server.url, tmp_path, language="python", describe="classes", steps=steps)
        (draft,) = model.write((), [FRESH], frozenset(), rng())
        said = server.seen[1]["messages"][-1]["content"]
        assert "Y_RAISES: NameError: name 'missing' is not defined (line 3, column " in said
        assert "    return gain / missing\n" in said
        np.testing.assert_allclose(draft.program(steps), steps["next_energy"] - steps["energy"])
