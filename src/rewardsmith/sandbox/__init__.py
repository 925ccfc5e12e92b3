"""Untrusted Python: isolated workers for rewards (tier T1) and for programs judged by tests (tier T2)."""

from .backend import BACKENDS as BACKENDS
from .backend import Backend as Backend
from .backend import NoSandbox as NoSandbox
from .backend import Reason as Reason
from .backend import Worker as Worker
from .backend import best as best
from .backend import get_backend as get_backend
from .codes import CODES as CODES
from .jobs import ArrayJob as ArrayJob
from .jobs import Fault as Fault
from .jobs import Job as Job
from .jobs import Limits as Limits
from .jobs import Outcome as Outcome
from .jobs import ProgramJob as ProgramJob
from .jobs import Status as Status
from .jobs import Tier as Tier
from .pool import Pool as Pool
from .pool import shared as shared
from .pool import using as using
from .python_reward import PythonReward as PythonReward
from .python_reward import parse_python as parse_python
from .unit_tests import UnitTest as UnitTest
from .unit_tests import passes_tests as passes_tests
from .unit_tests import read_tests as read_tests
from .unit_tests import verdicts as verdicts

__all__ = [
    "BACKENDS",
    "CODES",
    "ArrayJob",
    "Backend",
    "Fault",
    "Job",
    "Limits",
    "NoSandbox",
    "Outcome",
    "Pool",
    "ProgramJob",
    "PythonReward",
    "Reason",
    "Status",
    "Tier",
    "UnitTest",
    "Worker",
    "best",
    "get_backend",
    "parse_python",
    "passes_tests",
    "read_tests",
    "shared",
    "using",
    "verdicts",
]
