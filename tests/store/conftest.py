"""Stores that tests run on: SQLite, and a real PostgreSQL server."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from store.server import Server, postgres


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    with postgres() as found:
        yield found


@pytest.fixture(params=["sqlite", "postgres"])
def store(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Runs of the test, and of the processes that it starts, keep their journals there."""
    monkeypatch.delenv("REWARDSMITH_STORE", raising=False)
    if request.param == "postgres":
        monkeypatch.setenv("REWARDSMITH_STORE", request.getfixturevalue("server").url())
    return request.param
