"""Preview: which prompts a search would send, and what that would cost, without sending any."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from ... import tasks
from ...program import Grammar, random_program
from ..advice import FAILURES, Wish, advice_of, advice_prompt, wishes
from ..candidate import Candidate, Parent, TermTrace, View
from ..compose import uncomposed
from ..history import LONGEST
from ..screen.protocol import Episode
from .ask import Ask
from .messages import Message
from .model import ModelWriter

if TYPE_CHECKING:
    from ..config import Design

CHARACTERS_PER_TOKEN = 4
USUAL_REPLY = 500  # tokens: a few sentences and a reward of a few parts
REPAIR = 200  # tokens: why a reply cannot be used
MADE_UP = -0.123  # of every field in an episode that was never played: as long as usual numbers


@dataclass(frozen=True)
class Estimate:
    """What a search would ask of its model.

    Args:
        calls, most_calls: without repairs, and where every reply is refused as often as allowed.
        advice: how many of them are for advice between rounds, at most.
        prompt_tokens: of the calls without repairs, by length.
        cost, most: money, by replies of usual length and by the longest ones with all repairs.
    """

    calls: int
    most_calls: int
    prompt_tokens: int
    cost: float
    most: float
    advice: int = 0


def preview(config: Design) -> str:
    """The cost of a search and every kind of prompt in it, as text.

    Prompts of the first round are those that would be sent; later ones are shown with made-up parents, because
    the real ones depend on trainings.  Nothing is asked and nothing is trained.

    Args:
        config: of the search; its ``llm`` is the model.
    """
    task = tasks.resolve(config.task)
    config = config.budgeted(task)
    if config.llm is None:
        return f"{config.resolved.name}: no language model writes, so no prompt is sent"
    writer = config.model_writer(task)
    rounds = [(number, _asks(config, number)) for number in range(min(config.rounds, 2))]
    kinds: dict[str, tuple[int, Ask]] = {}
    for number, asks in rounds:
        for ask in asks:
            kinds.setdefault(ask.operator, (number, ask))
    head = [*_head(config, writer, [asks for _, asks in rounds]), *_on_disk(config, writer, rounds[0][1])]
    if len(rounds) > 1:
        head.append(
            "made up: what a prompt after the first round says of rewards; the real ones come of trainings"
        )
    shown = [_prompt(writer, number, ask) for number, ask in kinds.values()]
    advised = {wish.kind: text for wish, text in _advised(writer, rounds[-1][1])} if len(rounds) > 1 else {}
    shown += [f"=== {kind}: after a round, made up\n--- user\n{text}\n" for kind, text in advised.items()]
    return "\n".join([*head, "", *shown])


def estimate(config: Design, writer: ModelWriter, rounds: Sequence[Sequence[Ask]]) -> Estimate:
    """Calls and money, from the asks of the first round and of a later one."""
    model, writing = writer.model, writer.writing
    first, later = rounds[0], rounds[-1]
    asks = [*first, *(ask for _ in range(config.rounds - 1) for ask in later)]
    sizes = {id(ask): _tokens(writer.conversation.messages(ask)) for ask in {id(a): a for a in asks}.values()}
    read = sum(sizes[id(ask)] for ask in asks)
    critics = 2 if writing.critic or writing.language == "parameters" else 1
    calls, tries = critics * len(asks), writing.repairs + 1
    read *= critics
    # every repair reads all that was said before it again
    repeated = _sum_to(writing.repairs) * (model.max_tokens + REPAIR)
    again = sum(critics * (sizes[id(ask)] * tries + repeated) for ask in asks)
    advice, asked = _advice(config, writer, later)
    usual = model.cost(read + asked, (calls + advice) * min(USUAL_REPLY, model.max_tokens))
    most = model.cost(again + asked, (calls * tries + advice) * model.max_tokens)
    return Estimate(calls + advice, calls * tries + advice, read + asked, usual, most, advice)


def _advice(config: Design, writer: ModelWriter, later: Sequence[Ask]) -> tuple[int, int]:
    """How often advice is asked for at most, and tokens that are read for it."""
    # nothing can be analysed before the first round, or compared before the second
    times = {"analyzer": max(config.rounds - 1, 0), "difference": max(config.rounds - 2, 0)}
    advised = _advised(writer, later)
    calls = sum(times[wish.kind] for wish, _ in advised)
    return calls, sum(times[wish.kind] * (len(text) // CHARACTERS_PER_TOKEN) for wish, text in advised)


def _advised(writer: ModelWriter, asks: Sequence[Ask]) -> list[tuple[Wish, str]]:
    """What would be asked before a round, of made-up episodes that all failed."""
    task, compose = writer.task, writer.writing.compose
    fields = [f for f in task.fields if f.kind == "state"]
    steps = {f.name: np.full((task.horizon, f.width) if f.width else task.horizon, MADE_UP) for f in fields}
    played = {name: (Episode(steps, False),) * FAILURES for ask in asks for name in ask.names}
    plain = [uncomposed(ask, compose) for ask in asks]
    others = [parent for ask in plain for parent in ask.parents[1:]] + [p for ask in plain for p in ask.parents]
    before = next((replace(each, candidate=replace(each.candidate, id="before")) for each in others), None)
    found = wishes(advice_of(writer.writing), plain, played, before=before)
    return [(wish, advice_prompt(writer.roles, task, wish)) for wish in found]


def _head(config: Design, writer: ModelWriter, rounds: Sequence[Sequence[Ask]]) -> list[str]:
    model, found = writer.model, estimate(config, writer, rounds)
    repairs = writer.writing.repairs
    written = found.calls * min(USUAL_REPLY, model.max_tokens)
    lines = [
        f"task {config.task}, method {config.resolved.name}",
        f"rounds: {config.rounds} of {len(rounds[0])} programs",
        f"model {model.model} at {model.base_url}",
        f"calls: {found.calls}; {found.most_calls} if every reply is refused {repairs} times"
        + (f"; at most {found.advice} of them for advice between rounds" if found.advice else ""),
        f"tokens: about {found.prompt_tokens:,} to read, {written:,} to write; a reply has at most "
        f"{model.max_tokens:,}",
    ]
    if model.price_in or model.price_out:
        prices = f"{model.price_in:g} and {model.price_out:g} for a million tokens"
        lines.append(f"cost: about {found.cost:.2f}, at most {found.most:.2f} (prices {prices})")
    else:
        lines.append("cost: no prices are given")
    lines.append(f"stops at: {writer.budget}")
    return lines


def _on_disk(config: Design, writer: ModelWriter, asks: Sequence[Ask]) -> list[str]:
    """How many replies of the first round are there already; its requests are known exactly."""
    rng = np.random.default_rng([config.seed, 0])
    state = config.resolved.strategy.start()
    config.resolved.strategy.asks(state, View(0, config.rounds), len(asks), rng)
    known = writer.model.known(writer.requests(asks, rng))
    return [f"on disk: {sum(known)} of the first round's {len(asks)} replies"]


def _asks(config: Design, number: int) -> list[Ask]:
    """What a round would ask for; from the second on, of made-up parents."""
    strategy = config.resolved.strategy
    rng = np.random.default_rng([config.seed, number])
    view = View(0, config.rounds) if number == 0 else _made_up(config, number)
    asks = strategy.asks(strategy.start(), view, _count(config), rng)
    if number == 0 or "history" not in config.resolved.writing.feedback:
        return asks
    # as many earlier choices as a prompt of the last round tells
    earlier = tuple(one for one in view.ranked[:1] for _ in range(min(config.rounds - 2, LONGEST)))
    return [replace(ask, earlier=earlier) if ask.parents else ask for ask in asks]


def _count(config: Design) -> int:
    method, trainings = config.resolved, config.trainings
    assert trainings is not None, "budgeted() comes first"
    each = config.each + method.training.confirmed * method.training.confirm
    return max(method.strategy.smallest, int(trainings / (config.rounds * each)))


def _made_up(config: Design, number: int) -> View:
    """A view after a round, with random programs that paid nothing."""
    sees = config.resolved.sees
    if "order" not in sees:
        return View(number, config.rounds)
    grammar = Grammar.from_fields(tasks.resolve(config.task).table())
    parents: list[Parent] = []
    for i in range(max(4, config.resolved.strategy.smallest)):
        program = random_program(grammar, np.random.default_rng([config.seed, i]))
        share = 1.0 / len(program.names)
        terms = {name: TermTrace(0.0, 0.0, share, (0.0,) * 10) for name in program.names}
        score = 0.0 if "score" in sees else None
        candidate = Candidate(f"r{number - 1}c{i}", program, "fresh")
        parents.append(Parent(candidate, terms if "terms" in sees else {}, score, (0.0,) * 10))
    return View(number, config.rounds, tuple(parents), tuple(parents))


def _prompt(writer: ModelWriter, number: int, ask: Ask) -> str:
    parents = ", with made-up parents" if ask.parents else ""
    lines = [f"=== {ask.operator}: round {number}{parents}"]
    for message in writer.conversation.messages(ask):
        lines += [f"--- {message['role']}", message["content"], ""]
    return "\n".join(lines)


def _tokens(messages: Sequence[Message]) -> int:
    return sum(len(message["content"]) for message in messages) // CHARACTERS_PER_TOKEN


def _sum_to(count: int) -> int:
    return count * (count + 1) // 2
