r"""The policy that a score buys: exact, for enumerated answers, at any price in KL.

``pi(a | p) ~ pi_ref(a | p) exp(score / beta)`` maximises ``E[score] - beta KL(pi || pi_ref)``.  It is what a
perfect optimiser would make of a reward, so rewards are compared without training, at equal KL.

All arrays are ``(..., P, A)``: prompts, then answers.
"""

from __future__ import annotations

from typing import Any

import numpy as np

Floats = np.ndarray[Any, Any]


def log_softmax(logits: Floats) -> Floats:
    """``logits - log sum exp logits`` over the last axis; -inf is an answer that cannot happen."""
    shifted = logits - np.max(logits, axis=-1, keepdims=True)
    return shifted - np.log(np.sum(np.exp(shifted), axis=-1, keepdims=True))


def gibbs(reference: Floats, score: Floats, beta: float | Floats) -> Floats:
    """Log-probabilities of the policy that maximises ``E[score] - beta KL``.

    Args:
        reference: log-probabilities or logits of the reference.
        score: what every answer is paid; NaN counts as the prompt's mean (no reason to move).
        beta: price of a nat, > 0; broadcasts over ``score``.
    """
    known = ~np.isnan(score)
    count = np.maximum(known.sum(-1, keepdims=True), 1)
    mean = np.where(known, score, 0.0).sum(-1, keepdims=True) / count
    return log_softmax(reference + np.where(known, score, mean) / beta)


def kl(log_policy: Floats, log_reference: Floats) -> Floats:
    """``KL(pi || ref) = sum pi (log pi - log ref)``, ``(..., P)``, in nats; both normalised."""
    policy = np.exp(log_policy)
    gap = np.where(policy > 0, log_policy - log_reference, 0.0)
    return np.sum(policy * gap, axis=-1)


def expected(log_policy: Floats, values: Floats) -> Floats:
    """``E_pi[values]``, ``(..., P)``."""
    return np.sum(np.exp(log_policy) * values, axis=-1)


def gibbs_at_kl(reference: Floats, score: Floats, target: float, steps: int = 32) -> Floats:
    """The Gibbs policy whose KL, averaged over prompts, is ``target`` nats: one beta for all prompts.

    It is found by bisection over ``log beta``; KL falls with beta.  Where even beta = 1e-6 does not spend the
    target (a constant score, say), the policy at that beta is returned.

    Returns:
        Log-probabilities, of the shape of ``score``; leading axes (seeds) have a beta of their own.
    """
    reference = log_softmax(reference)
    lead = score.shape[:-2]
    low, high = np.full(lead, np.log(1e-6)), np.full(lead, np.log(1e6))
    for _ in range(steps):
        middle = 0.5 * (low + high)
        spent = kl(gibbs(reference, score, np.exp(middle)[..., None, None]), reference).mean(-1)
        low, high = np.where(spent > target, middle, low), np.where(spent > target, high, middle)
    return gibbs(reference, score, np.exp(high)[..., None, None])
