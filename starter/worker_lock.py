"""The lock of the on-demand worker: a file that one process on this machine can hold.

It is the kernel's (flock), so it dies with its holder, however that dies. The launcher takes it and
hands it to the worker it starts, open, as a file descriptor: there is no moment without a holder.
"""

import fcntl
import json
import os
import socket
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self


@dataclass(frozen=True, slots=True)
class Holder:
    """The worker that was started last. `created`: when its process was, in Unix seconds: with the
    pid it makes a process recognisable."""

    host: str
    pid: int
    created: float


class WorkerLock:
    """A lock that this process holds, as an open file."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor

    @classmethod
    def take(cls, path: Path) -> Self | None:
        """The lock; None when another process holds it."""
        lock = cls(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        if lock.take_again():
            return lock
        lock.close()
        return None

    def take_again(self) -> bool:
        with suppress(BlockingIOError):
            fcntl.flock(self.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        return False

    def release(self) -> None:
        fcntl.flock(self.descriptor, fcntl.LOCK_UN)

    def close(self) -> None:
        """Gives up this process's part in it; a process that it was handed to still holds it."""
        os.close(self.descriptor)

    def note(self, pid: int, created: float) -> None:
        """Writes down who holds it from now on."""
        holder = Holder(host=socket.gethostname(), pid=pid, created=created)
        os.ftruncate(self.descriptor, 0)
        os.pwrite(self.descriptor, json.dumps(asdict(holder)).encode(), 0)


def noted_holder(path: Path) -> Holder | None:
    """Who was noted last; None: nobody, or the note is just being written."""
    try:
        return Holder(**json.loads(path.read_bytes()))
    except (FileNotFoundError, ValueError, TypeError):
        return None
