"""Coloured noise: random sequences that are smooth in time."""

from __future__ import annotations

from typing import Any

import numpy as np

Numbers = np.ndarray[Any, Any]


def coloured_noise(rng: np.random.Generator, shape: tuple[int, ...], colour: float) -> Numbers:
    """Gaussian noise along the LAST axis, whose power falls with frequency f as 1 / f**colour.

    Every value has mean 0 and variance 1; the lowest frequency stands for all below it, so that also a
    constant is likely.

    Args:
        shape: ``(..., T)``.
        colour: 0 is white noise, 1 pink, 2 brown.

    Source: Timmer and Koenig (1995), On generating power law noise, A&A 300.

    Example:
        >>> coloured_noise(np.random.default_rng(0), (4, 16), 2.0).shape
        (4, 16)
    """
    return shaped(raw(rng, shape), shape[-1], colour)


def raw(rng: np.random.Generator, shape: tuple[int, ...]) -> Numbers:
    """The draws behind noise of a shape: real and imaginary parts, ``(..., T // 2 + 1, 2)``."""
    return rng.normal(size=(*shape[:-1], shape[-1] // 2 + 1, 2))


def shaped(drawn: Numbers, length: int, colour: float) -> Numbers:
    """Noise ``(..., length)`` from its draws, which are left as they are."""
    frequency = np.fft.rfftfreq(length)
    scale = np.maximum(frequency, 1.0 / length) ** (-colour / 2.0)
    drawn = drawn.copy()
    # Frequency 0, and the highest of an even length, have no imaginary part: all their power is real.
    drawn[..., 0, :] *= (np.sqrt(2.0), 0.0)
    if length % 2 == 0:
        drawn[..., -1, :] *= (np.sqrt(2.0), 0.0)
    power = 2.0 * scale**2
    power[0] /= 2.0
    if length % 2 == 0:
        power[-1] /= 2.0
    noise = np.fft.irfft((drawn[..., 0] + 1j * drawn[..., 1]) * scale, n=length, axis=-1)
    return noise * (length / np.sqrt(2.0 * power.sum()))
