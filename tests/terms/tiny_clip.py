"""A CLIP of one layer, trained on drawn frames, saved as any other CLIP is: for tests of the loading code."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from rewardsmith.tasks.captioned import CARTPOLE
from rewardsmith.terms.similarity import words_of

SIZE, DIMENSIONS = 24, 16


def build_tiny_clip(folder: Path, pairs: int = 600, steps: int = 150) -> None:
    """Build, train contrastively on captioned frames, and write with ``save_pretrained``."""
    import torch
    from transformers import CLIPConfig, CLIPModel

    torch.manual_seed(0)
    torch.set_num_threads(1)
    pixels, captions = CARTPOLE.pairs(pairs, np.random.default_rng(0))
    tokenizer, processor = _tokenizer(folder, [*captions, CARTPOLE.goal]), _processor(pixels / 255.0)
    small = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 1, "num_attention_heads": 2}
    words = {
        "vocab_size": len(tokenizer),
        "max_position_embeddings": 12,
        "eos_token_id": tokenizer.eos_token_id,
    }
    config = CLIPConfig(
        text_config={**small, **words, "bos_token_id": tokenizer.bos_token_id},
        vision_config={**small, "image_size": SIZE, "patch_size": 12},
        projection_dim=DIMENSIONS,
    )
    model = CLIPModel(config)
    for name, weights in model.named_parameters():  # from CLIP's own small ones so small a model hardly moves
        if "embedding" in name or "projection" in name:
            torch.nn.init.normal_(weights, std=0.1)
    images = processor(images=list(pixels), return_tensors="pt", input_data_format="channels_last")
    texts = tokenizer(captions, padding=True, return_tensors="pt")
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    rng = np.random.default_rng(1)
    for _ in range(steps):
        rows = torch.as_tensor(rng.choice(pairs, 48, replace=False))
        loss = model(
            input_ids=texts["input_ids"][rows],
            attention_mask=texts["attention_mask"][rows],
            pixel_values=images["pixel_values"][rows],
            return_loss=True,
        ).loss
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    for part in (model, tokenizer, processor):
        part.save_pretrained(folder)


def _tokenizer(folder: Path, texts: list[str]):
    """CLIP's byte-pair tokenizer over a vocabulary of whole words: every prefix of a word is a merge."""
    from transformers import CLIPTokenizer

    words = sorted({word for text in texts for word in words_of(text)})
    letters = sorted({letter for word in words for letter in word})
    tokens, merges = [*letters, *(f"{letter}</w>" for letter in letters)], []
    for word in words:
        parts = [*word[:-1], f"{word[-1]}</w>"]
        while len(parts) > 1:  # from the end, so that no word's merge is a prefix of another's
            pair = parts[-2:]
            parts[-2:] = ["".join(pair)]
            if (line := " ".join(pair)) not in merges:
                merges.append(line)
                tokens.append(parts[-1])
    vocabulary = {token: i for i, token in enumerate(dict.fromkeys(tokens))}
    for special in ("<|startoftext|>", "<|endoftext|>"):
        vocabulary[special] = len(vocabulary)
    (folder / "vocab.json").write_text(json.dumps(vocabulary))
    (folder / "merges.txt").write_text("#version: 0.2\n" + "\n".join(merges) + "\n")
    return CLIPTokenizer(str(folder / "vocab.json"), str(folder / "merges.txt"))


def _processor(shares):
    from transformers import CLIPImageProcessorPil

    return CLIPImageProcessorPil(
        size={"shortest_edge": SIZE},
        crop_size={"height": SIZE, "width": SIZE},
        image_mean=shares.mean((0, 1, 2)).tolist(),
        image_std=shares.std((0, 1, 2)).tolist(),
    )
