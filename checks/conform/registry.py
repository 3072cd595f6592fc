"""The stacks that there are drivers for, by name.

The functions that make stacks import their drivers themselves, because each is called only in the process of that
stack: to judge lwIP, no process needs the netlink library of the Linux driver.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from halfclose.checks.stacks.stack import Stack
from halfclose.spec.language.profile import Profile


class UnknownStack(ValueError):
    """No driver has this name; the message lists those that exist."""


@dataclass(frozen=True)
class Driver:
    """How a stack is made, in the process that will run it.

    make: returns the stack; a stack with options follows the profile that it is judged by.  prepare: "module:function",
    what the process does before it imports anything else, because a process with several threads cannot enter a
    namespace.
    """

    make: Callable[[Profile], Stack]
    prepare: str = ""


def _linux(_: Profile) -> Stack:
    from halfclose.checks.stacks.linux import LinuxStack

    return LinuxStack()


def _lwip(_: Profile) -> Stack:
    from halfclose.checks.stacks.lwip import LwipStack

    return LwipStack()


def _reference(profile: Profile) -> Stack:
    from halfclose.checks.stacks.reference import ReferenceStack

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
