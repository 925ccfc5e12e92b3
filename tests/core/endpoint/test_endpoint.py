"""The client of language models against a real server: keys, samples, formats, limits, budgets, kills."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
import time

import pytest

from rewardsmith.core.endpoint import Budget, BudgetSpent, Endpoint, EndpointError, Request, Usage, usage
from rewardsmith.core.endpoint.client import read_reply
from rewardsmith.core.endpoint.pace import Pace
from rewardsmith.core.errors import BadInput
from terms.judge.server import Endpoint as Server


def say(text: str, sample: int = 0, **more) -> Request:
    return Request(({"role": "user", "content": text},), sample, **more)


def echo(user: str) -> str:
    return f"echo {user}"


def endpoint(server: Server, tmp_path, **changes) -> Endpoint:
    return Endpoint("tiny", server.url, **{"cache": str(tmp_path), "timeout": 20.0, **changes})


def test_a_second_run_makes_no_call_and_costs_nothing(tmp_path):
    with Server(echo) as server:
        model = endpoint(server, tmp_path, price_in=1000.0, price_out=2000.0)
        before = usage().get("tiny", Usage())
        first = model.ask([say("a"), say("b")])
        assert [reply.text for reply in first if reply] == ["echo a", "echo b"]
        after = usage()["tiny"]
        assert (after.calls - before.calls, after.tokens - before.tokens) == (2, 36)
        # 11 tokens read and 7 written in each, by the prices of a million
        assert after.money - before.money == pytest.approx(2 * (11 * 1000 + 7 * 2000) / 1e6)
    assert model.ask([say("a"), say("b")]) == first  # the server is gone
    again = usage()["tiny"]
    assert (again.calls, again.money, again.cached - after.cached) == (after.calls, after.money, 2)


def test_every_sample_of_a_request_has_its_own_key_and_seed(tmp_path):
    with Server(echo) as server:
        model = endpoint(server, tmp_path, seed=7)
        model.ask([say("a", sample) for sample in (0, 1, 2)])
        assert sorted(seen["seed"] for seen in server.seen) == [7, 8, 9]
        keys = {seen["idempotency-key"] for seen in server.seen}
        assert len(keys) == 3
        model.ask([say("a", 1)])
        assert len(server.seen) == 3
        # the same question from another process, with another cache, carries the same key
        endpoint(server, tmp_path / "other", seed=7).ask([say("a", 1)])
        assert server.seen[-1]["idempotency-key"] in keys


def test_the_model_names_itself(tmp_path):
    with Server(echo) as server:
        (reply,) = endpoint(server, tmp_path).ask([say("a")])
        assert reply is not None
        assert (reply.model, reply.trouble) == ("tiny", "")


def test_429_and_500_are_asked_again_with_the_same_key(tmp_path):
    with Server(echo, busy=3) as server:
        (reply,) = endpoint(server, tmp_path).ask([say("a")])
        assert reply is not None
        assert reply.text == "echo a"
        assert len(server.seen) == 4
        assert len({seen["idempotency-key"] for seen in server.seen}) == 1


def test_an_endpoint_that_refuses_response_format_is_asked_without(tmp_path):
    form = {"type": "json_object"}
    with Server(echo, plain=True) as server:
        model = endpoint(server, tmp_path)
        (reply,) = model.ask([say("a", form=form)])
        assert reply is not None
        assert reply.text == "echo a"
        assert ["response_format" in seen for seen in server.seen] == [True, False]
        # one body, one key
        assert server.seen[0]["idempotency-key"] != server.seen[1]["idempotency-key"]
        model.ask([say("b", form=form)])
        assert ["response_format" in seen for seen in server.seen] == [True, False, False]
        model.ask([say("a", form=form)])
        assert len(server.seen) == 3
    with Server(echo) as server:
        endpoint(server, tmp_path / "b").ask([say("a", form=form)])
        assert server.seen[0]["response_format"] == form


def test_what_an_endpoint_refuses_is_left_out_or_called_by_its_newer_name(tmp_path, caplog):
    with Server(echo, plain=True, refuses=("temperature", "max_tokens")) as server:
        model = endpoint(server, tmp_path, temperature=0.5, seed=3, max_tokens=77)
        (reply,) = model.ask([say("a", form={"type": "json_object"})])
        assert reply is not None
        assert reply.text == "echo a"
        assert len(server.seen) == 4
        last = server.seen[-1]
        assert not {"temperature", "max_tokens", "response_format"} & set(last)
        assert (last["max_completion_tokens"], last["seed"]) == (77, 3)
        assert len({seen["idempotency-key"] for seen in server.seen}) == 4
        assert "refuses max_tokens, response_format, temperature; asked without" in caplog.text
        model.ask([say("b")])
        assert len(server.seen) == 5  # that it refuses them is known


def test_a_wrong_request_is_no_reply_with_or_without_a_format(tmp_path):
    with Server(echo, status=400) as server:
        model = endpoint(server, tmp_path)
        assert model.ask([say("a"), say("b", form={"type": "json_object"})]) == [None, None]
        assert len(server.seen) == 3


def test_a_wrong_key_is_an_error_of_one_line(tmp_path):
    with Server(echo, status=401) as server, pytest.raises(EndpointError, match="refuses tiny") as caught:
        endpoint(server, tmp_path).ask([say("a")])
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("choice", "trouble"),
    [
        ({"message": {"content": "x"}, "finish_reason": "length"}, "length"),
        ({"message": {"content": "x", "refusal": "no"}, "finish_reason": "stop"}, "refusal"),
        ({"message": {"content": None}, "finish_reason": "stop"}, "empty"),
    ],
)
def test_why_there_is_no_text(choice, trouble):
    reply = read_reply(json.dumps({"choices": [choice]}))
    assert (reply.text, reply.trouble) == ("", trouble)


# ---------------------------------------------------------------------- budgets
def test_a_budget_of_calls_is_a_hard_stop(tmp_path):
    with Server(echo) as server:
        model = endpoint(server, tmp_path)
        requests = [say(letter) for letter in "abcdef"]
        with pytest.raises(BudgetSpent, match=r"tiny \(4 calls\) is used up: 4 calls, 72 tokens") as caught:
            model.ask(requests, Budget(calls=4))
        assert sorted(seen["messages"][0]["content"] for seen in server.seen) == list("abcd")
        assert [reply.text for reply in caught.value.replies if reply] == [f"echo {x}" for x in "abcd"]
        # continued with everything on disk, it stops in the same place: nothing depends on what is cached
        with pytest.raises(BudgetSpent):
            model.ask(requests, Budget(calls=4))
        with pytest.raises(BudgetSpent):
            model.ask(requests[4:], Budget(calls=4), spent=Usage(calls=2, cached=2))
        assert len(server.seen) == 4
        assert len(pickle.loads(pickle.dumps(caught.value)).replies) == 4


@pytest.mark.parametrize("limits", [{"tokens": 130}, {"money": 130 / 1e6}])
def test_a_budget_of_tokens_or_money_is_never_exceeded(tmp_path, limits):
    with Server(echo) as server:
        model = endpoint(server, tmp_path, max_tokens=40, price_in=1.0, price_out=1.0)
        most = model.most(say("a"))
        assert most.tokens == 49  # one byte, 8 for the message, 40 to write
        with pytest.raises(BudgetSpent) as caught:
            model.ask([say(letter) for letter in "abcdefghij"], Budget(**limits))
        # each really uses 18: two fit at first, and so on, until fewer than 49 are left
        replies = caught.value.replies
        assert len(replies) == 5
        assert 130 - 49 < 18 * len(replies) <= 130


def test_bad_settings():
    for wrong in ({"model": ""}, {"base_url": "localhost"}, {"timeout": 0.0}, {"price_in": -1.0}):
        with pytest.raises(BadInput, match="Endpoint"):
            Endpoint(**{"model": "m", **wrong})
    with pytest.raises(BadInput, match="tokens_per_minute"):
        Endpoint("m", tokens_per_minute=0)
    with pytest.raises(BadInput, match="money"):
        Budget(money=-1.0)


# ---------------------------------------------------------------------- rate limits
def test_a_sliding_window_never_holds_more_than_its_limits():
    pace, now, sent = Pace(3, 100, window=10.0), 0.0, []
    for size in [40, 40, 40, 10, 10, 10, 10, 90, 5, 200, 1]:
        while (pause := pace.pause(now, size)) > 0:
            now += pause
        sent.append((now, size))
    for at, size in sent:
        window = [s for t, s in sent if at - 10.0 < t <= at]
        assert len(window) <= 3
        assert sum(window) <= 100 or window == [size]
    # nothing waits longer than it has to: brute force over the times at which something leaves the window
    times = [0.0]
    for number, (at, size) in enumerate(sent[1:], 1):
        for free in sorted({times[-1], *(t + 10.0 for t in times if t + 10.0 > times[-1])}):
            held = [s for t, (_, s) in zip(times, sent, strict=False) if t > free - 10.0]
            if not held or (len(held) < 3 and sum(held) + size <= 100):
                break
        times.append(free)
        assert at == pytest.approx(times[number])


def test_requests_per_minute_are_kept(tmp_path, monkeypatch):
    monkeypatch.setattr("rewardsmith.core.endpoint.pace.MINUTE", 0.6)
    with Server(echo) as server:
        started = time.monotonic()
        model = endpoint(server, tmp_path, requests_per_minute=2)
        assert None not in model.ask([say(letter) for letter in "abcde"])
        assert time.monotonic() - started >= 2 * 0.6


# ---------------------------------------------------------------------- kills
def test_killed_in_the_middle_nothing_is_asked_under_another_key(tmp_path):
    """The calls that were answered are on disk; the one under way is sent again with the key it had."""
    with Server(echo, seconds=0.3) as server:
        script = (
            "from rewardsmith.core.endpoint import Endpoint, Request\n"
            f"model = Endpoint('tiny', {server.url!r}, cache={str(tmp_path)!r}, concurrency=1)\n"
            "model.ask([Request(({'role': 'user', 'content': text},)) for text in 'abcde'])\n"
        )
        process = subprocess.Popen([sys.executable, "-c", script])
        until = time.monotonic() + 30
        while len(server.seen) < 3 and time.monotonic() < until:
            time.sleep(0.02)
        process.kill()
        process.wait()
        assert len(server.seen) == 3
        server.seconds = 0.0
        model = endpoint(server, tmp_path)
        assert [reply.text for reply in model.ask([say(x) for x in "abcde"]) if reply] == [
            f"echo {x}" for x in "abcde"
        ]
        keys = [seen["idempotency-key"] for seen in server.seen]
        assert len(keys) == 6
        assert len(set(keys)) == 5
        assert keys[2] in keys[3:]
