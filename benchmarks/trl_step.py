"""What a composed reward costs inside a GRPO step of TRL.

    python benchmarks/trl_step.py [--steps 20]

16 completions of up to 32 tokens, 0.8M parameters (more would only make the step longer); the reward has 6
terms and 4 transforms.  Its time is measured around the call that TRL makes, the step's between two calls;
medians are printed, the first steps are left out.  The last line is JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

os.environ["HF_HUB_OFFLINE"] = os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"  # before the first import
sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

import torch
from trl import GRPOConfig, GRPOTrainer

import rewardsmith as rs
from connect.tiny_model import make, sums
from rewardsmith import terms
from rewardsmith.connect import trl
from rewardsmith.transforms import OverlongPenalty, Tanh


@rs.term
def digits(completion):
    """Share of the characters that are digits."""
    return [sum(c.isdigit() for c in text) / max(1, len(text)) for text in completion]


REWARD = (
    digits
    + 2.0 * terms.exact_answer(find="whole")
    + 0.2 * terms.length_band(longest=24.0)
    + 0.1 * rs.gate(terms.distinct_ngrams, when=digits, above=0.2)
    - 0.1 * terms.repeated_ngrams
    | OverlongPenalty(limit=32.0, buffer=8.0)
    | Tanh()
    | rs.Clip(-1.0, 1.0)
)


class Timed:
    """The reward function, and when it was called."""

    def __init__(self, inner: Any) -> None:
        self.inner, self.__name__ = inner, inner.__name__
        self.spent: list[float] = []
        self.called: list[float] = []

    def __call__(self, **keywords: Any) -> Any:
        start = time.perf_counter()
        self.called.append(start)
        result = self.inner(**keywords)
        self.spent.append(time.perf_counter() - start)
        return result


def main() -> None:
    """Train a few steps and print the share of the reward."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=20)
    options = parser.parse_args()
    torch.set_num_threads(1)
    data = sums(64)
    function = Timed(trl.reward(REWARD, data.column_names, name="composed", group_size=8))
    with tempfile.TemporaryDirectory() as folder:
        trainer = GRPOTrainer(
            model=str(make(Path(folder) / "model")),
            reward_funcs=function,
            train_dataset=data,
            args=GRPOConfig(
                output_dir=folder,
                use_cpu=True,
                bf16=False,
                report_to="none",
                save_strategy="no",
                gradient_checkpointing=False,
                per_device_train_batch_size=16,
                num_generations=8,
                max_completion_length=32,
                max_steps=options.steps,
                disable_tqdm=True,
                logging_steps=1000,
            ),
        )
        size = sum(p.numel() for p in trainer.model.parameters())
        trainer.train()
    steps = [b - a for a, b in zip(function.called, function.called[1:], strict=False)][3:]
    reward, step = statistics.median(function.spent[3:]), statistics.median(steps)
    print(f"{size / 1e6:.2f}M parameters, step {1e3 * step:.0f} ms, reward {1e3 * reward:.2f} ms")
    print(f"the reward takes {100 * reward / step:.2f} % of a GRPO step")
    print(json.dumps({"parameters": size, "step_s": step, "reward_s": reward, "share": reward / step}))


if __name__ == "__main__":
    main()
