"""The running Linux kernel's TCP, driven through ordinary sockets in a network of its own.

A process that has called enter_namespace may make a LinuxStack.  User calls are non-blocking socket calls;
segments go over a virtual cable whose other end the tester holds (see namespace.py).  Time is real: whatever
waits for a timer (TIME-WAIT, a retransmission) belongs to a stack with a virtual clock.

A passive OPEN stands for one connection: as soon as accept() yields the child, the listener is closed and the
child takes its place.  Until then the user has no handle on the connection, so that calls which would act on
one in SYN-RECEIVED are not applicable.
"""

from __future__ import annotations

import errno
import os
import re
import socket
import struct
import subprocess
import sys

from halfclose.checks.stacks.namespace import Diag, Wire, enter_namespace, settings
from halfclose.checks.stacks.stack import Known, NotApplicable, Result, StackError, Verb
from halfclose.reference.link.cable import KERNEL
from halfclose.reference.link.cable import NEAR as TESTER
from halfclose.reference.wire import Datagram, Segment, decode, encode

__all__ = ["LinuxStack", "available", "enter_namespace"]

_TCP_REPAIR, _TCP_REPAIR_QUEUE, _TCP_QUEUE_SEQ, _SEND_QUEUE = 19, 20, 21, 2  # linux/tcp.h
_NO_HANDLE = "error: connection does not exist"
_BACKLOG = 8
_STATUS = {
    errno.EAGAIN: "blocked",
    errno.ECONNRESET: "reset",
    errno.ECONNREFUSED: "refused",
    errno.ETIMEDOUT: "timeout",
}

_TRIAL = """
from halfclose.checks.stacks.linux import StackError, try_out
try:
    try_out()
except StackError as error:
    print(error)
    raise SystemExit(1)
"""


def available() -> str | None:
    """None if a child process of this one could drive the kernel, else the reason why not, in one line."""
    command = [sys.executable, "-P", "-c", _TRIAL]
    trial = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    if trial.returncode == 0:
        return None
    lines = (trial.stdout or trial.stderr).strip().splitlines()
    return lines[-1] if lines else f"the trial ended with status {trial.returncode}"


def try_out() -> None:
    """Enter a namespace and listen there; raises StackError if that, or seeing it listen, is impossible."""
    enter_namespace()
    stack = LinuxStack()
    stack.start(peer_port=1024, local_port=1025)
    stack.call(Verb.LISTEN)
    if stack.state() != "LISTEN":
        raise StackError("the kernel tells no socket states: load the modules inet_diag and tcp_diag")


class LinuxStack:
    """The kernel's endpoint, at KERNEL; the tester is TESTER.

    Use one at a time: what a second one does is filtered out of the first one's answers, but fills its queue.
    """

    name = "linux"
    virtual_clock = False
    known = Known(ack_delay=0.0)  # TCP_QUICKACK is on

    def __init__(self, *, receive_buffer: int | None = None) -> None:
        """receive_buffer: SO_RCVBUF in octets (the kernel doubles it); None leaves the kernel's choice.

        Raises StackError in a process that has not called enter_namespace.
        """
        self.version = f"Linux {_release()}"
        self.settings = settings()
        self._receive_buffer = receive_buffer
        self._wire = Wire()
        self._diag = Diag()
        self._socket: socket.socket | None = None
        self._listening = False
        self._peer_port = self._local_port = 0
        self._iss: int | None = None
        self._sent: list[Segment] = []

    def start(self, *, peer_port: int, local_port: int, iss: int | None = None) -> None:
        """Abort the previous connection quietly and prepare one between these ports, in no use before.

        iss holds for an active OPEN alone: the kernel chooses for a passive one whatever is asked.
        """
        self._abandon()
        self._wire.settle()  # what it sent to the last belongs to no later connection
        self._sent.clear()
        self._peer_port, self._local_port, self._iss = peer_port, local_port, iss

    def call(self, verb: Verb, *, text: bytes = b"", count: int = 0) -> Result:
        """Perform one user call, as the system call of that purpose.

        OPEN and LISTEN make a new socket where there is none, or only one whose connection is gone.
        SHUTDOWN, CLOSE and ABORT of a listener that has seen no SYN close it.  Raises NotApplicable for an
        active OPEN with an iss of 0, and for SEND, SHUTDOWN, CLOSE and ABORT while a passive connection is in
        SYN-RECEIVED; ValueError for a RECEIVE of no octets.
        """
        try:
            if verb in (Verb.OPEN, Verb.LISTEN):
                return self._make_or_reuse(verb)
            if self._socket is None:
                return Result(_NO_HANDLE)
            if self._listening:
                return self._call_listener(self._socket, verb, text)
            return self._call_connection(self._socket, verb, text, count)
        except OSError as error:
            return Result(_status(error.errno or 0))

    def deliver(self, segment: Segment) -> None:
        """Hand one segment to the kernel, which has processed it when this returns."""
        datagram = Datagram(TESTER, KERNEL, self._peer_port, self._local_port, segment)
        self._wire.send(encode(datagram))
        self._settle()
        if self._listening:
            self._accept()

    def segments(self) -> list[Segment]:
        """Every segment the kernel sent on this connection since the last call, oldest first, no waiting.

        Raises Malformed should the kernel send something that is not TCP as the wire module knows it.
        """
        self._settle()
        sent, self._sent = self._sent, []
        return sent

    def advance(self, seconds: float) -> None:
        """Not applicable: the kernel's clock is the real one."""
        raise NotApplicable("real-time clock")

    def user_timeout(self) -> None:
        """Not applicable: TCP_USER_TIMEOUT runs on the kernel's clock."""
        raise NotApplicable("real-time clock")

    def state(self) -> str | None:
        """The connection's state in the RFC's words; None where the kernel knows no such socket."""
        return self._diag.state(self._local_port, self._peer_port)

    def close(self) -> None:
        """Give back every resource."""
        self._abandon()
        self._diag.close()
        self._wire.close()

    def _settle(self) -> None:
        ours = self._local_port, self._peer_port
        for packet in self._wire.settle():
            datagram = decode(packet)
            if (datagram.source_port, datagram.target_port) == ours:
                self._sent.append(datagram.segment)

    def _abandon(self) -> None:
        """End whatever is left of the connection, orphans and TIME-WAIT too: their number is limited."""
        if self._socket is not None:
            self._drop(abort=not self._listening)
        self._diag.destroy(self._local_port, self._peer_port)

    def _drop(self, *, abort: bool) -> None:
        assert self._socket is not None
        if abort:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._socket.close()
        self._socket, self._listening = None, False

    def _make_or_reuse(self, verb: Verb) -> Result:
        if self._socket is not None and self.state() is None:
            self._drop(abort=False)
        if self._socket is None:
            self._socket = self._bound_socket(self._iss if verb is Verb.OPEN else None)
            self._listening = verb is Verb.LISTEN
        if verb is Verb.LISTEN:
            self._socket.listen(_BACKLOG)
            return Result("ok")
        error = self._socket.connect_ex((str(TESTER), self._peer_port))
        if error == errno.EINPROGRESS:
            return Result("ok")
        return Result(_status(error or errno.EISCONN))  # 0 says that an earlier call has succeeded since

    def _bound_socket(self, iss: int | None) -> socket.socket:
        made = socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        try:
            if iss is not None:
                _choose_iss(made, iss)
            self._prepare(made)
            made.bind((str(KERNEL), self._local_port))
        except BaseException:
            made.close()
            raise
        return made

    def _prepare(self, made: socket.socket) -> None:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
        if self._receive_buffer is not None:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self._receive_buffer)

    def _accept(self) -> None:
        assert self._socket is not None
        try:
            child, _ = self._socket.accept()
        except BlockingIOError:
            return
        child.setblocking(False)
        child.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)  # the rest is inherited
        self._socket.close()
        self._socket, self._listening = child, False

    def _call_listener(self, listener: socket.socket, verb: Verb, text: bytes) -> Result:
        if verb is Verb.RECEIVE:
            return Result("blocked")  # where the user waits: in accept()
        if self.state() == "SYN-RECEIVED":
            raise NotApplicable("no handle before accept")
        if verb is Verb.SEND:
            return Result("ok", accepted=listener.send(text, socket.MSG_NOSIGNAL))
        self._drop(abort=False)
        return Result("ok")

    def _call_connection(self, connection: socket.socket, verb: Verb, text: bytes, count: int) -> Result:
        match verb:
            case Verb.SEND:
                return Result("ok", accepted=connection.send(text, socket.MSG_NOSIGNAL))
            case Verb.RECEIVE:
                if count <= 0:
                    raise ValueError("RECEIVE needs a positive count")
                received = connection.recv(count)
                return Result("ok", text=received) if received else Result("eof")
            case Verb.SHUTDOWN:
                connection.shutdown(socket.SHUT_WR)
            case _:
                self._drop(abort=verb is Verb.ABORT)
        return Result("ok")


def _choose_iss(made: socket.socket, iss: int) -> None:
    """Let connect() send its SYN with this sequence number: TCP_REPAIR is there to restore connections."""
    if iss == 0:
        raise NotApplicable("iss 0 means any to the kernel")
    made.setsockopt(socket.IPPROTO_TCP, _TCP_REPAIR, 1)
    made.setsockopt(socket.IPPROTO_TCP, _TCP_REPAIR_QUEUE, _SEND_QUEUE)
    made.setsockopt(socket.IPPROTO_TCP, _TCP_QUEUE_SEQ, struct.pack("=I", iss))
    made.setsockopt(socket.IPPROTO_TCP, _TCP_REPAIR, 0)


def _status(error: int) -> str:
    return _STATUS.get(error, f"error: {os.strerror(error)}")


def _release() -> str:
    found = re.match(r"\d+(\.\d+)*", os.uname().release)
    return found[0] if found else os.uname().release
