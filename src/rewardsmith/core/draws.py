"""Random numbers that belong to a key: the same key gives the same number, in any order and any batch.

A generator that is drawn from hides a state; these numbers have none, so noise made of them can be replayed.
"""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np

from .arrays import is_array, to_numpy
from .errors import BadInput

Floats = np.ndarray[Any, np.dtype[np.float64]]
Words = np.ndarray[Any, np.dtype[np.uint64]]


def keyed_uniform(*keys: Any) -> Floats:
    """Uniform numbers in [0, 1), one for each combination of keys.

    Args:
        keys: whole numbers, numbers or texts, single ones or arrays (or lists) that broadcast together.  Their
            order matters; 3 and 3.0 are different keys.

    Example:
        >>> a = keyed_uniform(7, ["x", "y", "x"])
        >>> bool(a[0] == a[2]), bool(a[0] == a[1]), bool(keyed_uniform(7, "y") == a[1])
        (True, False, True)
    """
    mixed = np.zeros(1, np.uint64)
    for key in keys:
        mixed = _mix(mixed ^ _words(key))
    shape = np.broadcast_shapes(*(np.shape(_plain(key)) for key in keys))
    return np.asarray((mixed >> np.uint64(11)).reshape(shape) * 2.0**-53, np.float64)


def keyed_normal(*keys: Any) -> Floats:
    """Standard normal numbers, one for each combination of keys (Box and Muller's transform)."""
    radius = np.sqrt(-2.0 * np.log1p(-keyed_uniform(*keys, 0)))
    return radius * np.cos(2.0 * np.pi * keyed_uniform(*keys, 1))


def occurrence(keys: Any) -> np.ndarray[Any, np.dtype[np.int64]]:
    """How many earlier entries, in the order of the array, are equal to each one.

    Example:
        >>> occurrence(["a", "b", "a", "a"]).tolist()
        [0, 0, 1, 2]
    """
    plain = _plain(keys)
    number = np.unique(plain.ravel(), return_inverse=True)[1].ravel()
    order = np.argsort(number, kind="stable")
    sizes = np.bincount(number)
    starts = np.cumsum(sizes) - sizes
    count = np.empty(len(number), np.int64)
    count[order] = np.arange(len(number)) - starts[number[order]]
    return count.reshape(plain.shape)


def _plain(key: Any) -> np.ndarray[Any, Any]:
    return to_numpy(key) if is_array(key) else np.asarray(key)


def _words(key: Any) -> Words:
    """64 bits for each entry, at least one axis."""
    plain = np.atleast_1d(_plain(key))
    if plain.dtype.kind in "iub":
        return plain.astype(np.int64).view(np.uint64)
    if plain.dtype.kind == "f":
        return (plain.astype(np.float64) + 0.0).view(np.uint64)  # + 0.0: -0.0 is 0.0
    if plain.dtype.kind not in "UO" or not all(isinstance(text, str) for text in plain.ravel().tolist()):
        raise BadInput("key of a random number", f"an array of {plain.dtype}", "numbers or texts")
    texts, number = np.unique(plain.astype(str), return_inverse=True)
    digests = [hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8) for text in texts.tolist()]
    words = np.array([int.from_bytes(digest.digest(), "little") for digest in digests], np.uint64)
    return words[number].reshape(plain.shape)


def _mix(word: Words) -> Words:
    """The finaliser of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014); arithmetic modulo 2^64 is meant."""
    word = word + np.uint64(0x9E3779B97F4A7C15)
    word = (word ^ (word >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    word = (word ^ (word >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return word ^ (word >> np.uint64(31))
