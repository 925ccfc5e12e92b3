"""GRPO with a composed reward: a tiny model made here learns to answer sums with short numbers.

Needs `pip install 'rewardsmith[trl]'`.  Runs offline on a CPU in half a minute, most of it imports.
"""

from __future__ import annotations

import os
import tempfile

os.environ["HF_HUB_OFFLINE"] = os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"  # before the first import

import torch
from datasets import Dataset
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast, Qwen2Config, Qwen2ForCausalLM
from trl import GRPOConfig, GRPOTrainer

import rewardsmith as rs


@rs.term
def digits(completion):
    """Share of the characters that are digits."""
    return [sum(c.isdigit() for c in text) / max(1, len(text)) for text in completion]


@rs.term
def exact(completion, reference):
    return [float(text.strip() == right) for text, right in zip(completion, reference, strict=True)]


@rs.term
def brevity(length, *, most=8.0):
    return 1.0 - length / most


# Being short counts only for answers that look like numbers, or silence would pay.
reward = digits + 2.0 * exact + 0.5 * rs.gate(brevity, when=digits, above=0.5) | rs.Clip(0, 3)


def tiny_model(folder: str) -> str:
    """A language model over characters, saved where the trainer can load it."""
    letters = ["<pad>", "<eos>", *"0123456789+= abcdefghijklmnopqrstuvwxyz"]
    inner = Tokenizer(models.WordLevel({c: i for i, c in enumerate(letters)}, unk_token="<pad>"))
    inner.pre_tokenizer = pre_tokenizers.Split(Regex("[\\s\\S]"), "isolated")
    inner.decoder = decoders.Fuse()
    tokens = PreTrainedTokenizerFast(tokenizer_object=inner, pad_token="<pad>", eos_token="<eos>")
    sizes = {"hidden_size": 128, "intermediate_size": 384, "num_hidden_layers": 4, "num_attention_heads": 4}
    config = Qwen2Config(
        vocab_size=len(letters), num_key_value_heads=2, eos_token_id=1, pad_token_id=0, **sizes
    )
    Qwen2ForCausalLM(config).save_pretrained(folder)
    tokens.save_pretrained(folder)
    return folder


torch.set_num_threads(1)  # threads only get in each other's way with so small a model
torch.manual_seed(0)
sums = [(a, b) for a in range(4) for b in range(4)]
data = Dataset.from_dict({"prompt": [f"{a}+{b}=" for a, b in sums], "answer": [str(a + b) for a, b in sums]})
function = rs.connect.trl.reward(reward, data.column_names, name="sums", group_size=8)
with tempfile.TemporaryDirectory() as folder:
    arguments = GRPOConfig(
        output_dir=folder,
        use_cpu=True,
        bf16=False,
        report_to="none",
        save_strategy="no",
        per_device_train_batch_size=64,
        num_generations=8,
        max_completion_length=8,
        max_steps=25,
        logging_steps=5,
        learning_rate=3e-3,
        disable_tqdm=True,
    )
    trainer = GRPOTrainer(tiny_model(folder), function, args=arguments, train_dataset=data)
    trainer.train()
history = [line for line in trainer.state.log_history if "reward" in line]
for line in history:
    print({name: round(line[f"sums/{name}"], 3) for name in ("digits", "exact", "brevity", "clip")})
assert history[-1]["sums/digits"] > history[0]["sums/digits"] + 0.2
