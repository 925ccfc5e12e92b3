"""What a round of 8 programs from a model costs besides the model: `python benchmarks/model_writer.py`.

The scripted model answers in the same process, so its own work is in the figures of the first row.
"""

from __future__ import annotations

import tempfile
import time

import numpy as np

from rewardsmith import tasks
from rewardsmith.core.endpoint import Endpoint
from rewardsmith.design.propose.ask import Ask
from rewardsmith.design.propose.model import ModelWriter
from rewardsmith.design.scripted import Script, serving

ROUNDS, EACH = 5, 8


def main() -> None:
    print(f"{'':<12}{'cpu s':>8}{'wall s':>8}{'replies':>9}")
    with serving(Script(mistakes=0.1)) as url, tempfile.TemporaryDirectory() as folder:
        for label, cache in (("(warm up)", f"{folder}/warm"), ("asked", folder), ("from disk", folder)):
            writer = ModelWriter(Endpoint("scripted-grammar", url, cache=cache), tasks.load("mountain_car"))
            cpu, wall = time.process_time(), time.perf_counter()
            for number in range(ROUNDS):
                writer.write((), [Ask("fresh")] * EACH, frozenset(), np.random.default_rng(number))
            took = time.process_time() - cpu, time.perf_counter() - wall
            print(f"{label:<12}{took[0]:>8.2f}{took[1]:>8.2f}{writer.ledger.used.calls:>9}")


if __name__ == "__main__":
    main()
