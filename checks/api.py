"""The main questions as functions; `halfclose` offers them under these names.

import halfclose

answers = halfclose.explore("open; send 3; close", "listen; send 1; read; close")
if answers.lost_a:
    print(answers.lost_a.trace.diagram())
"""

from __future__ import annotations

from typing import Any

from halfclose.checks.claims.report import Report
from halfclose.checks.claims.units import chosen, units
from halfclose.checks.claims.verify import verify as run_units
from halfclose.checks.conform.registry import driver
from halfclose.checks.conform.run import conform as replay
from halfclose.checks.conform.verdicts import Report as ConformReport
from halfclose.checks.explore.questions import Answers, ask
from halfclose.checks.prove import solvers
from halfclose.checks.prove.obligation import Proof
from halfclose.checks.prove.proofs import OBLIGATIONS
from halfclose.checks.vectors.generate import generate
from halfclose.checks.vectors.script import VectorSet
from halfclose.spec.language.profile import PROFILES, Profile, parse_profile
from halfclose.spec.tcp.graph import TCP, tcp
from halfclose.spec.world.application import parse_application
from halfclose.spec.world.network import Scope


def explore(app_a: str, app_b: str, profile: str = "rfc9293", **bounds: Any) -> Answers:
    """What can become of the octets of two programs, over a network that loses, duplicates and delays segments.

    bounds: fields of `Scope`; by default, one segment is under way in each direction at most.  Raises BadProgram,
    BadScope and UnknownSwitch.
    """
    apps = parse_application(app_a), parse_application(app_b)
    scope = Scope(*apps, parse_profile(profile), **({"slots": 1} | bounds))
    return ask(scope, tcp(scope.profile))


def verify(*claims: str, mutants: bool = True, jobs: int | None = None) -> Report:
    """Decide claims by their ids, all of them where none is named; raises UnknownClaim.

    mutants: also try the mutants that must break each claim.  jobs: the number of processes; by default, that of the
    processors.
    """
    if jobs is not None and jobs < 1:
        raise ValueError(f"jobs must be at least 1, not {jobs}")
    wanted = chosen(claims)
    report = Report(wanted, mutants)
    run_units(report, units(wanted, mutants=mutants), jobs)
    return report


def prove(profile: str = "", solver: str = "z3") -> dict[str, Proof]:
    """The two proofs by induction, by their names "one end" and "both ends", for every profile at once or for one.

    Raises UnknownSwitch, and NoSolver where the solver is not installed.
    """
    one = parse_profile(profile) if profile else None
    return {name: solvers.prove(make(TCP, one), solver) for name, make in OBLIGATIONS.items()}


def vectors(profile: str = "linux") -> VectorSet:
    """Test vectors that cover every reachable edge of a profile's graph; raises UnknownSwitch."""
    return generate(parse_profile(profile))


def conform(stack: str, of: VectorSet | None = None, profile: str = "") -> ConformReport:
    """Replay test vectors against the stack of this name.

    of: the vectors; by default, those of the profile.  profile: the one that the stack is judged by; by default, its
    own.  Raises UnknownStack, UnknownSwitch, and StackError where this machine cannot run the stack.
    """
    driver(stack)
    judged_by = parse_profile(profile) if profile else PROFILES.get(stack, Profile())
    return replay(stack, of or generate(judged_by), profile=judged_by)
