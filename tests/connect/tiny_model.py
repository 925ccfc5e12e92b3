"""A language model of a million parameters over characters, made here, and small sums as tasks."""

from __future__ import annotations

import os
import string
from pathlib import Path
from typing import Any

os.environ["HF_HUB_OFFLINE"] = os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"  # before the first import

TEMPLATE = "{% for m in messages %}{{ m['role'] + ':' + m['content'] + '\n' }}{% endfor %}assistant:"


def make(folder: Path) -> Path:
    """Save the model and its tokenizer (only a model with a path can be loaded again)."""
    import torch
    from transformers import Qwen2Config, Qwen2ForCausalLM

    torch.set_num_threads(1)
    torch.manual_seed(0)
    tokens = tokenizer()
    config = Qwen2Config(
        vocab_size=len(tokens),
        hidden_size=128,
        intermediate_size=384,
        num_hidden_layers=4,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=256,
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=tokens.eos_token_id,
        pad_token_id=tokens.pad_token_id,
    )
    Qwen2ForCausalLM(config).save_pretrained(folder)
    tokens.save_pretrained(folder)
    return folder


def tokenizer() -> Any:
    """One token per character; padding is not the end of a text."""
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    special = ["<pad>", "<eos>", "<unk>"]
    letters = [*special, *string.digits, *string.ascii_letters, *" +-*/=.,:?\n()"]
    inner = Tokenizer(models.WordLevel({letter: i for i, letter in enumerate(letters)}, unk_token="<unk>"))
    inner.pre_tokenizer = pre_tokenizers.Split(Regex("[\\s\\S]"), "isolated")
    inner.decoder = decoders.Fuse()
    return PreTrainedTokenizerFast(
        tokenizer_object=inner,
        pad_token="<pad>",
        eos_token="<eos>",
        unk_token="<unk>",
        padding_side="left",
        chat_template=TEMPLATE,
    )


def sums(count: int, chat: bool = False) -> Any:
    """Tasks of reasoning-gym as a data set with the columns ``prompt``, ``answer`` and ``index``."""
    import reasoning_gym
    from datasets import Dataset

    tasks = reasoning_gym.create_dataset("chain_sum", size=count, seed=1, min_terms=2, max_terms=2)
    texts = [entry["question"].rsplit(":", 1)[-1].strip() for entry in tasks]
    prompts = [[{"role": "user", "content": text}] for text in texts] if chat else texts
    answers = [entry["answer"] for entry in tasks]
    return Dataset.from_dict({"prompt": prompts, "answer": answers, "index": list(range(count))})
