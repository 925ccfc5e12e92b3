"""What agents see is chosen with the reward, and honoured from the first training to the exported file."""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import replace
from pathlib import Path

import gymnasium
import numpy as np
import pytest

from rewardsmith import tasks
from rewardsmith.connect.gymnasium import observe
from rewardsmith.core.endpoint import Endpoint
from rewardsmith.core.errors import BadInput
from rewardsmith.design import Design, design, load_method, outcome
from rewardsmith.design.candidate import Candidate, Parent, TermTrace, identity, program_of
from rewardsmith.design.export import export
from rewardsmith.design.method import Training
from rewardsmith.design.policy import final_policy
from rewardsmith.design.propose.ask import Ask
from rewardsmith.design.propose.grammar import GrammarWriter
from rewardsmith.design.propose.observing import ObservingWriter, changed_observation, mixed_observation
from rewardsmith.design.propose.writers import make_writer
from rewardsmith.design.race import Standing
from rewardsmith.design.select import pruned
from rewardsmith.optimize.control.cluster import Local
from rewardsmith.program import Grammar, parse, random_program
from rewardsmith.report.page import render
from terms.judge.server import Endpoint as Server

HOLD = tasks.load("pendulum_hold")
STATES = ("upright", "angle_sin", "angular_velocity", "energy")
CUE = str(Path(__file__).parents[1] / "optimize" / "cue.py")
PPO = (("envs", 32), ("hidden", (16,)), ("minibatches", 4), ("rollout", 32))
LIMEN = load_method("limen")


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


# ---------------------------------------------------------------------- a whole search
@pytest.fixture(scope="module")
def searched(tmp_path_factory):
    """One reward, three observations, by a model that says so: only one of them tells what is needed."""
    lines = iter(["# observe: noise", "# observe: height", "# observe: cue, noise", "# observe: both"])

    def reply(user: str) -> str:
        return f"```python\n{next(lines)}\ncue if action > 0.5 else -cue\n```"

    folder = tmp_path_factory.mktemp("runs")
    with Server(reply) as server:
        model = Endpoint("scripted", server.url, cache=str(folder / "cache"), timeout=20.0)
        config = Design(CUE, LIMEN, trainings=3, steps=8192, seeds=1, ppo=PPO, llm=model)
        run = design(config, folder)
    yield run
    run.close()


def test_the_observation_that_tells_what_is_needed_wins(searched) -> None:
    rows = [row for event in searched.events("proposed") for row in event.payload["candidates"]]
    assert [row["observation"] for row in rows] == [["noise"], ["cue", "noise"], ["both"]]
    assert len({row["text"] for row in rows}) == 1
    reached = {s["id"]: s["success"][0] for e in searched.events("trained") for s in e.payload["standings"]}
    assert reached["r1c0"] > 0.9
    assert max(reached["r0c0"], reached["r2c0"]) < 0.9
    final = searched.done("final")
    assert (final["id"], final["observation"]) == ("r1c0", ["cue", "noise"])
    assert final["success"]["mean"] > 0.95  # on fresh seeds
    assert outcome(searched)["observation"] == ["cue", "noise"]


def test_an_unknown_field_went_back_to_the_model(searched) -> None:
    replies = searched.events("proposed")[-1].payload["spent"]
    assert (replies["replies"], replies["repairs"]) == (4, 1)


def test_the_final_policy_acts_by_what_was_chosen(searched) -> None:
    policy = final_policy(searched, tasks.resolve(CUE))
    assert policy.networks.inputs == 5
    assert np.isinf(policy.variance).tolist() == [False, False, True, True, True]
    cues = np.stack([np.linspace(-1, 1, 21), np.zeros(21)], axis=-1)
    cues = cues[np.abs(cues[:, 0]) > 0.15]
    assert np.array_equal(policy.act(cues), (cues[:, 0] > 0.0) * 1)


def test_the_report_says_what_the_agent_sees(searched) -> None:
    page = render(searched)
    assert "<b>The agent sees</b>: <code>cue</code>, <code>noise</code>; nothing else" in page
    assert "the agent sees both" in page  # in the family tree
    assert "<b>The agent sees</b>" not in page.replace("<b>The agent sees</b>", "", 1)


# ---------------------------------------------------------------------- a search by chance, continued
class Stops(Local):
    """An engine that fails after some advances."""

    left = 0

    def advance(self, population, steps, progress=None):
        if Stops.left == 0:
            raise KeyboardInterrupt
        Stops.left -= 1
        return super().advance(population, steps, progress)


def test_a_search_that_was_stopped_ends_as_one_that_was_not(tmp_path) -> None:
    config = Design(CUE, LIMEN, trainings=4, steps=2048, seeds=1, seed=1, ppo=PPO, controls=False)
    whole = design(config, tmp_path / "whole")
    rows = [row for event in whole.events("proposed") for row in event.payload["candidates"]]
    chosen = [row["observation"] for row in rows if "observation" in row]
    assert len({tuple(each) for each in chosen}) > 1
    assert {name for each in chosen for name in each} <= {"cue", "noise", "product", "both"}
    for left in (3, 9):  # in the middle of a training, and of the final ones
        Stops.left = left
        with pytest.raises(KeyboardInterrupt):
            design(config, tmp_path / f"stopped{left}", engine=Stops())
        run = design(config, tmp_path / f"stopped{left}")
        assert run.fingerprint() == whole.fingerprint()
        run.close()
    whole.close()


def test_what_agents_cannot_see_is_refused_before_a_run_is_made(tmp_path) -> None:
    file = tmp_path / "blind.py"
    source = Path(CUE).read_text()
    file.write_text(source.replace("return obs[..., 0] * obs[..., 1]", "return np.asarray(obs)[..., 0]"))
    file.write_text(
        "import numpy as np\n" + file.read_text().replace("from __future__ import annotations\n", "")
    )
    with pytest.raises(BadInput, match="field product of task cue: received other functions"):
        design(Design(str(file), LIMEN, trainings=3, steps=1024, seeds=1), tmp_path / "runs")
    assert not list((tmp_path / "runs").glob("*"))


def test_only_agents_that_are_trained_can_see_chosen_fields() -> None:
    with pytest.raises(BadInput, match="training of method limen: received plan; allowed: ppo"):
        replace(LIMEN, training=Training(kind="plan"))


# ---------------------------------------------------------------------- the grammar chooses
def parent(observation, number=0) -> Parent:
    program = random_program(Grammar.from_fields(HOLD.table()), rng(number + 10))
    return Parent(Candidate(f"r0c{number}", program, "fresh", observation=observation))


def test_fresh_programs_see_subsets_and_children_see_about_what_their_parents_saw() -> None:
    writer = ObservingWriter(GrammarWriter(Grammar.from_fields(HOLD.table())), STATES)
    fresh = writer.write((), [Ask("fresh")] * 200, frozenset(), rng())
    own = [draft for draft in fresh if draft.observation is None]
    assert 30 < len(own) < 70  # a quarter: 50
    sizes = [len(draft.observation) for draft in fresh if draft.observation is not None]
    assert 2.9 < np.mean(sizes) < 3.4  # one for sure and 3/4 of the others: 3.25
    assert all(set(d.observation) <= set(STATES) for d in fresh if d.observation is not None)
    before = ("upright", "energy")
    children = writer.write((), [Ask("improve", (parent(before),))] * 300, frozenset(), rng(1))
    change = [len(set(d.observation) ^ set(before)) for d in children]
    assert set(change) == {0, 1}
    alone = [d for d in children if d.program == parent(before).candidate.program]
    assert len({d.observation for d in alone}) == len(alone) == 4  # every other neighbour, once
    assert all(d.observation != before for d in alone)
    assert len({identity(d.program, d.observation) for d in children}) == len(children)


def test_nothing_known_is_written_again() -> None:
    writer = ObservingWriter(GrammarWriter(Grammar.from_fields(HOLD.table())), STATES)
    first = writer.write((), [Ask("fresh")] * 20, frozenset(), rng())
    known = frozenset(identity(draft.program, draft.observation) for draft in first)
    again = writer.write((), [Ask("fresh")] * 20, known, rng())
    assert not {program_of(name) for name in known} & {draft.program.structural_hash for draft in again}


def test_choices_change_by_one_field_and_mix() -> None:
    for seed in range(50):
        assert len(changed_observation(STATES, ("energy",), rng(seed))) == 2
        assert changed_observation(("x",), ("x",), rng(seed)) == ("x",)
        assert changed_observation(STATES, None, rng(seed))
        child = mixed_observation(STATES, ("upright", "energy"), ("energy", "angle_sin"), rng(seed))
        assert child is not None
        assert {"energy"} <= set(child) <= {"upright", "angle_sin", "energy"}
    assert mixed_observation(STATES, None, ("energy",), rng()) is None
    program = parent(None).candidate.program
    assert identity(program, ("b", "a")) == identity(program, ("a", "b")) != identity(program)


def test_only_a_method_that_asks_for_it_gets_observations() -> None:
    asks = [Ask("fresh")] * 10
    plain = make_writer(Design("pendulum_hold", "eureka"), HOLD, {})
    chosen = make_writer(Design("pendulum_hold", "limen"), HOLD, {})
    drafts = plain.write((), asks, frozenset(), rng())
    assert isinstance(plain, GrammarWriter)
    assert all(draft.observation is None for draft in drafts)
    # the programs are drawn before the observations: the same stream
    assert [d.program for d in chosen.write((), asks, frozenset(), rng())] == [d.program for d in drafts]


def test_without_idle_parts_the_agent_sees_the_same() -> None:
    program = parse("{'a': upright, 'b': 0.1 * energy}", HOLD)
    one = Candidate("r0c0", program, "fresh", (), 2, ("upright", "energy"))
    terms = {"a": TermTrace(1.0, 1.0, 0.99), "b": TermTrace(0.0, 0.0, 0.01)}
    (simple,) = pruned([one], {"r0c0": Standing("r0c0", (1.0,), 1.0, True, terms=terms)})
    assert (simple.id, simple.operator, simple.parents, simple.island) == ("r0c0p", "prune", ("r0c0",), 2)
    assert simple.observation == ("upright", "energy")


# ---------------------------------------------------------------------- export
def test_the_exported_file_shows_the_agent_what_it_saw(tmp_path, monkeypatch) -> None:
    about = {"observation": ["energy", "upright"]}
    file = export(parse("next_upright - 0.1 * torque ** 2", HOLD), HOLD, tmp_path / "seen.py", about)
    assert "The agents saw energy, upright, and nothing else." in file.read_text()
    spec = importlib.util.spec_from_file_location("exported_seen", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "exported_seen", module)
    spec.loader.exec_module(module)
    assert module.OBSERVATION == ("energy", "upright")
    env, plain = module.make_env(), gymnasium.make("Pendulum-v1")
    obs, full = env.reset(seed=3)[0], plain.reset(seed=3)[0]
    assert env.observation_space.contains(obs)
    for action in ([0.5], [-2.0]):
        np.testing.assert_allclose(obs, [full[2] ** 2 / 30.0 + full[0], full[0]], rtol=1e-6)
        obs, paid, *_ = env.step(np.float32(action))
        full = plain.step(np.float32(action))[0]
        assert paid == pytest.approx(full[0] - 0.1 * action[0] ** 2, abs=1e-6)
    with pytest.raises(BadInput, match="fields to observe: received torque; allowed: upright, angle_sin"):
        observe(plain, HOLD, ["torque"])
    assert "OBSERVATION" not in export(HOLD.naive, HOLD, tmp_path / "plain.py").read_text()
