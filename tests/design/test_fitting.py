"""The stage of the loop that fits numbers: what the journal has of it, also where a run is continued."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rewardsmith import tasks
from rewardsmith.core.endpoint import Endpoint
from rewardsmith.core.errors import BadInput
from rewardsmith.design import Design, design, load_method, methods
from rewardsmith.design.propose.critic_code import critic_prompt
from rewardsmith.design.schema import flat, parse_method, record_of
from rewardsmith.design.scripted import Script, serving
from rewardsmith.program import parse
from rewardsmith.report import render
from rewardsmith.report.story import read

PPO = (("envs", 4), ("hidden", (8,)), ("minibatches", 2), ("rollout", 32))
TASK = tasks.load("cartpole")
METHOD = replace(load_method("rstar"), rounds=3)


class Stop(Exception):
    pass


class Stopping:
    """Ends the process, as it were, right after the candidates of a round are recorded."""

    def __init__(self, number: int):
        self.number = number

    def event(self, kind, data):
        if kind == "round" and data["round"] == self.number:
            raise Stop


def config(**changes) -> Design:
    return Design("cartpole", METHOD, trainings=12, steps=1024, ppo=PPO, controls=False, **changes)


def rows_of(run) -> list[dict]:
    return [row for n in range(3) for row in run.done(f"round/{n}/proposed")["candidates"]]


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    with design(config(), tmp_path_factory.mktemp("runs")) as run:
        yield run


def test_the_journal_has_the_fitted_numbers_of_new_structures(finished):
    rows, shapes = rows_of(finished), set()
    assert not any("fitted" in row for row in rows if row["id"].startswith("r0"))  # nothing is recorded yet
    fits = [row for row in rows if "fitted" in row]
    moved = [row for row in fits if row["fitted"]["numbers"]]
    assert moved
    for row in fits:
        program, fit = parse(row["text"], TASK), row["fitted"]
        assert program.shape_key not in shapes
        shapes.add(program.shape_key)
        assert {name: program.numbers()[name] for name in fit["numbers"]} == fit["numbers"]
        assert (program.structural_hash != fit["written"]) == bool(fit["numbers"])
        assert 1 <= sum(fit["pairs"]) <= METHOD.fit.labels
        assert fit["pairs"][1] == int(METHOD.fit.held * sum(fit["pairs"]))
        if not fit["numbers"]:
            assert fit["loss"][0] == fit["loss"][1]
    assert all(row["fitted"]["loss"][1] < row["fitted"]["loss"][0] for row in moved)


def test_the_report_says_that_numbers_were_fitted(finished):
    fits = {row["id"]: row["fitted"] for row in rows_of(finished) if "fitted" in row}
    assert {each.id: each.fitted for each in read(finished).candidates if each.fitted} == fits
    page = render(finished)
    for fit in fits.values():
        before, after = (f"{each:.3g}" for each in fit["loss"])
        assert f"numbers fitted to {sum(fit['pairs'])} labelled pairs: loss {before}, then {after}" in page


def test_a_stopped_search_goes_on_to_the_same_end(finished, tmp_path):
    with pytest.raises(Stop):
        design(config(), tmp_path, Stopping(2))
    with design(config(), tmp_path) as run:
        assert run.fingerprint() == finished.fingerprint()


def test_a_model_writes_the_critics_once_and_a_continued_search_pays_them_once(tmp_path):
    with serving(Script(seed=3)) as url:
        whole, parts = (
            config(llm=Endpoint("scripted-grammar", url, cache=str(tmp_path / name), seed=0)) for name in "ab"
        )
        with design(whole, tmp_path / "whole") as run:
            expected = run.fingerprint()
            critics, rows = run.done("critics")["critics"], rows_of(run)
            spent = run.done("round/2/proposed")["spent"]["replies"]
        with pytest.raises(Stop):
            design(parts, tmp_path / "parts", Stopping(2))
        with design(parts, tmp_path / "parts") as run:
            assert run.fingerprint() == expected
    assert 1 <= len(critics) <= METHOD.fit.critics
    assert all(parse(text, TASK).names for text in critics)
    fits = [row["fitted"] for row in rows if "fitted" in row]
    assert {fit["labels"] for fit in fits} == {"critics of the model"}
    assert spent == METHOD.fit.critics + sum("reply" in row for row in rows)


def test_critics_are_told_the_task_and_never_success():
    writer = replace(config(), llm=Endpoint("any", "http://localhost:9/v1")).model_writer(TASK)
    said = critic_prompt(writer)
    assert TASK.text in said
    assert all(field.name in said for field in TASK.fields)
    assert TASK.success.meaning not in said
    assert "success" not in said.replace(TASK.text, "")


def test_a_fit_is_a_section_of_a_method_and_absent_from_the_others():
    assert [name for name, each in methods().items() if each.fit is not None] == ["rstar"]
    assert "fit" not in record_of(load_method("eureka"))
    assert parse_method(record_of(METHOD)) == METHOD
    assert flat(METHOD)["fit.agree"] == "1.0, 0.8, 0.6"
    assert "episodes" in METHOD.uses
    good = record_of(METHOD)
    for change, says in (
        ({"fit": {"critic": 3}}, "did you mean critics"),
        ({"fit": {"kind": "ratings"}}, "preferences"),
        ({"fit": {"labels": 0}}, "at least 1"),
        ({"sees": ["order", "terms"]}, "preferences needs it"),
        ({"writing": {"compose": "signs"}}, "no numbers to fit"),
    ):
        with pytest.raises(BadInput, match=says):
            parse_method({**good, **change})
