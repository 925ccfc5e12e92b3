from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewardsmith.core.errors import BadInput
from rewardsmith.store import decode, encode, run_id

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=20,
)


def same(one: Any, two: Any) -> bool:
    """Equality in which NaN equals NaN, 1 is not 1.0 and 0.0 is not -0.0."""
    if isinstance(one, Mapping):
        return isinstance(two, Mapping) and one.keys() == two.keys() and all(same(one[k], two[k]) for k in one)
    if isinstance(one, list):
        return isinstance(two, list) and len(one) == len(two) and all(map(same, one, two))
    return type(one) is type(two) and repr(one) == repr(two)


@given(values)
def test_round_trip(value: Any) -> None:
    text = encode(value)
    assert same(decode(text), value)
    assert encode(decode(text)) == text


@given(st.sampled_from(["$nan", "$$nan", "$", "nan"]), st.booleans())
def test_nothing_a_user_writes_is_mistaken_for_nan(key: str, flag: bool) -> None:
    assert decode(encode({key: flag})) == {key: flag}


@given(st.floats(width=32, allow_infinity=False))
def test_numpy_scalars_become_numbers(number: float) -> None:
    read = decode(encode({"x": np.float32(number)}))["x"]
    assert same(read, float(number))


def test_numpy_types() -> None:
    value = {"i": np.int64(3), "b": np.bool_(True), "s": np.str_("x"), "zero": np.asarray(2.5), "t": (1, 2)}
    assert same(decode(encode(value)), {"i": 3, "b": True, "s": "x", "zero": 2.5, "t": [1, 2]})


@pytest.mark.parametrize(
    ("value", "part"),
    [
        ({"a": [1.0, math.inf]}, "payload.a[1]: received inf"),
        ({"a": np.float32("-inf")}, "infinity is always an error"),
        ({"a": np.zeros(3)}, "shape (3,)"),
        ({1: 2}, "payload key"),
        ({"a": {1, 2}}, "a set"),
        ({"a": b"x"}, "a bytes"),
        ({"a": 1j}, "a complex"),
        ({"a": np.complex64(1)}, "holding a complex"),
        ({"a": object()}, "a object"),
        ({"a": np.longdouble(1)}, "payload.a"),
    ],
)
def test_refusals_say_where(value: Any, part: str) -> None:
    with pytest.raises(BadInput) as caught:
        encode(value)
    assert part in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_value_that_holds_itself_is_refused() -> None:
    loop: list[Any] = []
    loop.append(loop)
    with pytest.raises(BadInput, match="nested too deeply"):
        encode(loop)


def test_run_id_is_the_hash_of_sorted_json() -> None:
    import hashlib

    config = {"task": "cartpole", "seeds": (0, 1), "lr": np.float64(0.1)}
    text = json.dumps({"lr": 0.1, "seeds": [0, 1], "task": "cartpole"}, separators=(",", ":"))
    assert run_id(config) == hashlib.sha256(text.encode()).hexdigest()[:12]
    assert run_id(dict(reversed(config.items()))) == run_id(config)
    assert run_id({**config, "lr": 0.2}) != run_id(config)
    assert run_id({"a": 1}) != run_id({"a": 1.0})
