"""ExploRS: a learner that designs its own reward, without an expert.

    r_hat = r + R_phi(s, a) + B(s'),   B(s) = bonus / sqrt((bonus / most)^2 + N(s))

R_phi follows the advantage of the ORIGINAL return; B is an exploration bonus that fades with visits.
Source: Devidze, Kamalaruban and Singla (NeurIPS 2022) and the released tabular code: N counts the states
that are left, terminal states get no bonus, updates every 5 episodes on the last 10.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ..core.errors import BadInput
from ..core.mdp import Floats, Table, TabularMDP
from ..optimize.tabular import Episodes, returns, scatter


@dataclass(frozen=True, eq=False)
class State:
    """Tables of M agents: visits ``(M, S)``, phi ``(M, S, A)``, critic ``(M, S)``, recent episodes."""

    visits: Floats
    phi: Floats
    critic: Floats
    bonus: Floats
    rate: Floats
    ends: Table
    recent: tuple[Episodes, ...] = ()
    seen: int = 0


@dataclass(frozen=True)
class ExploRS:
    """Variants that are trained side by side; 0 switches a part off.

    Args:
        bonus: ``lambda`` of each variant; 0 for none.
        rate: learning rate of R_phi of each variant; 0 for none.
        most: the bonus of a state never seen, ``B_max``.
        critic_rate: learning rate of V.
        every, buffer: R_phi is updated every so many episodes on the last ``buffer``.

    Example: ``ExploRS(bonus=(0.0, 1.0), rate=(0.0, 0.01))`` is the original reward beside ExploRS.
    """

    bonus: tuple[float, ...] = (1.0,)
    rate: tuple[float, ...] = (0.01,)
    most: float = 1.0
    critic_rate: float = 0.01
    every: int = 5
    buffer: int = 10

    def __post_init__(self) -> None:
        if len(self.bonus) != len(self.rate) or not self.bonus or min(*self.bonus, *self.rate) < 0:
            raise BadInput(
                "ExploRS variants", (self.bonus, self.rate), "as many bonuses as rates, none below 0"
            )
        if self.most <= 0:
            raise BadInput("ExploRS most", self.most, "more than 0")

    @property
    def variants(self) -> int:
        """Number of settings."""
        return len(self.bonus)

    def start(self, mdp: TabularMDP, seeds: int) -> State:
        """All tables zero."""
        agents = self.variants * seeds
        bonus, rate = (np.repeat(np.array(values), seeds) for values in (self.bonus, self.rate))
        tables = np.zeros((agents, mdp.states))
        phi = np.zeros((agents, mdp.states, mdp.actions))
        return State(tables, phi, tables, bonus, rate, mdp.ends)

    def pay(self, state: State, s: Table, a: Table, after: Table, live: Table) -> tuple[Floats, State]:
        """``R_phi(s, a) + B(s')`` and the visit of ``s``."""
        agents = np.arange(len(s))
        width = np.sqrt((state.bonus / self.most) ** 2 + state.visits[agents, after])
        bonus = np.where(state.bonus > 0, state.bonus / np.where(width > 0, width, 1.0), 0.0)
        extra = state.phi[agents, s, a] + np.where(state.ends[after], 0.0, bonus)
        visits = state.visits.copy()
        visits[agents, s] += live
        # by hand, because this happens at every step and dataclasses.replace is slow
        known = (state.critic, state.bonus, state.rate, state.ends, state.recent, state.seen)
        return extra, State(visits, state.phi, *known)

    def learn(self, state: State, mdp: TabularMDP, episode: Episodes) -> State:
        """One more episode; at every ``every``-th an update of R_phi and V."""
        state = replace(state, recent=(*state.recent, episode)[-self.buffer :], seen=state.seen + 1)
        if state.seen % self.every:
            return state
        agents, states, actions = state.phi.shape
        index, phi, error, count = np.arange(agents), state.phi, np.zeros((agents, states)), np.zeros(agents)
        for past in state.recent:
            gap = returns(past.own * past.live, mdp.discount) - state.critic[index, past.state]
            gap = gap * past.live
            phi = phi + state.rate[:, None, None] * explors_step(past, gap, actions, states)
            error, count = error + scatter(gap, agents, (past.state, states)), count + past.live.sum(0)
        critic = state.critic + self.critic_rate * error / np.maximum(count, 1)[:, None]
        return replace(state, phi=phi, critic=critic)


def explors_step(episode: Episodes, gap: Floats, actions: int, states: int) -> Floats:
    """``sum_t w_t (e_{s,a} - pi(.|s))`` with ``w = pi(a|s) (G - V(s))``, shape ``(M, S, A)``.

    Args:
        episode: recorded with the policy of its time.
        gap: ``G - V(s)`` of every step, ``(T, M)``, 0 where not live; G is the original return.
    """
    agents = gap.shape[1]
    chosen = np.take_along_axis(episode.policy, episode.action[..., None], -1)[..., 0]
    weight = chosen * gap
    step = scatter(weight, agents, (episode.state, states), (episode.action, actions))
    for a in range(actions):
        step[:, :, a] -= scatter(weight * episode.policy[..., a], agents, (episode.state, states))
    return step
