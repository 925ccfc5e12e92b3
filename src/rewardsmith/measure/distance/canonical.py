"""Canonical forms of reward tables: one member of each class of rewards that order policies alike.

Every form is linear in the reward and does not change under potential shaping
``R + discount Phi(s') - Phi(s)``, where Phi is 0 at terminal states.  Letters in shapes: S states, A actions;
rewards are ``(..., S, A, S)`` or ``(..., S, A)``, where leading axes are any number of rewards on one MDP
(what fits both, with A = S, is read as the first).

Terminal states pay nothing and are absorbing, so ``value``, ``minimal`` and ``value_potential`` are 0 there.
``epic``, ``dard`` and ``srrd`` ask for rewards of transitions that cannot happen, also from terminal states;
they take the table as it is given, and are invariant to shaping only if it is shaped there too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, TypeAlias

import numpy as np

from ...core.algebra import Reward, Scope, require_scope
from ...core.errors import BadInput
from ...core.fields import NEXT
from ...core.mdp import TabularMDP, as_policy

Floats: TypeAlias = np.ndarray[Any, np.dtype[np.float64]]
Table: TypeAlias = Any
Canonical: TypeAlias = Callable[[TabularMDP, Table], Floats]


def expected(mdp: TabularMDP, reward: Table) -> Floats:
    """``R(s, a) = sum_s' P(s'|s, a) R(s, a, s')``, shape ``(..., S, A)``, 0 at terminal states.

    Raises:
        BadInput: a shape that is not the MDP's, or NaN or infinity where a transition can happen.
    """
    table = _checked(mdp, reward)
    if table.shape[-3:] == mdp.transition.shape:
        table = np.einsum("saz,...saz->...sa", mdp.transition, np.where(_possible(mdp), table, 0.0))
    return np.where(mdp.ends[:, None], 0.0, table)


def raw(mdp: TabularMDP, reward: Table) -> Floats:
    """The table itself, ``(..., S, A, S)``: no canonical form, a baseline."""
    return everywhere(mdp, reward)


def value(mdp: TabularMDP, reward: Table, policy: Table | None = None) -> Floats:
    """VAL: the advantages of a fixed policy, ``(..., S, A)``.

    ``c(s, a) = E_{S'~P(s, a)}[R(s, a, S') - V(s) + discount V(S')]`` with V the value of ``policy`` (uniform
    if None) under R.  Equal for two rewards if and only if they differ by shaping and by moving reward between
    the successors of an action without changing its mean (S'-redistribution).

    Source: Skalse et al., "STARC: A General Framework For Quantifying Differences Between Reward Functions",
    ICLR 2024.

    Example:
        >>> import numpy as np
        >>> from rewardsmith.core.mdp import chain
        >>> mdp = chain(1, 2, discount=0.5)
        >>> value(mdp, mdp.reward)[1].round(3).tolist()  # the start: left pays 0.1 at once
        [-0.087, 0.087]
    """
    rewards = expected(mdp, reward)
    values = policy_values(mdp, rewards, policy)
    ahead = np.einsum("saz,...z->...sa", mdp.transition, values)
    return np.where(mdp.ends[:, None], 0.0, rewards - values[..., None] + mdp.discount * ahead)


def value_potential(mdp: TabularMDP, reward: Table, policy: Table | None = None) -> Floats:
    """VAL without the mean over successors: ``R(s, a, s') - V(s) + discount V(s')``, ``(..., S, A, S)``.

    Restriction: it is not invariant to S'-redistribution, so it is no STARC form unless the dynamics are
    deterministic.  0 where a transition cannot happen.

    Source: Skalse et al. (2024), appendix.
    """
    values = policy_values(mdp, expected(mdp, reward), policy)
    shaped = _wide(mdp, reward) - values[..., :, None, None] + mdp.discount * values[..., None, None, :]
    return np.where(_possible(mdp), shaped, 0.0)


def minimal(mdp: TabularMDP, reward: Table) -> Floats:
    """The smallest equivalent reward in L2, ``(..., S, A)``: ``c = r - Q Q^T r``.

    r is the expected reward and Q an orthonormal basis of all shapings, from the QR decomposition of the
    ``(S*A, S)`` matrix with rows ``discount P(s, a, .) - e_s`` (terminal states left out: there Phi is 0).
    Unique and linear, and needs no policy.

    Source: Skalse et al. (2024).
    Differs from the paper: of the expected reward ``(s, a)`` and not of ``(s, a, s')``; and closed form.
    """
    rewards = expected(mdp, reward)
    live = ~mdp.ends
    kept = rewards[..., live, :].reshape(*rewards.shape[:-2], int(live.sum()) * mdp.actions)
    basis = np.linalg.qr(shaping_matrix(mdp))[0]
    result = np.zeros_like(rewards)
    result[..., live, :] = (kept - (kept @ basis) @ basis.T).reshape(rewards[..., live, :].shape)
    return result


def epic(mdp: TabularMDP, reward: Table) -> Floats:
    """EPIC: ``R(s, a, s') + discount m(s') - m(s) - discount mean(m)``, ``(..., S, A, S)``.

    ``m(s) = E R(s, A, S')`` with A and S' uniform and independent, whatever the dynamics; so it also reads the
    rewards of transitions that cannot happen.  Not invariant to S'-redistribution.

    Source: Gleave et al., "Quantifying Differences in Reward Functions", ICLR 2021.

    Raises:
        BadInput: NaN anywhere: the form is not defined for a reward that is known on possible transitions only.
    """
    table = everywhere(mdp, reward)
    mean = table.mean((-2, -1))
    constant = mdp.discount * mean.mean(-1)[..., None, None, None]
    return table + mdp.discount * mean[..., None, None, :] - mean[..., :, None, None] - constant


def dard(mdp: TabularMDP, reward: Table) -> Floats:
    """DARD: ``R(s, a, s') + E[discount R(s', A, S'') - R(s, A, S') - discount R(S', A, S'')]``.

    A uniform, ``S' ~ P(s, A)``, ``S'' ~ P(s', A)`` with the same A; S'' follows s' and not S', so the last term
    also reads transitions that cannot happen.  Shape ``(..., S, A, S)``.  Not invariant to S'-redistribution.

    Source: Wulfe et al., "Dynamics-Aware Comparison of Learned Reward Functions", ICLR 2022.

    Raises:
        BadInput: NaN anywhere.
    """
    table, moves = everywhere(mdp, reward), mdp.transition.swapaxes(0, 1)  # (A, S, S)
    mean = np.einsum("saz,...saz->...s", mdp.transition, table) / mdp.actions
    across = (moves @ table.swapaxes(-3, -2) @ moves.swapaxes(-2, -1)).mean(-3)  # (..., s, s')
    pair = mdp.discount * (mean[..., None, :] - across) - mean[..., :, None]
    return table + pair[..., :, None, :]


def srrd(mdp: TabularMDP, reward: Table) -> Floats:
    """SRRD, made to bear few samples: means over what follows what follows, ``(..., S, A, S)``.

    ``R(s, a, s') + E[g R(s', A, S1) - R(s, A, S2) - g R(S3, A, S4) + g^2 R(S1, A, S5) - g R(S2, A, S6)
    + g R(S3, A, S6) - g^2 R(S4, A, S5)]`` with discount g and uniform actions: S1 follows s', S2 follows s and
    is not terminal, S3 is any state that is not terminal, S4, S5, S6 follow S3, S1, S2.  Not invariant to
    S'-redistribution.

    Source: Nyanhongo, Henrique and Santos, "Reward Distance Comparisons Under Transition Sparsity", TMLR 2025
    (arXiv 2504.11508); the formula is from a summary by others and not checked against the paper.
    Differs from the paper: exact means under the dynamics instead of means over the sampled transitions, and S3
    uniform.  Where only terminal states follow s, S2 is one of them.

    Raises:
        BadInput: NaN anywhere.
    """
    g, table = mdp.discount, everywhere(mdp, reward)
    after = mdp.transition.mean(1)  # (S, S) under uniform actions
    stays = np.where(mdp.ends, 0.0, mdp.transition)
    share = stays.sum((1, 2))[:, None, None]
    alive = np.where(share > 0, stays / np.where(share > 0, share, 1.0), mdp.transition / mdp.actions)
    onward = alive.sum(1)  # (S, S): S2 from s
    start = ~mdp.ends / max(1, (~mdp.ends).sum())
    across = table.mean(-2)  # (..., x, y), uniform action
    mean = np.einsum("saz,...saz->...s", mdp.transition, table) / mdp.actions
    of_state = (
        np.einsum("saz,...saz->...s", alive, table)
        + g * (mean @ onward.T)
        - g * (start @ across) @ (onward @ after).T
    )
    of_next = g * mean + g**2 * (mean @ after.T) - g**2 * ((start @ after) @ across) @ (after @ after).T
    constant = g * (mean @ start)[..., None, None, None]
    return table + of_next[..., None, None, :] - of_state[..., :, None, None] - constant


CANONICAL: Mapping[str, Canonical] = MappingProxyType(
    {
        "dard": dard,
        "epic": epic,
        "minimal": minimal,
        "raw": raw,
        "srrd": srrd,
        "value": value,
        "value-potential": value_potential,
    }
)


def policy_values(mdp: TabularMDP, expected_reward: Floats, policy: Table | None = None) -> Floats:
    """Values ``(..., S)`` of one policy (uniform if None) under many rewards ``(..., S, A)``: one solve."""
    uniform = np.full((mdp.states, mdp.actions), 1 / mdp.actions)
    pi = uniform if policy is None else as_policy(mdp, policy)
    system = np.eye(mdp.states) - mdp.discount * np.einsum("sa,saz->sz", pi, mdp.transition)
    wanted = np.einsum("sa,...sa->...s", pi, expected_reward)
    flat = wanted.reshape(-1, mdp.states)
    return np.linalg.solve(system, flat.T).T.reshape(wanted.shape)


def shaping_matrix(mdp: TabularMDP) -> Floats:
    """Expected shaping as a matrix on potentials: rows ``discount P(s, a, .) - e_s``, live states only."""
    live = ~mdp.ends
    rows = mdp.discount * mdp.transition[live][:, :, live] - np.eye(int(live.sum()))[:, None, :]
    return rows.reshape(rows.shape[0] * rows.shape[1], rows.shape[2])


def everywhere(mdp: TabularMDP, reward: Table) -> Floats:
    """The reward as ``(..., S, A, S)``, finite also where no transition leads.

    Raises:
        BadInput: it is not.
    """
    table = _wide(mdp, reward)
    if not np.isfinite(table).all():
        raise BadInput(
            "reward",
            "NaN at transitions that cannot happen",
            "a number at every (s, a, s')",
            "EPIC, DARD and SRRD read them (see tabulate_everywhere); the STARC kinds do not",
        )
    return table


def tabulate_everywhere(reward: Reward, mdp: TabularMDP, fields: Mapping[str, Table] | None = None) -> Floats:
    """A step reward on every ``(s, a, s')``, ``(S, A, S)``: also where no transition leads.

    ``rewardsmith.core.mdp.tabulate`` stops at what can happen, which is all that the STARC kinds need.  What a
    reward says elsewhere is its extrapolation, and is what EPIC, DARD and SRRD compare.

    Raises:
        ScopeError: the reward must see whole episodes or groups.
    """
    free = np.full_like(mdp.transition, 1 / mdp.states)
    roaming = TabularMDP(free, np.zeros((mdp.states, mdp.actions)), mdp.discount, mdp.initial)
    require_scope(reward, Scope.STEP, "a tabular MDP")
    batch = roaming.batch(fields)
    batch["terminated"] = mdp.ends[batch[NEXT + "state"]]
    return np.asarray(reward(batch), dtype=np.float64).reshape(mdp.transition.shape)


def _wide(mdp: TabularMDP, reward: Table) -> Floats:
    table = _checked(mdp, reward)
    if table.shape[-3:] == mdp.transition.shape:
        return table
    return np.broadcast_to(table[..., None], (*table.shape, mdp.states))


def _possible(mdp: TabularMDP) -> Table:
    return (mdp.transition > 0) & ~mdp.ends[:, None, None]


def _checked(mdp: TabularMDP, reward: Table) -> Floats:
    table = np.asarray(reward, dtype=np.float64)
    short = table.shape[-2:] == (mdp.states, mdp.actions)
    full = table.shape[-3:] == mdp.transition.shape
    if not (short or full):
        allowed = f"(..., {mdp.states}, {mdp.actions}) or (..., {mdp.states}, {mdp.actions}, {mdp.states})"
        raise BadInput("reward", f"shape {table.shape}", allowed)
    known = np.isfinite(table) | (~_possible(mdp) if full else mdp.ends[:, None])
    if not known.all():
        raise BadInput("reward", "NaN or infinity", "finite numbers wherever a transition can happen")
    return table
