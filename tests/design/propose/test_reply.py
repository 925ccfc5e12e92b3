"""Replies: the code in them, whatever stands around it."""

from __future__ import annotations

import json

import pytest

from rewardsmith.core.errors import ProgramError
from rewardsmith.design.propose.reply import extract

CODE = "def reward(x):\n    return x"
HELPED = "def near(x):\n    return -abs(x)\n\ndef reward(x):\n    return near(x)"

REPLIES = [
    (f"```python\n{CODE}\n```", CODE),
    (f"```\n{CODE}\n```", CODE),
    (f"~~~py\n{CODE}\n~~~", CODE),
    (f"````python\n{CODE}\n````", CODE),
    (f"I think so.\n```python\n{CODE}\n```\nDone.", CODE),
    (f"<think>```python\nwrong\n```</think>\n```python\n{CODE}\n```", CODE),
    # helper functions above or below the entry point stay
    (f"```python\n{HELPED}\n```", HELPED),
    (f"```python\n{CODE}\n\ndef later(x):\n    return x\n```", f"{CODE}\n\ndef later(x):\n    return x"),
    # several fences: the last one that defines reward, with the helpers that it calls
    (f"```python\ndef reward(y):\n    return y\n```\nbetter:\n```python\n{CODE}\n```", CODE),
    (f"```python\n{CODE}\n```\nuse it so:\n```python\nprint(reward(1))\n```", CODE),
    (f"```python\ndef near(x):\n    return -abs(x)\n```\n```python\n{HELPED[33:]}\n```", HELPED),
    (f"```python\ndef unused(x):\n    return x\n```\n```python\n{CODE}\n```", CODE),
    (f"```bash\npip install x\n```\n```python\n{CODE}\n```", CODE),
    (f"```python\n{CODE}\n```\n```json\n[1]\n```", CODE),
    # without a fence, or with one that never ends
    (f"Sure!\n{CODE}\nThis pays for x.", CODE),
    (f"from what you say:\nimport numpy as np\n{CODE}\nuse it\nand run", f"import numpy as np\n{CODE}"),
    (f"```python\n{CODE}", CODE),
    ("-abs(x)", "-abs(x)"),
    ("```python\n-abs(x)\n```", "-abs(x)"),
    # JSON
    (json.dumps({"thoughts": "so", "program": CODE}), CODE),
    (json.dumps({"code": f"```python\n{CODE}\n```"}), CODE),
    (f"```json\n{json.dumps({'program': CODE})}\n```", CODE),
]


@pytest.mark.parametrize(("reply", "code"), REPLIES)
def test_the_code_is_found(reply, code):
    assert extract(reply).code == code


@pytest.mark.parametrize(
    "reply", ["", "I cannot do that.", "<think>for ever", '{"thoughts": "?"}', "```python\n```"]
)
def test_no_code_is_a_refusal_that_says_what_is_wanted(reply):
    with pytest.raises(
        ProgramError, match=r"E_REPLY at 1:1: .*; allowed: one fence that begins with ```python"
    ):
        extract(reply)


def test_words_are_kept_for_the_critic():
    assert extract(f"I pay for x.\n```python\n{CODE}\n```\nDone.").words.split() == [
        "I",
        "pay",
        "for",
        "x.",
        "Done.",
    ]
    assert extract(json.dumps({"thoughts": "I pay.", "program": CODE})).words == "I pay."


@pytest.mark.parametrize("hostile", ["(" * 100_000, "```python\n" + "-" * 100_000 + "\n```", "```" * 30_000])
def test_no_reply_crashes_or_hangs_the_reader(hostile):
    try:
        code = extract(hostile).code
    except ProgramError:
        code = ""
    assert len(code) <= len(hostile)
