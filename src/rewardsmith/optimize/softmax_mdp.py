r"""Exact derivatives of the return of a softmax policy in a tabular MDP: by logits, reward and discount.

The policy is ``\pi(a|s) ~ exp(\theta[s, a])`` and ``J = \sum_s initial(s) V(s)``.  No sampling: every number is
a linear solve.  d(s) is the discounted number of visits, Q and V are the values of the policy.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..core.errors import BadInput
from ..core.mdp import Floats, TabularMDP
from .episodic import softmax


@dataclass(frozen=True, eq=False)
class SoftmaxPolicy:
    r"""A policy in an MDP, with what all its derivatives need; ``softmax_policy`` makes it.

    Rewards that its methods take are tables ``(..., S, A)``; leading axes are several rewards.

    Args:
        mdp: the dynamics and the discount; its own reward does not count.
        theta: ``(S, A)`` logits.
        pi: ``(S, A)`` probabilities.
        resolvent: ``(S, S)``, (I - discount P_pi)^-1.
        visits: ``(S,)``, d = initial (I - discount P_pi)^-1.
    """

    mdp: TabularMDP
    theta: Floats
    pi: Floats
    resolvent: Floats
    visits: Floats

    def values(self, reward: Floats) -> tuple[Floats, Floats]:
        """V ``(..., S)`` and Q ``(..., S, A)``."""
        value = (self.pi * reward).sum(-1) @ self.resolvent.T
        return value, reward + self.mdp.discount * self._ahead(value)

    def performance(self, reward: Floats) -> Floats:
        r"""J = \sum_s d(s) \sum_a \pi(a|s) r(s, a), ``(...,)``."""
        return (self.pi * reward).sum(-1) @ self.visits

    def gradient(self, reward: Floats) -> Floats:
        r"""\partial J / \partial \theta[s, a] = d(s) \pi(a|s) (Q(s, a) - V(s)), ``(..., S, A)``."""
        value, q = self.values(reward)
        return self.visits[:, None] * self.pi * (q - value[..., None])

    def curvature(self, reward: Floats, directions: Floats) -> Floats:
        r"""Products of the Hessian of J with ``directions (N, S, A)``, ``(N, S, A)``; ``reward (S, A)``.

        The product rule on the gradient: \dot\pi = \pi (u - \sum_a \pi u), \dot V and \dot d by one solve each.
        """
        value, q = self.values(reward)
        turned = self.pi * (directions - (self.pi * directions).sum(-1, keepdims=True))
        value_dot = (turned * q).sum(-1) @ self.resolvent.T
        flow = np.einsum("s,nsa,sat->nt", self.visits, turned, self.mdp.transition, optimize=True)
        visits_dot = self.mdp.discount * flow @ self.resolvent
        gain, q_dot = q - value[:, None], self.mdp.discount * self._ahead(value_dot)
        return (visits_dot[..., None] * self.pi + self.visits[:, None] * turned) * gain + (
            self.visits[:, None] * self.pi
        ) * (q_dot - value_dot[..., None])

    def sampled_curvature(self, reward: Floats, directions: Floats) -> Floats:
        r"""Products with ``E[\sum_t (\partial \psi_t / \partial \theta) G_t]``, ``(N, S, A)``: fixed visits.

        ``\psi = \nabla \log \pi``; for softmax tables ``- d V \pi (u - \sum_a \pi u)``.  It is what averages of
        recorded steps give where neither the visits nor the returns are differentiated, and not the Hessian.
        """
        value, _ = self.values(reward)
        turned = self.pi * (directions - (self.pi * directions).sum(-1, keepdims=True))
        return -(self.visits * value)[:, None] * turned

    def gradient_by_discount(self, reward: Floats) -> Floats:
        r"""\partial (\partial J / \partial \theta) / \partial discount, ``(S, A)``."""
        value, q = self.values(reward)
        chained = np.einsum("sa,sat->st", self.pi, self.mdp.transition)
        value_dot = self.resolvent @ (chained @ value)
        visits_dot = (self.visits @ chained) @ self.resolvent
        q_dot = self._ahead(value) + self.mdp.discount * self._ahead(value_dot)
        return self.pi * (
            visits_dot[:, None] * (q - value[:, None]) + self.visits[:, None] * (q_dot - value_dot[:, None])
        )

    def _ahead(self, value: Floats) -> Floats:
        """Expected value of where each action leads, ``(..., S, A)``."""
        mdp = self.mdp
        flat = value @ mdp.transition.reshape(-1, mdp.states).T
        return flat.reshape(*value.shape[:-1], mdp.states, mdp.actions)


def softmax_policy(mdp: TabularMDP, theta: Floats) -> SoftmaxPolicy:
    """The policy with logits ``(S, A)``; one matrix inverse.

    Source: Sutton et al., "Policy gradient methods for reinforcement learning with function approximation",
    NIPS 1999.

    Example:
        >>> from rewardsmith.core.mdp import chain
        >>> walk = chain(1, 1, discount=0.5, rewards=(0.0, 1.0))
        >>> at = softmax_policy(walk, np.zeros((3, 2)))
        >>> float(at.performance(walk.expected_reward)), at.gradient(walk.expected_reward)[1].tolist()
        (0.5, [-0.25, 0.25])
    """
    theta = np.asarray(theta, np.float64)
    shape = (mdp.states, mdp.actions)
    if theta.shape != shape or not np.isfinite(theta).all():
        raise BadInput("softmax_policy theta", f"shape {theta.shape}", f"{shape}, finite")
    pi = softmax(theta)
    chained = np.einsum("sa,sat->st", pi, mdp.transition)
    resolvent = np.linalg.inv(np.eye(mdp.states) - mdp.discount * chained)
    return SoftmaxPolicy(mdp, theta, pi, resolvent, mdp.initial @ resolvent)
