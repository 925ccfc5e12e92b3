"""Handwritten digits: a small real data set for rewards of answers about pictures, without a download.

1797 pictures of 8 x 8 pixels (Alpaydin and Kaynak, "Optical Recognition of Handwritten Digits", UCI 1998) as
scikit-learn ships them, with four things to say about each: which digit it is, how much ink there is, where
the ink is, and a short caption.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..core.errors import BadInput, MissingExtra

Floats = np.ndarray[Any, np.dtype[np.float64]]
Integers = np.ndarray[Any, np.dtype[np.int64]]
INK = 0.25  # from this darkness on a pixel counts as ink
_WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_TYPICAL_SUM = 19.5625  # the median of all pictures


@dataclass(frozen=True, eq=False)
class Digits:
    """Pictures and what there is to say about them; all arrays have N rows.

    Args:
        images: ``(N, 64)`` darkness in [0, 1], row by row from the top.
        labels: ``(N,)`` the digit, 0 to 9.
    """

    images: Floats
    labels: Integers

    def __post_init__(self) -> None:
        if self.images.ndim != 2 or self.images.shape[1] != 64 or len(self.labels) != len(self.images):
            received = f"images {self.images.shape}, labels {self.labels.shape}"
            raise BadInput("Digits", received, "images (N, 64) and labels (N,)")

    def __len__(self) -> int:
        return len(self.images)

    def take(self, rows: Integers) -> Digits:
        """Some of the pictures, in the order of ``rows``."""
        return Digits(self.images[rows], self.labels[rows])

    def split(self, seed: int, train: int = 1300) -> tuple[Digits, Digits]:
        """Two parts without a picture in common: ``train`` pictures, and the rest.

        The same seed always gives the same split.
        """
        if not 0 < train < len(self):
            raise BadInput("train", train, f"1 to {len(self) - 1}")
        order = np.random.default_rng(seed).permutation(len(self))
        return self.take(order[:train]), self.take(order[train:])

    @property
    def pixel_sums(self) -> Floats:
        """``(N,)``: the sum of the darkness of all pixels, about 12 to 27."""
        return self.images.sum(1)

    @property
    def boxes(self) -> Floats:
        """``(N, 4)``: the smallest box ``x0, y0, x1, y1`` around the ink, in pixels, the ends excluded."""
        ink = self.images.reshape(-1, 8, 8) > INK
        spans = [_span(np.any(ink, axis=axis)) for axis in (1, 2)]
        return np.stack([spans[0][0], spans[1][0], spans[0][1], spans[1][1]], axis=1).astype(np.float64)

    @property
    def captions(self) -> list[str]:
        """One for each picture, such as ``an eight, wide, bold, left``: digit, width, ink, where the ink is."""
        picture = self.images.reshape(-1, 8, 8)
        centre = (picture.sum(1) * np.arange(8)).sum(1) / self.pixel_sums
        boxes = self.boxes
        narrow, faint = boxes[:, 2] - boxes[:, 0] <= 5, self.pixel_sums <= _TYPICAL_SUM
        return [
            f"{'an' if word == 'eight' else 'a'} {word}, {'narrow' if narrow[i] else 'wide'}, "
            f"{'faint' if faint[i] else 'bold'}, {'left' if centre[i] <= 3.5 else 'right'}"
            for i, word in enumerate(_WORDS[label] for label in self.labels)
        ]


def load_digits() -> Digits:
    """All 1797 pictures.

    Raises:
        MissingExtra: scikit-learn, which brings the data, is not installed.

    Example:
        >>> digits = load_digits()
        >>> len(digits), digits.captions[0], digits.boxes[0].tolist()
        (1797, 'a zero, wide, faint, right', [1.0, 0.0, 7.0, 8.0])
    """
    try:
        from sklearn import datasets
    except ImportError:
        raise MissingExtra("scikit-learn", "zoo", "the digits data set") from None
    data: Any = datasets.load_digits()
    return Digits(np.asarray(data.data, np.float64) / 16.0, np.asarray(data.target, np.int64))


def _span(marked: Any) -> tuple[Integers, Integers]:
    """First and one past the last True of each row."""
    return marked.argmax(1), marked.shape[1] - marked[:, ::-1].argmax(1)
