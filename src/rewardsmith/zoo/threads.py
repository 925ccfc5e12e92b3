"""One thread for the small networks of recipes: with more, they wait for each other most of the time."""

from __future__ import annotations

import os
import sys
from collections.abc import Generator
from contextlib import contextmanager

_VARIABLE = "OMP_NUM_THREADS"


@contextmanager
def one_thread() -> Generator[None]:
    """PyTorch computes with one thread inside, also where it is imported first there; afterwards as before.

    A network of a few thousand parameters takes 8 times the CPU time and wall time with two threads
    (`vlm-rm`: 84 s instead of 10 s).
    """
    before = os.environ.get(_VARIABLE)
    os.environ[_VARIABLE] = "1"  # is read when PyTorch is loaded
    torch = sys.modules.get("torch")
    threads = None if torch is None else torch.get_num_threads()
    if torch is not None:
        torch.set_num_threads(1)
    try:
        yield
    finally:
        if before is None:
            del os.environ[_VARIABLE]
        else:
            os.environ[_VARIABLE] = before
        if torch is not None:
            torch.set_num_threads(threads)
