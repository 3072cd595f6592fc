"""Decide the claims: every property in its scope, and every mutant that is said to break it, in a few processes."""

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
    """Run the units in `jobs` processes, filling the report as they finish; an interrupt leaves what is there."""
    started = time.perf_counter()
    with ProcessPoolExecutor(jobs or os.cpu_count() or 1, initializer=ignore_interrupt) as pool:
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
