"""A network of this process's own: nothing outside is touched, and no privilege is needed.

Root makes a network namespace; anybody else makes a user namespace first, which gives rights over it.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from pyroute2 import NetlinkError

_IPV4 = Path("/proc/sys/net/ipv4")
_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000
_ADVICE = {
    errno.EPERM: "allow user namespaces (sysctl kernel.unprivileged_userns_clone=1, "
    "kernel.apparmor_restrict_unprivileged_userns=0) or run as root",
    errno.ENOSPC: "raise user.max_user_namespaces and user.max_net_namespaces",
    errno.EINVAL: "the kernel needs CONFIG_USER_NS and CONFIG_NET_NS",
    errno.EOPNOTSUPP: "load the kernel module veth",
    errno.EEXIST: "another cable is laid here; if nobody uses it, run `ip link delete halfclose0`",
}


class NoNetwork(Exception):
    """No network can be had here; the message says in one line what to do."""


def enter() -> bool:
    """Move this process permanently into an empty network; returns whether a user namespace was needed for it.

    Call it first thing: a process with several threads cannot be moved as a whole.  Raises NoNetwork.
    """
    if sys.platform != "linux":
        raise NoNetwork("network namespaces need a Linux kernel")
    if len(os.listdir("/proc/self/task")) > 1:
        raise NoNetwork("a namespace must be entered before the process starts a second thread")
    with advice():
        if _unshare(_CLONE_NEWNET) == 0:
            return False
        user, group = os.geteuid(), os.getegid()
        if error := _unshare(_CLONE_NEWUSER | _CLONE_NEWNET):
            raise OSError(error, os.strerror(error))
        for name, line in (("setgroups", "deny"), ("uid_map", f"0 {user} 1"), ("gid_map", f"0 {group} 1")):
            Path("/proc/self", name).write_text(line)
    return True


def configure(settings: Mapping[str, str]) -> None:
    """Set sysctls under net.ipv4, in this network alone; those that the kernel does not have are left out."""
    for name, value in settings.items():
        with contextlib.suppress(FileNotFoundError):
            (_IPV4 / name).write_text(value)


@contextlib.contextmanager
def advice() -> Iterator[None]:
    """Turn what the kernel refuses inside into NoNetwork, with what to do about it."""
    try:
        yield
    except OSError as error:
        raise _refusal(error.errno or 0) from error
    except NetlinkError as error:
        raise _refusal(error.code) from error


def _unshare(what: int) -> int:
    """The error number; 0 where it succeeded."""
    return 0 if ctypes.CDLL(None, use_errno=True).unshare(what) == 0 else ctypes.get_errno()


def _refusal(error: int) -> NoNetwork:
    hint = f": {_ADVICE[error]}" if error in _ADVICE else ""
    return NoNetwork(f"no private network can be had here ({os.strerror(error)}){hint}")
