"""Worker processes as an orchestrator has them: killed with all their children at once."""

import os
import signal
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import psutil

from bench.peers.peer import WORKER_NUMBER, Peer
from chaos.stack import Process


class Worker(Process):
    """Killed as a container is: every process of its group, none of them asked."""

    def __init__(self, peer: Peer, folder: Path, number: int, env: Mapping[str, str]) -> None:
        log = folder / f"worker-{number}.log"
        super().__init__(peer.worker, log, {**env, WORKER_NUMBER: str(number)})

    @property
    def pid(self) -> int:
        if self._child is None:
            raise RuntimeError("not started")
        return self._child.pid

    def send(self, number: signal.Signals) -> None:
        # It leads a group of its own (a session), which may outlive it.
        if self._child is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._child.pid, number)

    def megabytes(self) -> float:
        """What it takes of memory: all of the process, and of its children what they don't share.

        A fork shares its parent's pages until one of the two writes to them.
        """
        process = psutil.Process(self.pid)
        children = process.children(recursive=True)
        own = sum(child.memory_full_info().uss for child in children)
        return (int(process.memory_info().rss) + own) / 2**20
