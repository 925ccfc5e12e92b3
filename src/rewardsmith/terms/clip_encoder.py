"""ClipEncoder: a CLIP model of the ``transformers`` library, read from a folder and never downloaded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from ..core.errors import BadInput, MissingExtra
from .image_text import Floats


@dataclass(frozen=True)
class ClipEncoder:
    """Pictures and sentences by the CLIP model in a folder, as ``save_pretrained`` writes it.

    The folder holds the model, its tokenizer and its image processor.  It is read at first use and kept; the
    encoder itself is only its settings, so it pickles and compares.

    Args:
        path: the folder.
        batch: pictures or sentences encoded at a time.

    Raises:
        BadInput: the folder has no model.
        MissingExtra: ``transformers`` or ``torch`` is not installed.

    Source: Radford et al., "Learning Transferable Visual Models From Natural Language Supervision",
    arXiv:2103.00020.
    """

    path: str
    batch: int = 64

    def __post_init__(self) -> None:
        object.__setattr__(self, "path", str(self.path))
        if self.batch < 1:
            raise BadInput("ClipEncoder.batch", self.batch, "at least 1")

    def images(self, pixels: Any) -> Floats:
        """``(N, H, W, 3)`` of 0..255 -> ``(N, D)``."""
        torch, model, _, prepare = _load(self.path)
        found: list[Any] = []
        for start in range(0, len(pixels), self.batch):
            part = list(np.asarray(pixels[start : start + self.batch], np.uint8))
            inputs = prepare(images=part, return_tensors="pt", input_data_format="channels_last")
            with torch.inference_mode():
                found.append(_vectors(model.get_image_features(pixel_values=inputs["pixel_values"])))
        return np.concatenate(found) if found else np.zeros((0, model.config.projection_dim))

    def texts(self, texts: Sequence[str]) -> Floats:
        """M sentences -> ``(M, D)``; what is longer than the model reads is cut off."""
        torch, model, tokenize, _ = _load(self.path)
        found: list[Any] = []
        for start in range(0, len(texts), self.batch):
            part = list(texts[start : start + self.batch])
            longest = model.config.text_config.max_position_embeddings
            inputs = tokenize(part, padding=True, truncation=True, max_length=longest, return_tensors="pt")
            with torch.inference_mode():
                found.append(_vectors(model.get_text_features(inputs["input_ids"], inputs["attention_mask"])))
        return np.concatenate(found) if found else np.zeros((0, model.config.projection_dim))


def _vectors(output: Any) -> Any:
    """The projected vectors: a tensor before version 5 of transformers, since then a part of the output."""
    return np.asarray(getattr(output, "pooler_output", output), np.float64)


@lru_cache(maxsize=4)
def _load(path: str) -> tuple[Any, Any, Any, Any]:
    folder = Path(path)
    if not (folder / "config.json").is_file():
        raise BadInput(
            "ClipEncoder.path",
            path,
            "a folder with config.json, weights, tokenizer and image processor",
            "nothing is downloaded; save a model there with save_pretrained",
        )
    try:
        import torch
        import transformers
    except ImportError:
        raise MissingExtra("transformers and torch", "clip", "ClipEncoder") from None
    # the NumPy processor, where there are two: the other one needs torchvision
    processor = getattr(transformers, "CLIPImageProcessorPil", None) or transformers.CLIPImageProcessor
    model = transformers.CLIPModel.from_pretrained(folder, local_files_only=True).eval()
    tokenize = transformers.CLIPTokenizer.from_pretrained(folder, local_files_only=True)
    return torch, model, tokenize, processor.from_pretrained(folder, local_files_only=True)
