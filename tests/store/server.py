"""A private PostgreSQL server for tests: in a folder of its own, reached by a socket in it."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

PASSWORD = "s3cret"
SETTINGS = ("listen_addresses=", "fsync=off", "shared_buffers=16MB", "max_connections=50")
# whoever has a password must give it, everybody else is trusted
ACCESS = "local all guarded scram-sha-256\nlocal all all trust\n"


@dataclass(frozen=True)
class Server:
    folder: Path

    def url(self, user: str = "postgres") -> str:
        return f"postgresql+psycopg://{user}@/postgres?host={self.folder}"

    def start(self) -> None:
        options = " ".join(f"-c {setting}" for setting in SETTINGS)
        self._call("pg_ctl", "-w", "-D", "data", "-l", "log", "-o", f"{options} -k {self.folder}", "start")

    def stop(self) -> None:
        self._call("pg_ctl", "-w", "-D", "data", "-m", "immediate", "stop")

    def ask(self, query: str) -> str:
        return self._call("psql", "-h", str(self.folder), "-U", "postgres", "-Atqc", query).strip()

    def _call(self, program: str, *arguments: str) -> str:
        command = [_program(program), *arguments]
        if os.getuid() == 0:  # the server refuses to run as root
            command = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", *command]
        # a file, not a pipe: the server keeps what it inherits
        with (self.folder / "output").open("w+") as output:
            done = subprocess.run(
                command, stdout=output, stderr=output, cwd=self.folder, timeout=60, check=False
            )
            output.seek(0)
            text = output.read()
        assert done.returncode == 0, text
        return text


def _program(name: str) -> str:
    installed = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    found = shutil.which(name) or (str(installed[-1]) if installed else None)
    assert found, "this test needs PostgreSQL; install it with: apt-get install -y postgresql"
    return found


@contextmanager
def postgres() -> Iterator[Server]:
    folder = Path(tempfile.mkdtemp(prefix="rewardsmith-pg-"))
    if os.getuid() == 0:
        shutil.chown(folder, "postgres", "postgres")
    server = Server(folder)
    try:
        server._call("initdb", "-D", "data", "-U", "postgres", "--no-sync", "-E", "UTF8", "--locale=C")
        (folder / "data" / "pg_hba.conf").write_text(ACCESS)
        server.start()
        server.ask(f"CREATE ROLE guarded LOGIN PASSWORD '{PASSWORD}'")
        server.ask("GRANT CREATE ON DATABASE postgres TO guarded")
        yield server
        server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
