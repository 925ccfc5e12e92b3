"""The restricted reward language: rewards that a language model or a search may write.

    program = parse("{'upright': cos(angle), 'effort': -0.01 * action ** 2}", task)

Nothing is executed: the text becomes a tree of our own nodes, which is evaluated here, printed, varied
and turned into register code for whole populations.
"""

from __future__ import annotations

import sys as _sys

from ..core.pytree import register_pytrees as _register_pytrees
from .check import Finding as Finding
from .check import check as check
from .codes import CODES as CODES
from .encode import Code as Code
from .encode import code_of as code_of
from .encode import column_names as column_names
from .encode import columns as columns
from .encode import encode as encode
from .functions import FUNCTIONS as FUNCTIONS
from .generate import random_program as random_program
from .generate import survey as survey
from .grammar import Chooser as Chooser
from .grammar import Grammar as Grammar
from .grammar import Odds as Odds
from .interpret import interpret as interpret
from .parse import parse as parse
from .program import Program as Program
from .vary import crossover as crossover
from .vary import movable_numbers as movable_numbers
from .vary import mutate as mutate

if "jax" in _sys.modules:
    _register_pytrees()
