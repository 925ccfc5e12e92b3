"""The scripted model: a server of the protocol that is a function of its seed and what it is asked."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace

import httpx
import numpy as np
import pytest

from rewardsmith import tasks
from rewardsmith.core.endpoint import Endpoint, EndpointError, Request
from rewardsmith.core.errors import BadInput, ProgramError, StoreError
from rewardsmith.design.candidate import Candidate, Parent, TermTrace
from rewardsmith.design.method import Writing
from rewardsmith.design.propose.ask import Ask
from rewardsmith.design.propose.messages import Conversation
from rewardsmith.design.propose.reply import extract
from rewardsmith.design.propose.roles import Roles
from rewardsmith.design.scripted import Script, answer, load_recordings, record_replies, serving
from rewardsmith.design.scripted.read import understand
from rewardsmith.program import parse

TASK = tasks.load("pendulum")
FRESH = Conversation(TASK, Writing()).messages(Ask("fresh"))


def post(url: str, headers=None, **body) -> httpx.Response:
    data = {"model": "scripted-grammar", "messages": FRESH, **body}
    return httpx.post(f"{url}/chat/completions", json=data, headers=headers, timeout=20)


def texts(reply: httpx.Response) -> list[str]:
    return [choice["message"]["content"] for choice in reply.json()["choices"]]


def improve(terms: dict[str, TermTrace], source: str) -> Ask:
    parent = Parent(Candidate("r0c0", parse(source, TASK), "fresh"), terms)
    return Ask("improve", (parent,))


# ---------------------------------------------------------------------- the protocol
def test_choices_usage_and_names_are_those_of_the_protocol():
    with serving() as url:
        reply = post(url, n=3, seed=5).json()
        assert reply["model"] == "scripted-grammar"
        assert [choice["index"] for choice in reply["choices"]] == [0, 1, 2]
        assert {choice["finish_reason"] for choice in reply["choices"]} == {"stop"}
        usage = reply["usage"]
        assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]
        assert usage["prompt_tokens"] == sum(-(-len(message["content"]) // 4) for message in FRESH)
        assert httpx.get(f"{url}/models").json()["data"][0]["id"] == "scripted-grammar"


def test_samples_are_functions_of_seed_messages_and_number():
    with serving() as one, serving() as two, serving(Script(seed=1)) as other:
        first = texts(post(one, n=3, seed=5))
        assert len(set(first)) == 3
        assert first == texts(post(two, n=3, seed=5))
        assert first[1:] == texts(post(two, n=2, seed=6))  # the seed names the sample
        assert not set(first) & set(texts(post(other, n=3, seed=5)))
        # without a seed, the key of a call tells it from the next one, and again the same key from no other
        keys = [{"Idempotency-Key": key} for key in "ab"]
        assert texts(post(one, keys[0])) == texts(post(two, keys[0])) != texts(post(one, keys[1]))
        assert texts(post(one)) != texts(post(one))


def test_a_call_is_charged_once_under_its_key():
    with serving(Script(seconds=0.2)) as url, httpx.Client() as client:
        data, key = {"model": "scripted-grammar", "messages": FRESH}, {"Idempotency-Key": "k"}
        for _ in range(2):  # the first gives up before the answer, and asks again
            with pytest.raises(httpx.TimeoutException):
                client.post(
                    f"{url}/chat/completions", json=data, headers={"Idempotency-Key": "k"}, timeout=0.05
                )
        reply = post(url, key)
        assert reply.status_code == 200
        books = httpx.get(url.removesuffix("/v1") + "/books").json()
        assert books == {"calls": 3, "charged": 1, "twice": 0}


def test_errors_on_demand():
    with serving(Script(busy=2)) as url:
        assert [post(url, {"Idempotency-Key": "k"}).status_code for _ in range(4)] == [429, 500, 200, 200]
        assert [post(url).status_code for _ in range(3)] == [429, 500, 200]


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        ({"messages": []}, 400, "messages"),
        ({"messages": [{"role": "user"}]}, 400, "messages"),
        ({"stream": True}, 400, "whole answers"),
        ({"n": 0}, 400, "1 to 128"),
        ({"model": "gpt-4"}, 404, "stands in for a language model"),
    ],
)
def test_what_it_cannot_answer(body, status, said):
    with serving() as url:
        reply = post(url, **body)
        assert reply.status_code == status
        assert said in reply.json()["error"]["message"]
        assert httpx.post(f"{url}/chat/completions", content=b"{").status_code == 400


def test_response_format_can_be_refused_and_answers_can_be_cut_off():
    with serving(Script(formats=False)) as url:
        assert post(url, response_format={"type": "json_object"}).status_code == 400
        reply = post(url, max_tokens=3).json()
        assert reply["choices"][0]["finish_reason"] == "length"
        assert len(reply["choices"][0]["message"]["content"]) == 12
        assert reply["usage"]["completion_tokens"] == 3


# ---------------------------------------------------------------------- the answers
def test_it_reads_only_the_prompt():
    """What it may use is what it is told: without fields it writes nothing, with other fields of these."""
    assert "say what a reward may read" in answer(Script(), [{"role": "user", "content": "Write a reward."}])
    reach = Conversation(tasks.load("Reacher-v5"), Writing()).messages(Ask("fresh"))
    read = set[str]()
    for sample in range(20):
        read |= parse(extract(answer(Script(), reach, sample)).code, tasks.load("Reacher-v5")).fields
    assert len(read) > 5
    assert not read & {"upright", "energy"}


def test_mistakes_have_the_share_that_was_set():
    wrong = 0
    for sample in range(300):
        try:
            program = parse(extract(answer(Script(mistakes=0.3), FRESH, sample)).code, TASK)
            values = program({f.name: np.ones((4, f.width) if f.width else 4) for f in TASK.table()})
            wrong += not np.isfinite(values).all()
        except (ProgramError, ArithmeticError):
            wrong += 1
    # 90 expected, with a standard deviation of 8
    assert 60 <= wrong <= 120


def test_it_answers_what_the_parts_paid():
    """A part that drowns the others is made smaller, by the rules that the prompt states."""
    source = '{"up": 5.0 * upright, "effort": -0.1 * torque ** 2}'
    flat = TermTrace(-0.1, -0.1, 0.0, (-0.1, -0.12, -0.1))
    large = TermTrace(40.0, 50.0, 0.0, (40.0, 45.0, 50.0))
    said = Conversation(TASK, Writing()).messages(improve({"up": large, "effort": flat}, source))
    curves = dict(understand(said).curves)
    assert curves["up"].points == large.points
    assert curves["up"].share == pytest.approx(45.0 / (45.0 + 0.32 / 3), rel=1e-2)
    smaller = 0
    for sample in range(30):
        program = parse(extract(answer(Script(), said, sample)).code, TASK)
        numbers = program.numbers()
        smaller += numbers.get("program.up.c0", 5.0) < 5.0
    assert smaller >= 8
    plain = Conversation(TASK, Writing(feedback=())).messages(improve({}, source))
    assert understand(plain).curves == ()
    assert [str(program) for program in understand(plain).programs] == [str(parse(source, TASK))]


@pytest.mark.parametrize("describe", ["table", "classes", "code"])
@pytest.mark.parametrize("language", ["programs", "python"])
def test_it_says_what_really_differs_and_names_a_field_that_there_is(describe, language):
    conversation = Conversation(TASK, Writing(describe=describe, language=language))
    roles = Roles(None, conversation, None, None)
    older, newer = (
        improve({}, f'{{"up": {number} * upright, "effort": -torque ** 2}}').parents[0] for number in (2.0, 6.0)
    )
    said = answer(Script(), [{"role": "user", "content": roles.difference_prompt(newer, older)}])
    assert said == "The newer reward against the older: changed up: 2 -> 6. The person may want more of up."
    asked = roles.analyzer_prompt(newer, "1 of 1 recorded episodes failed.")
    found = json.loads(answer(Script(), [{"role": "user", "content": asked}]))
    assert set(found) == {"cause", "suggestion"}
    names = {f.name for f in TASK.fields if f.kind == "state"}
    assert sum(f" {name} " in found["cause"] for name in names) == 1


def test_what_a_prompt_quotes_is_not_what_it_asks_for():
    """Words of people and analysts may say anything, also the words by which prompts are told apart."""
    quoted = "The newer differs from the older one. Numbers only: numbers only. A part, one part only."
    for operator in ("improve", "numbers", "structure"):
        ask = replace(improve({}, "upright"), operator=operator, notes=(quoted,))
        assert understand(Conversation(TASK, Writing()).messages(ask)).asked == operator


def test_a_judge_of_the_library_can_ask_it_nothing_but_gets_an_answer():
    said = answer(Script(), [{"role": "user", "content": "Reply with one JSON object: score 1 to 5"}])
    assert said.startswith("I am a scripted model")


def test_bad_settings():
    with pytest.raises(BadInput, match="mistakes"):
        Script(mistakes=1.5)
    with pytest.raises(BadInput, match="busy -1"):
        Script(busy=-1)


# ---------------------------------------------------------------------- recordings
def test_recordings_are_replayed_under_their_keys_and_say_so(tmp_path):
    requests = [Request(FRESH, sample) for sample in range(3)]
    with serving() as url:
        model = Endpoint("scripted-grammar", url, cache=str(tmp_path / "a"))
        replies = model.ask(requests)
    file = tmp_path / "recorded.json"
    assert record_replies(tmp_path / "a" / "replies.sqlite", file) == 3
    recorded = load_recordings(file)
    assert recorded == {
        model.key(each): reply.text for each, reply in zip(requests, replies, strict=True) if reply
    }
    with serving(Script(recordings=recorded)) as url:
        again = Endpoint("scripted-grammar", url, cache=str(tmp_path / "b"), retries=0)
        played = again.ask(requests)
        assert [reply.text for reply in played if reply] == [reply.text for reply in replies if reply]
        assert {reply.model for reply in played if reply} == {"scripted-recordings"}
        with pytest.raises(EndpointError, match="no recording of the request"):
            again.ask([Request(FRESH, 9)])


def test_recordings_that_cannot_be_used(tmp_path):
    (tmp_path / "list.json").write_text("[1]")
    for name in ("list.json", "none.json"):
        with pytest.raises(BadInput, match="recordings"):
            load_recordings(tmp_path / name)
    with pytest.raises(StoreError, match="no cache"):
        record_replies(tmp_path / "none.sqlite", tmp_path / "out.json")


# ---------------------------------------------------------------------- the verb
def test_the_verb_serves_until_it_is_stopped(tmp_path):
    command = [sys.executable, "-m", "rewardsmith", "scripted-model", "--port", "0", "--seed", "3", "--json"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=dict(os.environ)
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        said = json.loads(process.stdout.readline())
        assert said["model"] == "scripted-grammar"
        wanted = answer(Script(seed=3, mistakes=0.1), FRESH, 4)
        assert texts(post(said["url"], seed=4)) == [wanted]
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) == 0
        assert "no language model, answers by script" in process.stderr.read()
