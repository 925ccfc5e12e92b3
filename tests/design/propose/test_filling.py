"""What a coder says, as numbers of a schema: what is taken, and what is refused."""

from __future__ import annotations

import pytest

from rewardsmith.core.errors import BadInput, ProgramError
from rewardsmith.design.parameters import program_of, schema_of
from rewardsmith.design.propose.ask import Ask
from rewardsmith.design.propose.filling import filled_in, read_numbers
from rewardsmith.tasks import load

TASK = load("pendulum")


@pytest.mark.parametrize("reply", ['{"height": 0.5}', '```json\n{"height": 0.5}\n```'])
def test_numbers_are_read_from_one_object(reply):
    assert read_numbers(reply, ("height", "speed")) == {"height": 0.5}


@pytest.mark.parametrize(
    ("reply", "says"),
    [
        ("as high as possible", "one JSON object"),
        ('{"height": 0.5}', "received 'height'; allowed: speed"),
        ('{"speed": "fast"}', "a number"),
        ('{"speed": true}', "a number"),
        ('{"speed": [1]}', "a number"),
    ],
)
def test_anything_else_is_refused_in_one_line(reply, says):
    with pytest.raises(BadInput, match=says) as caught:
        read_numbers(reply, ("speed",))
    assert "\n" not in str(caught.value)


def test_what_is_not_mentioned_stays_at_its_default():
    found = filled_in('{"upright_weight": 2.0}', schema_of(TASK), Ask("fresh"), TASK)
    assert found == program_of(schema_of(TASK).spec().filled({"upright_weight": 2.0}), TASK)


@pytest.mark.parametrize(
    "reply", ['{"upright_weight": 1e9}', '{"upright_weight": 1e999}', '{"fast": 1}', "{}", "no"]
)
def test_a_reply_that_sets_nothing_that_may_be_set_goes_back(reply):
    with pytest.raises(ProgramError) as caught:
        filled_in(reply, schema_of(TASK), Ask("fresh"), TASK)
    assert caught.value.code == "E_PARAMETER"
