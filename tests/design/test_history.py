"""The feedback kind ``history``: what a model is told of earlier choices, also after a stop."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from rewardsmith import tasks
from rewardsmith.core.endpoint import Endpoint
from rewardsmith.core.errors import BadInput
from rewardsmith.design import Design, design, methods
from rewardsmith.design.candidate import Candidate, Parent, TermTrace, View
from rewardsmith.design.history import LONGEST, choices, history_record, with_history
from rewardsmith.design.method import Writing
from rewardsmith.design.propose.ask import Ask, Draft
from rewardsmith.design.propose.messages import Conversation
from rewardsmith.design.propose.reflection_text import curve
from rewardsmith.design.schema import parse_method, record_of
from rewardsmith.program import parse
from terms.judge.server import Endpoint as Server

TASK = tasks.load("cartpole")
PPO = (("envs", 4), ("hidden", (8,)), ("minibatches", 2), ("rollout", 32))
ROUNDS = 4
WRITING = Writing(feedback=("reflection", "history"))
HEAD = "What earlier rounds chose"


class Model:
    """Writes another program each time, and says how two choices differ."""

    def __init__(self) -> None:
        self.written = self.compared = 0

    def __call__(self, user: str) -> str:
        if "differs from the older one" in user:
            self.compared += 1
            return f"Difference number {self.compared}."
        self.written += 1
        parts = f"'near_{self.written}': {self.written} * square(angle), 'calm_{self.written}': -abs(x)"
        return f"```python\nreturn {{{parts}}}\n```"


class Stop(Exception):
    pass


class Stopping:
    def __init__(self, number: int) -> None:
        self.number = number

    def event(self, kind, data):
        if kind == "round" and data["round"] == self.number:
            raise Stop


def config(url: str, cache: str) -> Design:
    made = replace(methods()["icpl"], rounds=ROUNDS)
    llm = Endpoint("scripted-grammar", url, cache=cache, seed=0, concurrency=1)
    return Design(
        "cartpole",
        made,
        trainings=2 * ROUNDS,
        steps=512,
        ppo=PPO,
        controls=False,
        llm=llm,
        feedback="scripted:success",
    )


def parent(name: str, value: float = 0.0) -> Parent:
    terms = {f"part_{name}": TermTrace(value, value, 1.0, (value, value + 1.0))}
    return Parent(Candidate(name, parse(f"{{'part_{name}': x}}", TASK), "improve"), terms)


def made(*parents: str) -> dict[str, Candidate]:
    """One candidate for each round, made from what is given; "" from nothing."""
    found = (Candidate(f"r{i}c0", None, "improve", (name,) if name else ()) for i, name in enumerate(parents))
    return {each.id: each for each in found}


# ---------------------------------------------------------------------- which choices
def test_choices_are_told_once_in_order_and_those_that_are_shown_are_not():
    candidates = made("", "r0c0", "r1c0", "r0c0", "r2c0")
    assert choices(candidates.values(), 5) == ["r0c0", "r1c0", "r2c0"]
    view = View(5, 9, tuple(parent(name) for name in ("r2c0", "r1c0", "r0c0", "r4c0")))
    asks = [Ask("improve", (parent("r4c0"), parent("r1c0"))), Ask("fresh")]
    one, other = with_history(asks, view, candidates, WRITING)
    assert [each.candidate.id for each in one.earlier] == ["r0c0", "r2c0"]
    assert other.earlier == (), "what is written from nothing hears of nothing"
    assert with_history(asks, view, candidates, Writing()) == asks
    assert history_record([Draft(None, other)]) == {}
    assert history_record([Draft(None, one), Draft(None, one)]) == {"history": ["r0c0", "r2c0"]}


def test_the_newest_are_told_where_there_are_too_many():
    count = LONGEST + 5
    candidates = made("", *(f"r{i}c0" for i in range(count)))
    view = View(count + 1, 99, tuple(parent(name) for name in candidates))
    (ask,) = with_history([Ask("improve", (parent(f"r{count}c0"),))], view, candidates, WRITING)
    assert [each.candidate.id for each in ask.earlier] == [f"r{i}c0" for i in range(count - LONGEST, count)]


@pytest.mark.parametrize("operator", ["improve", "different", "structure"])
def test_the_prompt_has_curves_and_words_and_no_code(operator):
    """Oracle: the text by hand."""
    said = replace(parent("r1c0", 2.0), notes=("Calmer.",))
    ask = Ask(operator, (parent("r2c0"),), earlier=(parent("r0c0", 1.0), said))
    (text,) = [m["content"] for m in Conversation(TASK, WRITING).messages(ask) if HEAD in m["content"]]
    start = text.index(HEAD)
    told = text[start : text.index("part_r2c0", start)]
    first, second = (
        "r0c0:\n\n- part_r0c0: 1.00, 2.00; max 2.00, mean 1.50, min 1.00",
        "r1c0:\n\n- part_r1c0: 2.00, 3.00; max 3.00, mean 2.50, min 2.00",
    )
    assert 0 < told.index(first) < told.index(second) < told.index("Calmer.")
    assert "```" not in told[: told.index("Calmer.")]
    assert HEAD not in str(Conversation(TASK, WRITING).messages(replace(ask, earlier=())))


def test_it_needs_to_see_what_parts_paid():
    data = record_of(methods()["icpl"])
    data["sees"], data["writing"]["feedback"] = ["order"], ["history"]
    with pytest.raises(BadInput, match="also terms: history needs it"):
        parse_method(data)


# ---------------------------------------------------------------------- with a model
@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    root = tmp_path_factory.mktemp("whole")
    with Server(Model()) as server, design(config(server.url, str(root / "replies")), root) as run:
        yield run, [seen["messages"] for seen in server.seen]


def test_the_next_prompt_holds_all_earlier_choices_with_their_traces(whole):
    """Oracle: the choices by the films' judge and the traces in the journal, told again by hand."""
    run, asked = whole
    proposed = [event.payload for event in run.events("proposed") if "writer" in event.payload]
    chosen = [each["candidates"][0]["parents"][0] for each in proposed[1:]]
    assert len(set(chosen)) == ROUNDS - 1, "another choice every round, so the case is worth a test"
    assert [each.get("history") for each in proposed] == [None, None, chosen[:1], chosen[:2]]
    traces = {row["id"]: row["terms"] for event in run.events("trained") for row in event.payload["standings"]}
    last = [text for messages in asked if HEAD in (text := messages[-1]["content"])][-1]
    for name in chosen[:2]:
        lines = [curve(part, trace[3]) for part, trace in traces[name].items()]
        assert len(lines) == 2
        assert all(last.count(line) == 1 for line in lines)
    assert (
        last.index(f"{chosen[0]}:\n")
        < last.index(f"{chosen[1]}:\n")
        < last.index(f"{proposed[-1]['candidates'][0]['parents'][1]}:\n")
    )
    assert last.count("Difference number 1.") == 1, "how the second choice differed from the first"
    told = [sum(HEAD in m["content"] for m in messages) for messages in asked]
    assert sum(told) == len(proposed[2]["candidates"]) + len(proposed[3]["candidates"])
    assert "success" not in json.dumps(asked).lower()


@pytest.mark.parametrize("number", [2, 3])
def test_a_stopped_search_asks_with_the_same_words(whole, tmp_path, number):
    run, asked = whole
    with Server(Model()) as server:
        made = config(server.url, str(tmp_path / "replies"))
        with pytest.raises(Stop):
            design(made, tmp_path, Stopping(number))
        with design(made, tmp_path) as again:
            assert again.fingerprint() == run.fingerprint()
        assert [seen["messages"] for seen in server.seen] == asked, "and none of them twice"
