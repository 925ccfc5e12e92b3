"""Serving over HTTP: where to listen, and how to end quietly."""

from __future__ import annotations

import contextlib
import ipaddress
import signal
import socket
from collections.abc import Callable, Generator
from typing import Any

from ..core.errors import BadInput, MissingExtra

PATIENCE_SECONDS = 30  # for answers in the making, when the server is stopped


def is_loopback(host: str) -> bool:
    """True for addresses that only this machine reaches."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False  # a name may lead anywhere


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens.

    Raises:
        BadInput: an address that cannot be used.
    """
    if not 0 <= port <= 65535:
        raise BadInput("--port", port, "0 to 65535")
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=1024)
    except OSError as error:
        raise BadInput("--host and --port", f"{host}:{port}", "an address to listen on", str(error)) from None


def run_until_stopped(app: Any, listening: socket.socket, ready: Callable[[], None]) -> None:
    """Serve; ``ready`` is called when the port answers."""
    try:
        import uvicorn
    except ModuleNotFoundError:
        raise MissingExtra("uvicorn", "server", "serving") from None

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


def url_of(host: str, listening: socket.socket) -> str:
    """Where a socket is reached."""
    return f"http://{f'[{host}]' if ':' in host else host}:{listening.getsockname()[1]}"
