"""What holds for all tests."""

from __future__ import annotations

import os

# As many devices as a training asks for, also where another test touches JAX first: with one device the same
# programs would be compiled again, with other last digits.
os.environ.setdefault("JAX_NUM_CPU_DEVICES", str(max(2, len(os.sched_getaffinity(0)))))
