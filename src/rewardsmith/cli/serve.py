"""``rewardsmith serve``: a reward over HTTP."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..core.errors import BadInput
from .interrupt import leave
from .listen import is_loopback, listen, run_until_stopped, url_of
from .output import say_json, tell
from .runs import Json

if TYPE_CHECKING:
    from ..connect.server import Settings

NAME = "serve"
HELP = "Serve a reward over HTTP."


def command(
    reward: Annotated[str, typer.Argument(help="reward.py, reward.py:NAME or reward.json.")],
    port: Annotated[int, typer.Option(help="The port; 0 takes a free one.")] = 8000,
    host: Annotated[
        str, typer.Option(help="The address to listen on; others than this machine need a token.")
    ] = ("127.0.0.1"),
    token: Annotated[
        str | None,
        typer.Option(envvar="REWARDSMITH_TOKEN", help="What clients must show: Authorization: Bearer."),
    ] = None,
    on_error: Annotated[
        str, typer.Option(help="Samples that cannot be scored: raise, abstain, or a number.")
    ] = "abstain",
    timeout: Annotated[float | None, typer.Option(help="Seconds for one request.")] = None,
    no_verdict: Annotated[
        float | None, typer.Option(help="What /get_reward gives where there is no verdict, instead of null.")
    ] = None,
    max_batch: Annotated[int, typer.Option(help="Samples in one request, at most.")] = 4096,
    json: Json = False,
) -> None:
    """Run the verb."""
    from ..connect.load import load_reward

    if not is_loopback(host) and not token:
        raise BadInput(
            "--host", host, "127.0.0.1, or another address with --token SECRET (or $REWARDSMITH_TOKEN)",
            "whoever reaches the port could use the reward",
        )  # fmt: skip
    loaded = load_reward(reward)
    settings = _settings(token, on_error, timeout, no_verdict, max_batch)
    from ..connect.server import make_app

    app = make_app(loaded, settings)
    with listen(host, port) as listening:
        url = url_of(host, listening)

        def ready() -> None:
            tell(f"serving {loaded} on {url} (stop with Ctrl-C)")
            if json:
                say_json({"url": url, "reward": str(loaded), "fields": sorted(loaded.fields)})

        run_until_stopped(app, listening, ready)
    tell("stopped; all requests are answered")
    leave(0)  # evaluations that hang must not keep the process


def _settings(
    token: str | None, on_error: str, timeout: float | None, no_verdict: float | None, max_batch: int
) -> Settings:
    from ..connect.server import Settings

    policy: Any = on_error
    with contextlib.suppress(ValueError):
        policy = float(on_error)
    return Settings(policy, timeout, no_verdict, max_batch, token=token)
