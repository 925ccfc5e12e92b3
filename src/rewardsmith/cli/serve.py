"""``rewardsmith serve``: a reward over HTTP."""

from __future__ import annotations

import contextlib
import ipaddress
import signal
import socket
from collections.abc import Generator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..core.errors import BadInput, MissingExtra
from .interrupt import leave
from .output import say_json, tell
from .runs import Json

if TYPE_CHECKING:
    from ..connect.server import Settings

NAME = "serve"
HELP = "Serve a reward over HTTP."
PATIENCE_SECONDS = 30  # for answers in the making, when the server is stopped


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

    if not _is_loopback(host) and not token:
        raise BadInput(
            "--host", host, "127.0.0.1, or another address with --token SECRET (or $REWARDSMITH_TOKEN)",
            "whoever reaches the port could use the reward",
        )  # fmt: skip
    loaded = load_reward(reward)
    settings = _settings(token, on_error, timeout, no_verdict, max_batch)
    from ..connect.server import make_app

    app = make_app(loaded, settings)
    with _listen(host, port) as listening:
        address = listening.getsockname()
        url = f"http://{f'[{host}]' if ':' in host else host}:{address[1]}"

        def ready() -> None:
            tell(f"serving {loaded} on {url} (stop with Ctrl-C)")
            if json:
                say_json({"url": url, "reward": str(loaded), "fields": sorted(loaded.fields)})

        _run(app, listening, ready)
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


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False  # a name may lead anywhere


def _listen(host: str, port: int) -> socket.socket:
    if not 0 <= port <= 65535:
        raise BadInput("--port", port, "0 to 65535")
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=1024)
    except OSError as error:
        raise BadInput("--host and --port", f"{host}:{port}", "an address to listen on", str(error)) from None


def _run(app: Any, listening: socket.socket, ready: Any) -> None:
    try:
        import uvicorn
    except ModuleNotFoundError:
        raise MissingExtra("uvicorn", "server", "the reward server") from None

    class Server(uvicorn.Server):
        """Says when it listens, and ends quietly on SIGINT and SIGTERM, after the answers in the making."""

        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            ready()

        @contextlib.contextmanager
        def capture_signals(self) -> Generator[None]:
            old = {
                number: signal.signal(number, self.handle_exit) for number in (signal.SIGINT, signal.SIGTERM)
            }
            try:
                yield
            finally:
                for number, handler in old.items():
                    signal.signal(number, handler)

    config = uvicorn.Config(
        app, log_level="error", access_log=False, lifespan="off", timeout_graceful_shutdown=PATIENCE_SECONDS
    )
    Server(config).run([listening])
