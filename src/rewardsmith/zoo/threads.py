"""One thread for the small networks of recipes: with more, they wait for each other most of the time."""

from __future__ import annotations

import os
import sys
from collections.abc import Generator
from contextlib import contextmanager

_VARIABLE = "OMP_NUM_THREADS"


@contextmanager
def one_thread() -> Generator[None]:
    """PyTorch computes with one thread inside; where it was loaded before, it has its own number again after.

    Where it is first loaded inside, it keeps the one thread, because it reads the number only then.  The tiny
    CLIP of ``vlm-rm`` takes 84 CPU-seconds with two threads and 10 with one.
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
