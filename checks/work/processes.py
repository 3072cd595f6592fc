"""A pool of processes that Ctrl-C ends at once."""

from __future__ import annotations

import signal
from concurrent.futures import ProcessPoolExecutor


def ignore_interrupt() -> None:
    """Ctrl-C goes to the whole group; the parent alone answers it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def stop(pool: ProcessPoolExecutor) -> None:
    """End the processes of a pool, whatever they are doing."""
    processes = list((pool._processes or {}).values())
    pool.shutdown(wait=False, cancel_futures=True)
    for process in processes:
        process.terminate()
