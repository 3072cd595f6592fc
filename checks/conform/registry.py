"""The stacks that there are drivers for, by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from halfclose.checks.stacks.linux import LinuxStack
from halfclose.checks.stacks.lwip import LwipStack
from halfclose.checks.stacks.reference import ReferenceStack
from halfclose.checks.stacks.stack import Stack
from halfclose.spec.language.profile import Profile


class UnknownStack(ValueError):
    """No driver has this name; the message lists those that exist."""


@dataclass(frozen=True)
class Driver:
    """How a stack is made, in the process that will run it.

    make: the stack, which may follow the profile that it is judged by.  prepare: "module:function", what the process
    does before it imports anything else, because a process with several threads cannot enter a namespace.
    """

    make: Callable[[Profile], Stack]
    prepare: str = ""


def _linux(_: Profile) -> Stack:
    return LinuxStack()


def _lwip(_: Profile) -> Stack:
    return LwipStack()


def _reference(profile: Profile) -> Stack:
    return ReferenceStack.following(profile.on)


STACKS: dict[str, Driver] = {
    "linux": Driver(_linux, prepare="halfclose.checks.stacks.namespace:enter_namespace"),
    "lwip": Driver(_lwip),
    "reference": Driver(_reference),
}


def driver(stack: str) -> Driver:
    """The driver with this name; raises UnknownStack."""
    if stack not in STACKS:
        raise UnknownStack(f"unknown stack {stack!r}; known are {', '.join(STACKS)}")
    return STACKS[stack]
