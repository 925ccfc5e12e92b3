"""Put before every hostile source: raw system calls, machine code, and a way to be seen from outside.

Nothing here is needed by an honest job.  It is a text that runs inside the sandbox, never in a test.
"""

import os
import time

try:
    import ctypes

    LIBC = ctypes.CDLL(None, use_errno=True)
    LIBC.syscall.restype = ctypes.c_long
except ImportError:  # not every sandbox has it
    ctypes = None


def call(number, *args):
    """A system call by its number (x86-64); raises OSError where the kernel refuses."""
    plain = [ctypes.c_long(each) if isinstance(each, int) else each for each in args]
    found = LIBC.syscall(ctypes.c_long(number), *plain)
    if found == -1:
        raise OSError(ctypes.get_errno(), f"system call {number} refused")
    return found


def read_all(fd):
    """The first bytes behind a descriptor, by a raw read."""
    room = ctypes.create_string_buffer(4096)
    size = call(0, fd, room, 4096)
    return room.raw[:size]


def memory(start, stop):
    """The bytes of this process from start on, up to the first that is not mapped (none is fatal)."""
    found = []
    for place in range(start, stop, 4096):
        # with a meaningless first argument the kernel reads the second, and says whether it could
        if LIBC.syscall(14, 99, ctypes.c_void_p(place), None, 8) == -1 and ctypes.get_errno() == 14:
            break
        found.append(ctypes.string_at(place, 4096))
    return b"".join(found)


def machine_code(code, text=b""):
    """Run bytes as a function; `text` lies at ADDRESS (below 4 GiB), which the code may name as 0x11223344."""
    LIBC.mmap.restype = ctypes.c_void_p
    LIBC.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t] + [ctypes.c_int] * 3 + [ctypes.c_long]
    place = LIBC.mmap(None, 8192, 7, 0x62, -1, 0)  # read, write, execute; private, anonymous, below 4 GiB
    if place in (None, ctypes.c_void_p(-1).value):
        raise OSError(ctypes.get_errno(), "no executable memory")
    ctypes.memmove(place + 4096, text + b"\0", len(text) + 1)
    code = code.replace(bytes.fromhex("44332211"), (place + 4096).to_bytes(4, "little"))
    ctypes.memmove(place, code, len(code))
    found = ctypes.CFUNCTYPE(ctypes.c_long)(place)()
    if -4096 < found < 0:
        raise OSError(-found, "refused")
    return found


def hold(seconds=0.3):
    """Keep what was gained until the watcher outside has seen it."""
    time.sleep(seconds)


def as_child(number):
    """In a child process made by a raw system call: be seen, then end."""
    if number == 0:
        hold()
        os._exit(0)
    hold()
