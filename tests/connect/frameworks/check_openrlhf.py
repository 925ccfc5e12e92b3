"""OpenRLHF's own executor of a rollout, with a file that `rewardsmith export --for openrlhf` wrote."""

import asyncio
import sys
from types import SimpleNamespace

import torch
from openrlhf.utils.agent import SingleTurnAgentExecutor
from sums import CASES, NAMES

END = 0


class Letters:
    """A tokenizer of characters with an end token, in the parts that the executor uses."""

    def __call__(self, text, add_special_tokens, return_tensors):
        return {"input_ids": torch.tensor([[ord(c) for c in text]])}

    def decode(self, ids, skip_special_tokens):
        assert not skip_special_tokens
        return "".join("<|im_end|>" if i == END else chr(i) for i in ids)


class Engine:
    """Generates what it is told to."""

    def __init__(self, text):
        self.text = text

    async def generate(self, ids, params, multi_modal_data):
        tokens = [*(ord(c) for c in self.text), END]
        output = SimpleNamespace(token_ids=tokens, finish_reason="stop", logprobs=None)
        return SimpleNamespace(outputs=[output])


async def main(path):
    executor = SingleTurnAgentExecutor(path)
    for text, label, total, parts in CASES:
        params = SimpleNamespace(max_tokens=16, logprobs=None)
        out = await executor.execute("1+1=", label, params, 64, Letters(), Engine(text))
        # what OpenRLHF's samples_generator does with it
        reward, score = torch.tensor([out["reward"]]), torch.tensor([out["scores"]])
        logs = {name: value.flatten()[0].item() for name, value in out["extra_logs"].items()}
        assert reward.shape == score.shape == (1,), reward
        assert abs(reward.item() - (-0.5 if total is None else total)) < 1e-6, (text, out)
        assert logs["verdict"] == float(total is not None), logs
        assert parts is None or all(abs(logs[n] - p) < 1e-6 for n, p in zip(NAMES, parts, strict=True)), logs


asyncio.run(main(sys.argv[1]))
