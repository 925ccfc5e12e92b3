"""``rewardsmith scripted-model``: a stand-in for a language model, for tests and demonstrations."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .listen import listen, run_until_stopped, url_of
from .output import say_json, tell
from .runs import Json

NAME = "scripted-model"
HELP = "Serve a scripted stand-in for a language model."
HOST = "127.0.0.1"


def command(
    port: Annotated[int, typer.Option(help="The port; 0 takes a free one.")] = 8000,
    seed: Annotated[int, typer.Option(help="Seed of all answers.")] = 0,
    mistakes: Annotated[float, typer.Option(help="Share of answers that cannot be used.")] = 0.1,
    recordings: Annotated[
        Path | None, typer.Option(help="Answer from this JSON file (content key -> reply) only.")
    ] = None,
    busy: Annotated[int, typer.Option(help="Answer each request so often with 429 and 500 first.")] = 0,
    seconds: Annotated[float, typer.Option(help="Seconds that each answer takes.")] = 0.0,
    json: Json = False,
) -> None:
    """Run the verb."""
    from ..design.scripted import Script, load_recordings, make_app

    recorded = None if recordings is None else load_recordings(recordings)
    script = Script(seed, mistakes, recorded, busy, seconds)
    app = make_app(script)
    with listen(HOST, port) as listening:
        url = f"{url_of(HOST, listening)}/v1"

        def ready() -> None:
            tell(f"{script.model} on {url}: no language model, answers by script (stop with Ctrl-C)")
            if json:
                say_json({"url": url, "model": script.model})

        run_until_stopped(app, listening, ready)
    tell("stopped")
