"""Decides the claims in several processes: every property in its scope, and every mutant that must break it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait

from halfclose.checks.claims.decide import run_unit
from halfclose.checks.claims.report import Report, Verdict
from halfclose.checks.claims.units import Unit
from halfclose.checks.work.processes import ignore_interrupt, stop


def verify(
    report: Report, work: list[Unit], jobs: int | None = None, done: Callable[[Unit], None] = lambda _: None
) -> None:
    """Run these units and add their verdicts to the report as they finish; an interrupt leaves those in it.

    jobs: the number of processes; by default, that of the processors.  done: is called with each unit that is decided.
    """
    started = time.perf_counter()
    processes = max(1, min(jobs or os.cpu_count() or 1, len(work)))
    with ProcessPoolExecutor(processes, initializer=ignore_interrupt) as pool:
        waiting: dict[Future[list[Verdict]], Unit] = {pool.submit(run_unit, unit): unit for unit in work}
        try:
            while waiting:
                finished, _ = wait(waiting, timeout=0.2, return_when=FIRST_COMPLETED)
                for future in finished:
                    report.verdicts.extend(future.result())
                    done(waiting.pop(future))
        except BaseException:
            stop(pool)
            raise
        finally:
            report.seconds = time.perf_counter() - started
