"""One worker for the tests that only look at what comes out of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from rewardsmith.sandbox import Limits, Pool


@pytest.fixture(scope="session")
def pool() -> Iterator[Pool]:
    with Pool(limits=Limits(wall=20.0, cpu=5.0), size=1) as opened:
        yield opened
