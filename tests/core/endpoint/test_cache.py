"""Replies on disk: what is kept, what a second run finds, and what a damaged file says."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from rewardsmith.core.endpoint import Cache, Reply, cache_file, key_of
from rewardsmith.core.errors import StoreError

REPLY = Reply("yes", 3, 1, "model")


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[Cache]:
    opened = Cache(cache_file(str(tmp_path)))
    yield opened
    opened.close()


def test_the_first_reply_of_a_key_stays_and_a_second_run_finds_it(cache: Cache) -> None:
    assert cache.find(["a"]) == {}
    assert cache.keep("a", {}, REPLY) == REPLY
    assert cache.keep("a", {}, Reply("no")) == REPLY
    again = Cache(cache.file)
    assert again.find(["a", "b"]) == {"a": REPLY}
    again.close()


def test_a_key_is_a_function_of_everything_that_is_asked_and_of_no_order() -> None:
    asked = {"model": "m", "messages": [{"role": "user", "content": "x"}], "sample": 0}
    assert key_of(asked) == key_of(dict(reversed(asked.items())))
    assert (
        len({key_of(asked | change) for change in ({}, {"model": "n"}, {"sample": 1}, {"messages": []})}) == 4
    )


@pytest.mark.parametrize("reply", ["{", '{"words": 1}', "3"])
def test_a_damaged_reply_is_named_and_not_a_crash(cache: Cache, reply: str) -> None:
    with sqlite3.connect(cache.file) as connection:
        connection.execute("INSERT INTO replies VALUES ('a', '{}', ?)", (reply,))
    connection.close()
    with pytest.raises(StoreError, match="holds what is no reply"):
        cache.find(["a"])


def test_a_file_that_is_no_cache_is_refused(tmp_path: Path) -> None:
    cache_file(str(tmp_path)).write_bytes(b"not a database, and long enough to be looked at" * 100)
    with pytest.raises(StoreError, match="cannot be opened"):
        Cache(cache_file(str(tmp_path)))
