"""Descriptions of tasks: complete, read back without loss, and silent about success."""

from __future__ import annotations

import ast
import inspect
from dataclasses import replace

import numpy as np
import pytest

import rewardsmith as rs
from rewardsmith import tasks
from rewardsmith.core.errors import BadInput, ProgramError
from rewardsmith.core.fields import Field
from rewardsmith.core.term import Term
from rewardsmith.design.propose.abstraction import abstraction_of
from rewardsmith.design.propose.describe import KINDS, describe
from rewardsmith.design.scripted.read import understand
from rewardsmith.program import Grammar, parse, random_program

# one of each way to read fields: columns, functions, discrete actions, a simulator
TASKS = ("pendulum_hold", "mountain_car_sparse", "acrobot_high", "cartpole_swingup", "Reacher-v5", "Hopper-v5")


def described(name: str, kind: str) -> str:
    return describe(tasks.load(name), kind).text


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", TASKS)
def test_every_field_can_be_read_back(name, kind):
    table = tasks.load(name).table()
    read = {f.name: f for f in understand([{"role": "user", "content": described(name, kind)}]).fields}
    assert set(read) == {f.name for f in table}
    for field in table:
        found = read[field.name]
        assert (found.unit, found.width, found.kind) == (field.unit, field.width, field.kind)
        np.testing.assert_allclose((found.low, found.high), (field.low, field.high), rtol=1e-5)
        if field.kind != "next":
            assert found.meaning == field.meaning


def lines_of(task: tasks.Task) -> set[str]:
    """Every line that success, the native and the naive reward compute with."""
    nodes, found = [task.success.signal, task.native, task.naive], set()
    while nodes:
        node = nodes.pop()
        if node is None:
            continue
        nodes += node.children()
        if isinstance(node, Term):
            tree = ast.parse(inspect.cleandoc(inspect.getsource(node.function)))
            body = tree.body[0]
            assert isinstance(body, ast.FunctionDef)
            found |= {
                ast.unparse(each) for each in ast.walk(body) if isinstance(each, (ast.Return, ast.Assign))
            }
            found |= {line.strip() for line in (ast.get_docstring(body) or "").split("\n")}
            found.add(node.function.__name__)
    return {line for line in found if line}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", tasks.names())
def test_no_line_of_success_or_native_is_told(name, kind):
    task = tasks.load(name)
    text = described(name, kind)
    told = {line.strip() for line in text.split("\n")}
    secret = lines_of(task)
    assert len(secret) >= 3
    assert secret & told == set()
    assert task.success.meaning not in text
    names = {line for line in secret if line.isidentifier()} - {f.name for f in task.fields}
    assert [each for each in names if f"{each}(" in text] == []


def secret_test(obs):
    return obs[..., 0] > 0.125  # the threshold that nobody may know


def gap(obs):
    return SCALE * secret_test(obs) * shifted(obs)


def shifted(obs):
    return obs[..., 1] - 0.5


def seen(next_place):
    return next_place


SCALE = 3.5


def test_code_shows_readers_with_what_they_need_but_not_a_shared_function_of_success():
    task = tasks.load("mountain_car")
    fields = (Field("place", read=0), Field("gap", "m", -1.0, 2.0, "gap", read=gap))
    success = tasks.Success(signal=rs.term(seen), meaning="meaning of success")
    own = replace(task, fields=fields, success=success, native=None, naive=rs.term(secret_test))
    text = describe(own, "code").text
    for line in ("SCALE = 3.5", "return SCALE * secret_test(obs) * shifted(obs)", "return obs[..., 1] - 0.5"):
        assert line in text
    assert "gap = gap(obs)  # state, one number; m; -1 to 2; gap" in text
    assert "def secret_test(obs): ..." in text
    assert "0.125" not in text
    assert "meaning of success" not in text


def test_words_of_a_task_file_cannot_break_out():
    field = Field("x", "m", -1.0, 1.0, "place | of\n```\nit {task} all", read=0)
    signal = tasks.Success(signal=rs.term(lambda_free), meaning="m")
    own = replace(tasks.load("mountain_car"), fields=(field,), success=signal, native=None, naive=None)
    for kind in KINDS:
        text = describe(own, kind).text
        assert "place / of ``` it {task} all" in text
        fences = [line for line in text.split("\n") if line.startswith("```")]
        assert len(fences) in (0, 2)


def lambda_free(next_x):
    return next_x


def test_unknown_kinds_are_refused():
    with pytest.raises(BadInput, match="table, classes, code"):
        describe(tasks.load("pendulum"), "prose")


# ---------------------------------------------------------------------- names
@pytest.mark.parametrize("name", ["pendulum", "cartpole", "Reacher-v5"])
def test_names_go_there_and_back_without_loss_where_text_replacement_corrupts(name):
    task = tasks.load(name)
    names = abstraction_of(task.table())
    grammar, rng = Grammar.from_fields(task.table()), np.random.default_rng(0)
    naive_wrong = 0
    for _ in range(200):
        program = random_program(grammar, rng)
        text = str(program)
        there = names.to_names(text)
        assert parse(names.to_fields(there.text).text, task) == program
        naive = text
        for field in sorted(names.names, key=len, reverse=True):  # the longest first, as published
            naive = naive.replace(field, names.names[field])
        naive_wrong += naive.split("\n", 1)[-1] != there.text.split("\n", 1)[-1]
    assert naive_wrong >= 100


def test_locals_that_clash_are_renamed_and_come_back():
    fields = [Field("x"), Field("next_x", kind="next"), Field("push", kind="action")]
    names = abstraction_of(fields)
    head = "def reward(before, after, act, episode):\n"
    written = head + "    x = after.x\n    x_ = x - before.x\n    return x_ * act.push"
    text = names.to_fields(written).text
    assert text == "def reward(next_x, x, push):\n    x_ = next_x\n    x__ = x_ - x\n    return x__ * push"
    assert names.to_names(text).text == written
    assert (
        parse(text, fields)({"x": np.array([1.0]), "next_x": np.array([3.0]), "push": np.array([2.0])}) == 4.0
    )
    local = "def reward(x):\n    before = x\n    return before"
    assert names.to_names(local).text.split("\n")[1:] == ["    before_ = before.x", "    return before_"]
    assert names.to_fields(names.to_names(local).text).text == local


def test_objects_give_way_to_fields_of_their_name():
    names = abstraction_of([Field("before"), Field("act", kind="action")])
    assert names.to_names("before - act").text == "before_step.before - act_step.act"
    assert names.to_fields("before_step.before - act_step.act").text == "before - act"


def test_a_missing_attribute_is_refused_at_its_place_with_those_there_are():
    names = abstraction_of(tasks.load("pendulum").table())
    source = "def reward(before: State, act: Act):\n    return before.upright - act.speed"
    with pytest.raises(
        ProgramError, match=r"E_NAME at 2:29: no attribute 'act.speed'; allowed: act.action, act.torque"
    ):
        names.to_fields(source)


@pytest.mark.parametrize("text", ["", "def reward(:", "x = " + "(" * 200, "before.upright +"])
def test_what_is_no_python_stays_as_it_is(text):
    assert abstraction_of(tasks.load("pendulum").table()).to_fields(text).text == text


def test_places_are_found_again():
    names = abstraction_of(tasks.load("pendulum").table())
    head = "def reward(\n    before: State,\n    after: State,\n):\n    é = 1.0\n"
    source = f"{head}    return after.energy + before.upright.real"
    renamed = names.to_fields(source)
    lines = renamed.text.split("\n")
    assert len(lines) == len(source.split("\n"))
    assert lines[5] == "    return next_energy + upright.real"
    assert renamed.place(6, lines[5].index(".real") + 1) == (6, source.split("\n")[5].index(".real") + 1)
    assert renamed.place(6, lines[5].index("upright") + 3) == (6, source.split("\n")[5].index("before.up") + 1)
    assert renamed.place(5, 5) == (5, 5)
