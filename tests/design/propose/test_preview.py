"""The preview of a search: what it says would be sent is sent, and what it says it costs is not exceeded."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from rewardsmith import tasks
from rewardsmith.core.endpoint import Budget, Endpoint
from rewardsmith.design import Design
from rewardsmith.design.candidate import View
from rewardsmith.design.propose.preview import estimate, preview
from rewardsmith.design.schema import load_method
from rewardsmith.design.scripted import Script, serving
from rewardsmith.tasks.record import record_steps
from terms.judge.server import Endpoint as Server

TASK = tasks.load("pendulum_hold")


def config(url: str, cache, **changes) -> Design:
    llm = Endpoint("scripted-grammar", url, cache=str(cache), price_in=2.0, price_out=8.0, max_tokens=1000)
    return Design(
        "pendulum_hold", **{"method": "eureka", "trainings": 15, "llm": llm, "spend": Budget(), **changes}
    )


def first_round(design: Design):
    """What the loop does in its first round."""
    writer = design.model_writer(TASK, record_steps(TASK, design.seed))
    rng = np.random.default_rng([design.seed, 0])
    strategy = design.resolved.strategy
    asks = strategy.asks(strategy.start(), View(0, design.rounds), 3, rng)
    return writer, asks, writer.write(writer.start(), asks, frozenset(), rng)


def test_the_prompts_that_are_shown_are_those_that_are_sent(tmp_path):
    with Server(lambda user: "```python\nupright\n```") as server:
        design = config(server.url, tmp_path)
        text = preview(design)
        assert server.seen == []
        assert "rounds: 5 of 3 programs" in text
        assert "on disk: 0 of the first round's 3 replies" in text
        first_round(design)
        sent = {message["content"] for seen in server.seen for message in seen["messages"]}
        assert sent
        assert all(content in text for content in sent)
        assert [line for line in text.split("\n") if line.startswith("===")] == [
            "=== fresh: round 0",
            "=== improve: round 1, with made-up parents",
        ]
        asked = len(server.seen)
        assert "on disk: 3 of the first round's 3 replies" in preview(design)
        assert len(server.seen) == asked


def test_calls_and_money_are_bounds(tmp_path):
    method = load_method("eureka")
    method = replace(method, rounds=1, writing=replace(method.writing, repairs=2))
    with serving(Script(mistakes=1.0)) as url:
        design = config(url, tmp_path, method=method, trainings=3)
        writer, asks, drafts = first_round(design)
        assert all(draft.program is None for draft in drafts)
        found = estimate(design, writer, [asks])
        used = writer.ledger.used
        assert (found.calls, found.most_calls) == (3, 9)
        assert used.calls == found.most_calls
        assert 0 < used.money <= found.most
    with serving() as url:
        writer, asks, _ = first_round(config(url, tmp_path / "b", method=method, trainings=3))
        used = writer.ledger.used
        assert used.calls == 3
        # the scripted server counts four characters as a token, too; it rounds up each message
        assert abs(used.prompt_tokens - found.prompt_tokens) <= 2 * 3
        assert f"cost: about {found.cost:.2f}, at most {found.most:.2f}" in preview(
            config(url, tmp_path, method=method, trainings=3)
        )
        assert found.cost == (found.prompt_tokens * 2.0 + 3 * 500 * 8.0) / 1e6


@pytest.mark.parametrize(("name", "times"), [("auto_mc_reward", 2), ("icpl", 1), ("eureka", 0)])
def test_advice_is_shown_and_counted(tmp_path, name, times):
    """Three rounds: failures can be read twice, and choices compared once."""
    method = replace(load_method(name), rounds=3)
    feedback = "scripted:success" if name == "icpl" else None
    with Server(lambda user: "never asked") as server:
        design = config(server.url, tmp_path, method=method, trainings=6, feedback=feedback)
        text = preview(design)
        assert server.seen == []
    writes = 6 * (2 if method.writing.critic else 1)
    advised = f"; at most {times} of them for advice" if times else "\n"
    most = writes * (method.writing.repairs + 1) + times
    repairs = method.writing.repairs
    assert f"calls: {writes + times}; {most} if every reply is refused {repairs} times{advised}" in text
    assert ("=== analyzer: after a round, made up" in text) == (name == "auto_mc_reward")
    assert ("=== difference: after a round, made up" in text) == (name == "icpl")
    assert "made up: what a prompt after the first round says of rewards" in text
    assert text.count("recorded episodes failed") == (name == "auto_mc_reward")


def test_a_search_without_a_model_sends_nothing():
    assert "no prompt is sent" in preview(Design("pendulum_hold"))
