"""What lies outside the sandbox and must stay out of reach: a world of canaries, told to the attacker.

Everything carries a token of its own that no job can guess, so that a token in an output proves a leak.
"""

from __future__ import annotations

import _ctypes
import ctypes
import os
import secrets
import shutil
import site
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

NOBODY = 65534
VARIABLE = "REWARDSMITH_CANARY"

_VICTIM = """
import ctypes, os, sys
held = open(sys.argv[1], 'rb')
os.dup2(held.fileno(), 0)
room = ctypes.create_string_buffer(os.environ['VICTIM_TOKEN'].encode(), 64)
print(ctypes.addressof(room), flush=True)
while True:
    __import__('time').sleep(1)
"""


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _handle_of(path: Path) -> str:
    """The handle of a file, by which open_by_handle_at finds it past every mount."""
    room = ctypes.create_string_buffer((128).to_bytes(4, "little"), 8 + 128)
    mount = ctypes.c_int()
    if _libc().syscall(303, -100, os.fsencode(path), room, ctypes.byref(mount), 0) != 0:
        return bytes(16).hex()
    return room.raw[: 8 + int.from_bytes(room.raw[:4], "little")].hex()


@dataclass
class World:
    """The canaries of one test run; ``with World() as world:``."""

    folder: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="rewardsmith-outside-")))
    mark: str = field(default_factory=lambda: f"mark-{secrets.token_hex(6)}")
    contacts: list[str] = field(default_factory=list)
    tokens: set[str] = field(default_factory=set)
    victim: subprocess.Popen[str] | None = None
    address: int = 0
    _sockets: list[socket.socket] = field(default_factory=list)
    _shm: int = -1

    def token(self, where: str) -> str:
        """A new secret for one place."""
        made = f"token-of-{where}-{secrets.token_hex(8)}"
        self.tokens.add(made)
        return made

    def __enter__(self) -> World:
        self.folder.chmod(0o755)
        self.drop.mkdir()
        self.drop.chmod(0o777)
        self.kept_folder.mkdir()
        self.kept_folder.chmod(0o777)
        self.secret.write_text(self.token("file"))
        shutil.copy(_ctypes.__file__ or "", self.library)
        self.library.chmod(0o755)
        os.environ[VARIABLE] = self.token("environment")
        self.shm.write_text(self.token("shared-memory"))
        self._attach()
        self._listen()
        self.restore()
        return self

    def __exit__(self, *_: object) -> None:
        self._end_victim()
        for each in self._sockets:
            each.close()
        _libc().shmctl(self._shm, 0, None)
        os.environ.pop(VARIABLE, None)
        self.shm.unlink(missing_ok=True)
        shutil.rmtree(self.folder)

    @property
    def drop(self) -> Path:
        return self.folder / "drop"

    @property
    def kept_folder(self) -> Path:
        return self.folder / "kept"

    @property
    def kept(self) -> Path:
        return self.kept_folder / "file"

    @property
    def secret(self) -> Path:
        return self.folder / "secret"

    @property
    def library(self) -> Path:
        return self.folder / "library.so"

    @property
    def shm(self) -> Path:
        return Path("/dev/shm") / f"shared-{self.mark}"

    @property
    def shm_key(self) -> int:
        return 0x52000000 + int(self.mark[-5:], 16) * 2

    def _attach(self) -> None:
        libc = _libc()
        libc.shmat.restype = ctypes.c_void_p
        self._shm = libc.shmget(self.shm_key, 64, 0o1666)
        place = libc.shmat(self._shm, None, 0)
        said = self.token("system-v").encode()
        ctypes.memmove(place, said, len(said))
        libc.shmdt(ctypes.c_void_p(place))

    def _listen(self) -> None:
        tcp, udp = socket.socket(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        named, abstract = socket.socket(socket.AF_UNIX), socket.socket(socket.AF_UNIX)
        tcp.bind(("127.0.0.1", 0))
        udp.bind(("127.0.0.1", 0))
        named.bind(str(self.folder / "socket"))
        (self.folder / "socket").chmod(0o777)
        abstract.bind("\0" + self.mark)
        self._sockets += [tcp, udp, named, abstract]
        for each in (tcp, named, abstract):
            each.listen()
            threading.Thread(target=self._wait, args=(each.accept,), daemon=True).start()
        threading.Thread(target=self._wait, args=(lambda: udp.recvfrom(64),), daemon=True).start()

    def _wait(self, contact: Callable[[], tuple[object, object]]) -> None:
        while True:
            try:
                who, _ = contact()
            except OSError:
                return  # closed: the world has ended
            self.contacts.append("somebody")
            if isinstance(who, socket.socket):
                who.close()

    def restore(self) -> None:
        """Everything as it was, before the next probe."""
        self.contacts.clear()
        here = [*self.drop.iterdir(), *self.kept_folder.iterdir()]
        for path in [*here, *(Path(each) / self.mark for each in ("/tmp", "/dev/shm", "/var/tmp", "/run"))]:
            path.unlink(missing_ok=True)
        self.kept.write_text("must stay")
        self.kept.chmod(0o644)
        if os.getuid() == 0:  # the worst case: a file that belongs to whoever the sandbox runs as
            os.chown(self.kept, NOBODY, NOBODY)
        self.kept_state = self.state_of_kept()
        if self.victim is None or self.victim_trouble():
            self._end_victim()
            self._start_victim()

    def state_of_kept(self) -> tuple[object, ...]:
        """Names in the folder, and the file's text, mode, owner, links and time."""
        names = tuple(sorted(path.name for path in self.kept_folder.iterdir()))
        if not self.kept.exists():
            return (names,)
        facts = self.kept.stat()
        return names, self.kept.read_text(), facts.st_mode, facts.st_uid, facts.st_nlink, facts.st_mtime

    def _start_victim(self) -> None:
        """A process with the sandbox's own uid, in another namespace, that holds secrets everywhere."""
        told = {
            **os.environ,
            "VICTIM_TOKEN": self.token("victim-memory"),
            "OTHER": self.token("victim-environment"),
        }
        said = f"victim-of-the-test-{self.token('victim-command')}"
        apart = ["unshare", "--uts"] if os.getuid() == 0 else ["unshare", "--user", "--uts"]
        self.victim = subprocess.Popen(
            [*apart, *self.as_nobody(), sys.executable, "-c", _VICTIM, str(self.secret), said],
            env=told, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self.victim.stdout is not None
        self.address = int(self.victim.stdout.readline())
        self._memory = self._victim_memory()
        self._limits = self._victim_limits()
        assert b"token-of" in self._memory

    def as_nobody(self) -> list[str]:
        """The command by which the victim got its uid."""
        who = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
        return who if os.getuid() == 0 else []

    def _end_victim(self) -> None:
        if self.victim is not None:
            self.victim.kill()
            self.victim.wait()
            assert self.victim.stdout is not None
            self.victim.stdout.close()

    def _victim_memory(self) -> bytes:
        assert self.victim is not None
        with open(f"/proc/{self.victim.pid}/mem", "rb", buffering=0) as file:
            file.seek(self.address)
            return file.read(64)

    def _victim_limits(self) -> str:
        assert self.victim is not None
        return Path(f"/proc/{self.victim.pid}/limits").read_text()

    def victim_trouble(self) -> str:
        """What has been done to the other process, or nothing."""
        assert self.victim is not None
        time.sleep(0)
        if self.victim.poll() is not None:
            return "ended"
        status = Path(f"/proc/{self.victim.pid}/status").read_text()
        if "TracerPid:\t0" not in status:
            return "traced"
        if "State:\tt" in status or "State:\tT" in status:
            return "stopped"
        if self._victim_memory() != self._memory:
            return "its memory was written"
        return "its limits were changed" if self._victim_limits() != self._limits else ""

    def names(self) -> dict[str, str]:
        """What the placeholders of the corpus stand for."""
        assert self.victim is not None
        tcp, udp = (each.getsockname()[1] for each in self._sockets[:2])
        return {
            "SECRET": str(self.secret), "FOLDER": str(self.folder), "DROP": str(self.drop),
            "KEPT": str(self.kept),
            "LIBRARY": str(self.library), "SOCKET": str(self.folder / "socket"), "ABSTRACT": self.mark,
            "PORT": str(tcp), "UDP": str(udp), "VARIABLE": VARIABLE, "MARK": self.mark, "SHM": self.shm.name,
            "SHMKEY": str(self.shm_key), "PARENT": str(os.getpid()), "VICTIM": str(self.victim.pid),
            "ADDRESS": str(self.address), "HANDLE": _handle_of(self.secret), "HOME": str(Path.home()),
            "PYTHON": sys.executable, "SITE": site.getsitepackages()[0],
            "PACKAGE": str(Path(np.__file__).parent),
        }  # fmt: skip

    def filled(self, text: str) -> str:
        """A text of the corpus with its placeholders filled in."""
        for name, value in self.names().items():
            text = text.replace(f"@{name}@", value)
        return text
