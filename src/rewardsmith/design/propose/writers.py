"""Writers: who writes the programs of a search."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...core.arrays import Batch
from ...program import Grammar
from ...tasks import Task
from .ask import Writer
from .difference import DifferenceWriter
from .grammar import GrammarWriter
from .learned import LearnedWriter
from .numbers import NumbersWriter
from .observing import ObservingWriter

if TYPE_CHECKING:
    from ..config import Design


def make_writer(config: Design, task: Task, steps: Batch) -> Writer:
    """The writer of a search: a language model where one is given, otherwise the method's generator."""
    if config.llm is not None:
        return config.model_writer(task, steps)
    writing = config.resolved.writing
    if writing.language == "parameters":
        return NumbersWriter(task)
    grammar = Grammar.from_fields(task.table())
    plain = _GENERATORS[writing.generator](grammar)
    if not writing.observation:
        return plain
    return ObservingWriter(plain, tuple(field.name for field in task.fields if field.kind == "state"))


_GENERATORS = {"grammar": GrammarWriter, "difference": DifferenceWriter, "learned": LearnedWriter}
