"""verl's own loader and reward managers, with a file that `rewardsmith export --for verl` wrote."""

import asyncio
import sys
from pathlib import Path

import torch
from omegaconf import OmegaConf
from sums import CASES, NAMES
from verl import DataProto
from verl.experimental.reward_loop.reward_manager import get_reward_manager_cls
from verl.trainer.ppo.reward import get_custom_reward_fn


class Letters:
    """A tokenizer of characters."""

    def decode(self, ids, skip_special_tokens):
        assert skip_special_tokens
        return "".join(chr(i) for i in ids.tolist())


def sample(text, truth):
    ids = torch.tensor([[ord(c) for c in text] + [0] * (8 - len(text))])
    mask = torch.tensor([[1] * 4 + [1] * len(text) + [0] * (8 - len(text))])
    return DataProto.from_dict(
        tensors={"prompts": torch.ones(1, 4, dtype=torch.long), "responses": ids, "attention_mask": mask},
        non_tensors={
            "data_source": ["sums"],
            "reward_model": [{"ground_truth": truth}],
            "extra_info": [{"prompt": "1+1", "index": 3}],
        },
    )


async def scored(manager, function):
    config = OmegaConf.create({"trainer": {"experiment_name": "e"}, "reward": {"num_workers": 1}})
    made = get_reward_manager_cls(manager)(config, Letters(), function)
    results = [await made.run_single(sample(text, truth)) for text, truth, *_ in CASES]
    for (_, _, total, parts), result in zip(CASES, results, strict=True):
        extra = result["reward_extra_info"]
        assert abs(result["reward_score"] - (-0.5 if total is None else total)) < 1e-12, result
        assert extra["verdict"] == float(total is not None), result
        assert parts is None or all(abs(extra[n] - p) < 1e-12 for n, p in zip(NAMES, parts, strict=True)), (
            result
        )
    assert len({tuple(result["reward_extra_info"]) for result in results}) == 1  # one key set
    scores = [result["reward_score"] for result in results]
    whole = DataProto.concat([sample(text, truth) for text, truth, *_ in CASES])
    tensor = made.assemble_rm_scores(whole, scores)
    assert torch.allclose(tensor.sum(dim=1), torch.tensor(scores))


def function(path, name="compute_score"):
    entry = {"path": str(path), "name": name, "reward_kwargs": {}}
    return get_custom_reward_fn(OmegaConf.create({"reward": {"custom_reward_function": entry}}))


exported = Path(sys.argv[1])
for manager in ("naive", "gdpo", "dapo", "rate_limited"):
    asyncio.run(scored(manager, function(exported)))
waiting = exported.with_name("awaited.py")
waiting.write_text(exported.read_text() + "\nwaiting = compute_score.awaited\n")
asyncio.run(scored("naive", function(waiting, "waiting")))
