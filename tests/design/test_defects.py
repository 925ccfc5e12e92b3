"""Defects of published code, one by one: the loop does not have them.

Where another test covers one, a comment points there.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import pytest

from rewardsmith import tasks
from rewardsmith.core.endpoint import Endpoint
from rewardsmith.core.errors import BadInput
from rewardsmith.design import Design, methods
from rewardsmith.design.candidate import Candidate, Parent, View
from rewardsmith.design.clock import Silent
from rewardsmith.design.loop import Search
from rewardsmith.design.method import Method, Training, Writing
from rewardsmith.design.propose.ask import Ask, Draft
from rewardsmith.design.propose.learned import LearnedWriter
from rewardsmith.design.propose.model import ModelWriter
from rewardsmith.design.propose.writers import make_writer
from rewardsmith.design.race import Standing
from rewardsmith.design.schema import flat, parse_method
from rewardsmith.design.screen.protocol import Episode
from rewardsmith.design.screen.refusal import Refusal
from rewardsmith.design.select import published
from rewardsmith.design.strategy import Archive, Best, Independent, Islands
from rewardsmith.program import Grammar, parse
from rewardsmith.store import Run
from rewardsmith.tasks.record import record_steps
from terms.judge.server import Endpoint as Server

TASK = tasks.load("cartpole")
WORLD, PPO = tasks.load("pendulum_hold"), (("envs", 8), ("rollout", 64))  # compiled for other tests too


@dataclass(frozen=True)
class Odd:
    """Refuses an even number of parts: often enough to leave gaps in a round."""

    kind: ClassVar[str] = "odd"
    needs: ClassVar[tuple[str, ...]] = ()
    uses: ClassVar[tuple[str, ...]] = ()

    def judge(self, program: Any, values: Any, evidence: Any) -> Refusal | None:
        del values, evidence
        return None if len(program.names) % 2 else Refusal("S_ODD", "an even number of parts")


def search_of(method: Method | str, **changes: Any) -> Search:
    made = method if isinstance(method, Method) else methods()[method]
    return Search(
        Design("cartpole", made, feedback="scripted:success", **changes).budgeted(TASK), TASK, None, None
    )


def entered(search: Search, **success: tuple[float, ...]) -> Search:
    for name, values in success.items():
        search.candidates[name] = Candidate(name, parse("angle", TASK), "fresh")
        search.standings[name] = Standing(name, values, 0.7, True, curve=(0.1, 0.2))
    return search


# ---------------------------------------------------------------------- 1: a group of one has no baseline
# tests/design/test_pcfg.py::test_no_verdict_stays_out_of_the_group refuses such a group.
def test_defect_1_a_learned_generator_never_gets_a_group_of_one():
    learned = [each for each in methods().values() if each.writing.generator == "learned"]
    assert [each.name for each in learned] == ["derl"]
    assert learned[0].smallest == 2
    for trainings in (2, 3, 7):
        found = search_of("derl", trainings=trainings, seeds=1)
        assert found._count() >= 2
    with pytest.raises(BadInput, match="at least 2"):
        Design("cartpole", "derl", trainings=1, seeds=1)


# ---------------------------------------------------------------------- 2: invalid programs are dropped
def test_defect_2_invalid_programs_count_with_the_reward_of_the_invalid():
    writer = LearnedWriter(Grammar.from_fields(TASK.table()))
    state = writer.start()
    drafts = writer.write(state, [Ask("fresh")] * 4, frozenset(), np.random.default_rng(0))
    worst = writer.learn(state, drafts, [0.5, None, 0.5, 0.5])
    traces = [draft.trace for draft in drafts]
    assert worst.log_probability(traces[1]) < state.log_probability(traces[1])
    dropped = writer.learn(state, [drafts[i] for i in (0, 2, 3)], [0.5, 0.5, 0.5])
    padded = writer.learn(state, [drafts[i] for i in (0, 0, 2, 3)], [0.5] * 4)
    assert dropped == padded == state != worst, "nothing would have been learned of it"
    assert writer.learn(state, drafts, [None] * 4) == state, "nothing valid is no error"


# ---------------------------------------------------------------------- 3: "False" is true, selection on test
# tests/design/test_loop.py::test_the_winner_was_chosen_on_seeds_of_its_own: no final seed is used before.
@pytest.mark.parametrize("value", ["False", "false", "no", 0, 1, None])
def test_defect_3_no_text_and_no_number_is_a_truth_value(value):
    data = {"name": "mine", "meaning": "one", "sees": ["order"]}
    with pytest.raises(BadInput, match="strategy: elitist"):
        parse_method({**data, "strategy": {"kind": "best", "elitist": value}})


# ---------------------------------------------------------------------- 4 and 6: screened and trained
@pytest.fixture(scope="module")
def gaps(tmp_path_factory):
    """A round in which programs were refused before others were trained."""
    training = Training(first=1.0, survivors=1.0, confirmed=0.0)
    method = Method("gaps", "of this test", Independent(), rounds=1, screens=(Odd(),), training=training)
    config = Design("pendulum_hold", method, trainings=3, steps=1024, seeds=1, ppo=PPO)
    run = Run.create(tmp_path_factory.mktemp("runs"), config.record(WORLD))
    with run:
        search = Search(config, WORLD, run, Silent())
        search.steps = record_steps(WORLD, 0)
        search.writer = make_writer(config, WORLD, search.steps)
        search._round(0, (), ())
        yield search, run.done("round/0/proposed")["candidates"], run.done("round/0/trained/search")


def test_defect_4_what_a_screen_refused_is_never_trained(gaps):
    search, rows, trained = gaps
    refused = {row["id"] for row in rows if row["screened"]}
    ids = {member["id"] for member in trained["members"]}
    assert len(ids) == 3
    assert refused
    assert ids == set(search.candidates) == {row["id"] for row in rows} - refused


def test_defect_6_after_refusals_ids_still_belong_to_their_programs(gaps):
    search, rows, trained = gaps
    places = [row["screened"] is None for row in rows]
    assert False in places[: len(places) - places[::-1].index(True)], "a refusal stands before a training"
    by_id = {row["id"]: parse(row["text"], WORLD) for row in rows}
    assert len({frozenset(by_id[each["id"]].names) for each in trained["standings"]}) > 1
    for each in trained["standings"]:
        assert set(each["terms"]) == set(by_id[each["id"]].names)
        assert search.candidates[each["id"]].program == by_id[each["id"]]


# With a model: tests/design/propose/test_model_writer.py::test_a_second_run_is_the_same_and_asks_nothing.


# ---------------------------------------------------------------------- 5: the oracle reaches the prompt
# Prompts: tests/design/propose/test_model_writer.py::test_no_prompt_tells_success_unless_it_is_seen;
# bit for bit: tests/design/test_leak.py.
@pytest.mark.parametrize("name", sorted(methods()))
def test_defect_5_no_figure_of_success_reaches_a_method_that_does_not_see_it(name):
    method = methods()[name]
    told = (*method.writing.feedback, "process", "trajectory", "preference")
    search = entered(search_of(replace(method, writing=replace(method.writing, feedback=told))), r0c0=(0.375,))
    search.audience.words["r0c0"] = ("it falls over",)
    search.latest, search.steps = ("r0c0",), {}
    shown = search._view(1).ranked
    if "order" not in method.sees:
        assert shown == ()
        return
    (parent,) = shown
    seen = "score" in method.sees
    assert (parent.score, parent.curve) == ((0.375, (0.1, 0.2)) if seen else (None, ()))
    assert ("0.3" in " ".join(parent.notes)) == seen, "process feedback tells success"
    assert parent.notes[-1] == "it falls over"
    search.played = {"r0c0": (Episode({}, True),)}
    assert bool(search._evidence(()).episodes) == seen


# ---------------------------------------------------------------------- 7: helper functions are deleted
# tests/design/propose/test_reply.py::test_the_code_is_found (HELPED).


# ---------------------------------------------------------------------- 8: a missing metric moves the others
class Listening:
    """A writer that remembers what it was told."""

    def learn(self, state: Any, drafts: Any, scores: Any) -> Any:
        return [*state, (list(drafts), list(scores))]


def test_defect_8_scores_stay_with_their_drafts_where_one_has_none():
    search = entered(search_of("derl"), r0c0=(0.2,), r0c2=(math.nan,), r0c3=(0.9,))
    search.writer = Listening()
    program = parse("angle", TASK)
    drafts = [(Draft(program, Ask("fresh"), text=name), search.candidates.get(name)) for name in
              ("r0c0", "r0c1", "r0c2", "r0c3")]  # fmt: skip
    ((found, scores),) = search._learned([], drafts)
    assert [draft.text for draft in found] == ["r0c0", "r0c1", "r0c2", "r0c3"]
    assert scores[0] == 0.2
    assert scores[1] is None
    assert math.isnan(scores[2])
    assert scores[3] == 0.9


def test_defect_8_what_crashed_has_no_sentinel_and_is_never_ranked():
    """Neither -10000 nor 0: NaN, last in every order, and no parent."""
    search = entered(search_of("eureka"), r0c0=(math.nan,), r0c1=(0.0,), r0c2=(1.0, math.nan), r0c3=(0.4,))
    assert [each.id for each in search.ranked()] == ["r0c3", "r0c1"]
    search.latest = tuple(search.standings)
    assert [each.candidate.id for each in search._view(1).latest] == ["r0c3", "r0c1"]
    order = sorted(search.standings.values(), key=lambda each: each.order)
    assert {each.id for each in order[2:]} == {"r0c0", "r0c2"}
    assert published("argmax", search.ranked()).id == "r0c3"
    assert published("last", search.ranked()).id == "r0c3"


# ---------------------------------------------------------------------- 9, 10, 11
# 9: tests/optimize/replay/test_shared.py::test_one_window_for_successes_and_failures.
# 10: tests/optimize/replay/test_shared.py::test_scales_are_matched_and_a_constant_is_refused.
# 11: tests/feedback/test_hierarchy.py::test_every_level_has_a_margin_of_its_own.


# ---------------------------------------------------------------------- 12: the softmax overflows
# That the best of an island is kept: tests/design/test_strategies.py.
@pytest.mark.parametrize("sizes", [(1e4, 9e3, -1e4), (800.0, -800.0, 0.0), (-1e6, -2e6, -3e6)])
def test_defect_12_successes_of_any_size_draw_parents(sizes):
    ranked = tuple(
        Parent(Candidate(f"r0c{i}", parse("angle", TASK), "fresh", (), i % 2), score=size)
        for i, size in enumerate(sizes)
    )
    view = View(1, 5, ranked, ranked)
    for made in (Islands(islands=2), Archive(elite=0.0, uniform=0.0, seeds=0), Best(crossover=1.0)):
        with np.errstate(all="raise", under="ignore"):
            state = made.learn(made.start(), replace(view, round=0))
            asks = made.asks(state, view, 20, np.random.default_rng(0))
        assert any(ask.parents for ask in asks)


# ---------------------------------------------------------------------- 13, 14
# 13: tests/transforms/test_krc.py::test_krc_is_the_loop_over_its_formula has every combination of signs.
# 14: what is trained is the program itself, and it pays what its text pays.
def test_defect_14_what_is_trained_is_what_was_written():
    program = parse("def reward(angle):\n    scaled = 0.5 * angle\n    return scaled", TASK)
    made = Candidate("r0c0", program, "fresh")
    assert made.reward is made.program is program
    batch = {"angle": np.array([2.0, -4.0])}
    assert made.reward(batch).tolist() == parse(made.record()["text"], TASK)(batch).tolist() == [1.0, -2.0]


# ---------------------------------------------------------------------- 15: renaming, retries, keys
# Renaming on text: tests/design/propose/test_describe.py; bounded repairs:
# tests/design/propose/test_model_writer.py::test_every_refusal_goes_back_with_code_place_and_what_is_allowed.
CODE = "```python\nangle\n```"


def test_defect_15_the_key_goes_to_the_endpoint_that_was_given_and_nowhere_else(monkeypatch, tmp_path):
    with Server(lambda user: CODE) as given, Server(lambda user: CODE) as other:
        monkeypatch.setenv("OPENAI_BASE_URL", other.url)
        monkeypatch.setenv("OPENAI_API_KEY", "the wrong one")
        monkeypatch.setenv("MY_KEY", "a secret")
        endpoint = Endpoint("any", given.url, key_variable="MY_KEY", cache=str(tmp_path / "cache"))
        model = ModelWriter(endpoint, TASK, Writing())
        (draft,) = model.write((), [Ask("fresh")], frozenset(), np.random.default_rng(0))
        assert str(draft.program) == "angle"
        assert [seen["authorization"] for seen in given.seen] == ["Bearer a secret"]
        assert other.seen == []
    kept = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert kept
    assert b"a secret" not in kept
    assert "a secret" not in repr(endpoint)


# ---------------------------------------------------------------------- 16: rewards that are hacked
# tests/design/test_screens_of_episodes.py::test_a_known_exploit_must_not_pay_like_its_counterpart.


# ---------------------------------------------------------------------- 17: which constants
def test_defect_17_what_a_paper_leaves_open_names_a_key_of_the_method():
    for method in methods().values():
        known = flat(method)
        for key, why in method.open.items():
            assert any(name == key or name.startswith(f"{key}.") for name in known), (method.name, key)
            assert len(why) > 15
        if not method.source:
            assert not method.open


# ---------------------------------------------------------------------- 18: the choice on test data
# tests/design/test_loop.py, as 3; tests/design/test_configuration.py::test_stages_never_share_a_seed.
