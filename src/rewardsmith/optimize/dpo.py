r"""Direct alignment from pairs: one margin, one link function, and a log-linear policy to train.

The margin of a pair is \beta ((log pi - log ref)(first) - (log pi - log ref)(second)); DPO, IPO and SLiC differ
in what they do with it.  For pi_w(a) ~ pi_ref(a) exp(features(a) . w) the log-ratio of two answers is
(f_1 - f_2) . w, whatever the normaliser, so these losses are convex in w and DPO is a weighted logistic
regression without intercept.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, get_args

import numpy as np

from ..core.arrays import Array, xp
from ..core.errors import BadInput

Floats = np.ndarray[Any, np.dtype[np.float64]]
Link: TypeAlias = Literal["logistic", "square", "hinge"]
LINKS: tuple[Link, ...] = get_args(Link)


def pair_margin(policy_logp: Array, reference_logp: Array, beta: float = 0.1) -> Array:
    r"""Margins ``(N,)`` of log-probabilities ``(N, 2)``, the first answer of each pair in column 0."""
    gap = policy_logp - reference_logp
    return beta * (gap[..., 0] - gap[..., 1])


def pair_loss(margin: Array, label: Array, link: Link = "logistic", beta: float = 0.1) -> Array:
    r"""Loss of every pair, of the shape of ``margin``; NumPy, PyTorch or JAX.

    ``label l(margin) + (1 - label) l(-margin)``, so that a tie (0.5) weighs half on either order, with l(m) =

    - ``logistic``: log(1 + exp(-m)) (DPO),
    - ``square``: ((m - 1/2) / \beta)^2 (IPO: the log-ratios are to differ by 1 / (2 \beta)),
    - ``hinge``: max(0, 1 - m) (SLiC).

    A pair without a label (NaN) loses 0 and pulls nothing; divide the sum by the number of labels.

    Source: Rafailov et al., arXiv:2305.18290; Azar et al., arXiv:2310.12036; Zhao et al., arXiv:2305.10425.
    Differs from the paper: SLiC's hinge is on the log-ratio to the reference, without its supervised term.

    Example:
        >>> pair_loss(np.array([0.0, 2.0]), np.array([1.0, 0.0]), "hinge").tolist()
        [1.0, 3.0]
    """
    np_ = xp(margin, label)
    _check_link(link, beta)
    known = ~np_.isnan(label)
    share = np_.where(known, label, np_.zeros_like(label))
    return known * (share * _loss(margin, link, beta) + (1 - share) * _loss(-margin, link, beta))


def pair_slope(margin: Floats, label: Floats, link: Link = "logistic", beta: float = 0.1) -> Floats:
    """``d pair_loss / d margin``, in closed form; at the corner of the hinge, 0."""
    _check_link(link, beta)
    share = np.where(np.isnan(label), 0.0, label)
    up, down = _slope(margin, link, beta), _slope(-margin, link, beta)
    return np.where(np.isnan(label), 0.0, share * up - (1 - share) * down)


@dataclass(frozen=True)
class PairDescent:
    """How a policy learns from pairs: full-batch Adam (0.9, 0.999, 1e-8).

    Args:
        record: the steps at which the path is recorded, or how many lie between two records; the start and
            the end always are.
    """

    link: Link = "logistic"
    beta: float = 0.1
    learning_rate: float = 0.05
    steps: int = 400
    record: int | tuple[int, ...] = 50

    def __post_init__(self) -> None:
        _check_link(self.link, self.beta)
        if self.steps < 1 or min(self.records()) < 0 or not self.learning_rate > 0:
            received = f"steps={self.steps}, record={self.record}, learning_rate={self.learning_rate}"
            raise BadInput("PairDescent", received, "steps and record >= 1, learning_rate > 0")

    def records(self) -> frozenset[int]:
        """The steps that are recorded."""
        if isinstance(self.record, tuple):
            return frozenset({0, *self.record, self.steps})
        return (
            frozenset({*range(0, self.steps, self.record), self.steps}) if self.record > 0 else frozenset({-1})
        )


@dataclass(frozen=True, eq=False)
class PairPath:
    """A training: ``steps (K,)``, ``weights (K, F)``, mean ``loss (K,)`` and mean ``margin (K,)`` of its pairs.

    The margin is that of the labelled answer: ``(2 label - 1) margin``.
    """

    steps: np.ndarray[Any, Any]
    weights: Floats
    loss: Floats
    margin: Floats


def pair_path(gap: Any, label: Any, config: PairDescent) -> PairPath:
    """Train the weights of a log-linear policy, from 0 (the reference), and record the way.

    Args:
        gap: features of the first minus those of the second answer, ``(N, F)``.
        label: ``(N,)``; NaN leaves a pair out.
    """
    gap, label = np.asarray(gap, np.float64), np.asarray(label, np.float64)
    if gap.ndim != 2 or label.shape != gap.shape[:1] or np.isnan(label).all():
        raise BadInput(
            "pair_path", f"gaps {gap.shape}, labels {label.shape}", "(N, F) and (N,), one or more labelled"
        )
    count = int((~np.isnan(label)).sum())
    weights = first = second = np.zeros(gap.shape[1])
    at, path, records = list[int](), list[tuple[Floats, float, float]](), config.records()
    for step in range(config.steps + 1):
        margin = config.beta * gap @ weights
        if step in records:
            loss = pair_loss(margin, label, config.link, config.beta).sum() / count
            at.append(step)
            path.append((weights, float(loss), float(np.nansum((2 * label - 1) * margin)) / count))
        pull = config.beta * pair_slope(margin, label, config.link, config.beta) @ gap / count
        first, second = 0.9 * first + 0.1 * pull, 0.999 * second + 0.001 * pull**2
        scale = np.sqrt(second / (1 - 0.999 ** (step + 1))) + 1e-8
        weights = weights - config.learning_rate * first / (1 - 0.9 ** (step + 1)) / scale
    each = list(zip(*path, strict=True))
    return PairPath(np.array(at), np.stack(each[0]), np.array(each[1]), np.array(each[2]))


def dpo_weights(
    winners: Any, losers: Any, weights: Any = None, beta: float = 0.1, ridge: float = 1e-3, steps: int = 50
) -> Floats:
    r"""Weights ``(F,)`` that minimise the mean over pairs of c log(1 + exp(-\beta (f_+ - f_-) . w)).

    Args:
        winners, losers: features ``(M, F)`` of the preferred and of the other answer of each pair.
        weights: c >= 0, ``(M,)``, how much a pair counts; all alike by default.  NaN leaves a pair out.
        beta: a smaller one moves the policy further from its reference.
        ridge: times |\beta w|^2 / 2 is added; pairs that can be separated have no optimum without.
        steps: of Newton's method, which ends sooner where it has converged.

    Source: Rafailov et al., "Direct Preference Optimization", arXiv:2305.18290.
    Differs from the paper: pairs may have weights, and the policy is log-linear.

    Example:
        >>> dpo_weights([[1.0]] * 3 + [[0.0]], [[0.0]] * 3 + [[1.0]], beta=1.0, ridge=1e-9).round(4).tolist()
        [1.0986]
    """
    gap = np.asarray(winners, np.float64) - np.asarray(losers, np.float64)
    counts = np.ones(len(gap)) if weights is None else np.asarray(weights, np.float64)
    if gap.ndim != 2 or counts.shape != gap.shape[:1] or (counts < 0).any():
        received = f"gaps {gap.shape}, weights {counts.shape}"
        raise BadInput("dpo_weights", received, "features (M, F) and weights (M,), each >= 0")
    if not beta > 0 or not ridge > 0:
        raise BadInput("dpo_weights", f"beta={beta}, ridge={ridge}", "both > 0")
    counts = np.where(np.isnan(counts), 0.0, counts) / max(len(gap), 1)
    found = np.zeros(gap.shape[1])  # beta w
    for _ in range(steps):
        wrong = _wrong(gap @ found)
        slope = -(counts * wrong) @ gap + ridge * found
        curvature = (gap.T * (counts * wrong * (1 - wrong))) @ gap + ridge * np.eye(len(found))
        step = np.linalg.solve(curvature, slope)
        # a full step may overshoot where the loss is flat
        found = found - step / max(1.0, float(np.linalg.norm(step)))
        if np.abs(step).max() < 1e-12:
            break
    return found / beta


def _loss(margin: Array, link: Link, beta: float) -> Array:
    np_ = xp(margin)
    zero = np_.zeros_like(margin)
    if link == "logistic":
        # not log1p(exp(-|m|)) + max(-m, 0): autodiff makes its slope 0 at margin 0, where every training starts
        return np_.logaddexp(zero, -margin)
    if link == "square":
        return ((margin - 0.5) / beta) ** 2
    return np_.where(margin < 1, 1 - margin, zero)


def _slope(margin: Floats, link: Link, beta: float) -> Floats:
    if link == "logistic":
        return -_wrong(margin)
    return 2 * (margin - 0.5) / beta**2 if link == "square" else np.where(margin < 1, -1.0, 0.0)


def _wrong(margin: Floats) -> Floats:
    """``sigmoid(-margin)``."""
    return 0.5 - 0.5 * np.tanh(0.5 * margin)


def _check_link(link: str, beta: float) -> None:
    if link not in LINKS or not beta > 0:
        raise BadInput("link", f"{link!r}, beta={beta}", f"{', '.join(LINKS)}, and beta > 0")
