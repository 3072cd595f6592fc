"""lwIP as a stack under test: Debian's liblwip driven through its raw API, on a virtual clock.

Run the driver in a child process.  lwIP answers a broken invariant of its own with a line on standard output
and abort(), which ends the whole process; and lwIP is one per process, so one `LwipStack` at a time.

`lwip_shim.c` makes the calls.  The system's C compiler builds it against lwIP's headers at first use, and the
result is kept in the user's cache directory under a name that changes with the shim, the headers and lwIP.

What a user of this stack sees:

- Time passes only in `advance`, in lwIP's ticks of 250 ms: `tcp_tmr` is called for each one that has fallen
  due, and delayed ACKs leave at the next.  lwIP's `sys_now`, a real clock, has no part in its TCP.
- A passive OPEN gets its handle when the handshake is done.  Before that only the listener can be reached, so
  SHUTDOWN, CLOSE and ABORT in SYN-RECEIVED are not applicable.  The listener is closed at that moment: one
  LISTEN is one connection, and what comes after its end meets CLOSED, not LISTEN.
- SHUTDOWN in LISTEN and SYN-SENT, ABORT in LISTEN and OPEN in LISTEN do not exist in the raw API and are not
  applicable either.
- Text that lwIP has delivered is taken off the receive window until RECEIVE takes it.  CLOSE with such text
  unread sends RST, as lwIP does for every application.
- RECEIVE reports in the order of events: the text, then the end of file, then what ended the connection.
- The initial send sequence number can be chosen, for a passive OPEN as well.  Otherwise it is that of a
  freshly booted lwIP, always the same.
- lwIP computes and checks both checksums.  The window scale option of its SYN stays unanswered, so windows
  are never scaled.
"""

from __future__ import annotations

import ctypes
import hashlib
import math
import os
import shutil
import subprocess
import tempfile
from ctypes import c_char_p, c_int, c_size_t, c_uint, c_uint16, c_uint32
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any, ClassVar

from halfclose.checks.stacks.stack import NotApplicable, Result, StackError, Verb
from halfclose.reference.wire import Datagram, Segment, decode, encode

_STACK, _TESTER = IPv4Address("10.9.0.1"), IPv4Address("10.9.0.2")
_SHIM = Path(__file__).with_name("lwip_shim.c")
_INCLUDE = "-I/usr/include/lwip"
_INSTALL = "install the Debian packages liblwip0, liblwip-dev and gcc"

# Result and arguments of each function of the shim.
_SIGNATURES: dict[str, tuple[Any, ...]] = {
    "shim_version": (c_char_p,),
    "shim_tick_milliseconds": (c_int,),
    "shim_boot": (c_int,),
    "shim_reset": (None, c_uint16, c_uint16, c_int, c_uint32),
    "shim_iss": (c_uint32,),
    "shim_tick": (None, c_uint),
    "shim_input": (None, c_char_p, c_uint16),
    "shim_sent_length": (c_size_t,),
    "shim_take_sent": (None, c_char_p, c_size_t),
    "shim_stage": (c_char_p,),
    "shim_error": (c_char_p, c_int),
    "shim_connect": (c_int,),
    "shim_listen": (c_int,),
    "shim_write": (c_int, c_char_p, c_size_t),
    "shim_text_length": (c_size_t,),
    "shim_eof": (c_int,),
    "shim_read": (None, c_char_p, c_uint16),
    "shim_shutdown": (c_int,),
    "shim_close": (c_int,),
    "shim_abort": (None,),
}


def available() -> str | None:
    """None where lwIP can be driven, else what is missing, in one line."""
    try:
        _load()
    except StackError as reason:
        return str(reason)
    return None


class LwipStack:
    """One endpoint of lwIP, 10.9.0.1, with the tester as 10.9.0.2 at the other end of its only link.

    Raises StackError where lwIP or a C compiler is missing, and while another one of this process is open.
    """

    name = "lwip"
    virtual_clock = True
    _owner: ClassVar[LwipStack | None] = None

    def __init__(self) -> None:
        if LwipStack._owner is not None:
            raise StackError("lwIP is one per process: close the other LwipStack first")
        self._shim = _load()
        if self._shim.shim_boot() != 0:
            raise StackError(f"liblwip0 and liblwip-dev are of different builds: {_INSTALL} of one version")
        LwipStack._owner = self
        self.version = f"lwIP {self._shim.shim_version().decode()}"
        self._tick = self._shim.shim_tick_milliseconds() * 1000  # microseconds

    def start(self, *, peer_port: int, local_port: int, iss: int | None = None) -> None:
        """Abandon every connection, TIME-WAIT included, and begin at the same point as every other start."""
        self._local, self._peer, self._iss = local_port, peer_port, iss
        self._now = 0  # microseconds
        self._shim.shim_reset(local_port, peer_port, iss is not None, iss or 0)

    def call(self, verb: Verb, *, text: bytes = b"", count: int = 0) -> Result:
        """Perform one user call; see the module for what the raw API cannot express (NotApplicable)."""
        match verb:
            case Verb.OPEN:
                return self._connect()
            case Verb.LISTEN:
                return self._outcome(self._shim.shim_listen())
            case Verb.SEND:
                return self._send(text)
            case Verb.RECEIVE:
                return self._receive(count)
            case Verb.SHUTDOWN:
                return self._shutdown()
            case Verb.CLOSE:
                return self._close()
            case Verb.ABORT:
                return self._abort()

    def deliver(self, segment: Segment) -> None:
        """Hand one segment to lwIP's IP input; its immediate answer has been sent on return."""
        packet = encode(Datagram(_TESTER, _STACK, self._peer, self._local, segment))
        self._shim.shim_input(packet, len(packet))

    def segments(self) -> list[Segment]:
        """What lwIP sent since the last call; raises Malformed if any of it was no TCP segment."""
        packets = ctypes.create_string_buffer(self._shim.shim_sent_length())
        self._shim.shim_take_sent(packets, len(packets))
        return [d.segment for d in map(decode, _packets(packets.raw)) if self._ours(d)]

    def advance(self, seconds: float) -> None:
        """Let seconds pass, rounded to microseconds; raises ValueError if they are negative or infinite."""
        if not 0 <= seconds < math.inf:
            raise ValueError(f"{seconds} seconds cannot pass")
        before, self._now = self._now, self._now + round(seconds * 1_000_000)
        self._shim.shim_tick(self._now // self._tick - before // self._tick)

    def user_timeout(self) -> None:
        """Not applicable: lwIP's retry limits cannot be set for one connection."""
        raise NotApplicable("no user timeout can be set at this interface")

    def close(self) -> None:
        """Abandon every connection; lwIP itself stays loaded for the next LwipStack of this process."""
        if LwipStack._owner is self:
            self._shim.shim_reset(0, 0, False, 0)
            LwipStack._owner = None

    def _ours(self, datagram: Datagram) -> bool:
        return (datagram.source_port, datagram.target_port) == (self._local, self._peer)

    def _stage(self) -> str:
        return str(self._shim.shim_stage().decode())

    def _outcome(self, code: int) -> Result:
        return Result("ok" if code == 0 else f"error: {self._shim.shim_error(code).decode()}")

    def _connect(self) -> Result:
        if self._stage() in ("listening", "arriving"):
            raise NotApplicable("a listener of the raw API cannot open actively")
        result = self._outcome(self._shim.shim_connect())
        if result.status == "ok" and self._iss not in (None, self._shim.shim_iss()):
            raise NotApplicable("this build of lwIP does not let its initial sequence number be chosen")
        return result

    def _send(self, text: bytes) -> Result:
        stage = self._stage()
        if stage in ("listening", "arriving", "opening"):
            return Result("blocked")
        if stage != "connected":
            return _without_connection(stage)
        accepted = self._shim.shim_write(text, len(text))
        if accepted < 0:
            return self._outcome(accepted)
        return Result("blocked" if text and not accepted else "ok", accepted=accepted)

    def _receive(self, count: int) -> Result:
        length = self._shim.shim_text_length()
        if length:
            text = ctypes.create_string_buffer(min(count, length))
            self._shim.shim_read(text, len(text))
            return Result("ok", text=text.raw)
        if self._shim.shim_eof():
            return Result("eof")
        stage = self._stage()
        if stage in ("listening", "arriving", "opening", "connected"):
            return Result("blocked")
        return _without_connection(stage)

    def _shutdown(self) -> Result:
        stage = self._stage()
        if stage in ("listening", "arriving"):
            raise NotApplicable("tcp_shutdown does not take a listener")
        if stage not in ("opening", "connected"):
            return _without_connection(stage)
        result = self._outcome(self._shim.shim_shutdown())
        if stage == "opening" and result.status != "ok":
            raise NotApplicable("tcp_shutdown wants a connection")
        return result

    def _close(self) -> Result:
        stage = self._stage()
        if stage == "arriving":
            raise NotApplicable("the raw API has no handle of a connection before accept")
        if stage not in ("listening", "opening", "connected"):
            return _without_connection(stage)
        return self._outcome(self._shim.shim_close())

    def _abort(self) -> Result:
        stage = self._stage()
        if stage in ("listening", "arriving"):
            raise NotApplicable("tcp_abort does not take a listener")
        if stage not in ("opening", "connected"):
            return _without_connection(stage)
        self._shim.shim_abort()
        return Result("ok")


def _without_connection(stage: str) -> Result:
    # "ended": in good order; "idle": never opened, or closed by the user
    return Result("error: no connection" if stage in ("idle", "ended") else stage)


def _packets(octets: bytes) -> list[bytes]:
    packets = []
    while octets:
        length = max(20, int.from_bytes(octets[2:4], "big"))  # total length (RFC 791 3.1), or Malformed later
        packets.append(octets[:length])
        octets = octets[length:]
    return packets


def _load() -> ctypes.CDLL:
    try:
        library = _built()
    except (OSError, RuntimeError) as problem:
        raise StackError(f"no cache ({problem}): name a writable directory in XDG_CACHE_HOME") from problem
    try:
        shim = ctypes.CDLL(str(library))
    except OSError as problem:
        raise StackError(f"cannot load lwIP ({problem}): {_INSTALL}") from problem
    for name, (result, *arguments) in _SIGNATURES.items():
        function = getattr(shim, name)
        function.restype, function.argtypes = result, arguments
    return shim


def _built() -> Path:
    # Preprocessed, the shim holds all that the result depends on, lwIP's structures and version included.
    key = hashlib.sha256(_compile("-E", "-P")).hexdigest()[:32]
    library = _cache() / f"lwip-{key}.so"
    if not library.exists():
        library.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        # Renamed into place when whole, as other processes may be doing the same.
        with tempfile.TemporaryDirectory(dir=library.parent) as scratch:
            fresh = Path(scratch, library.name)
            _compile("-shared", "-fPIC", "-O2", "-o", str(fresh), after=("-llwip",))
            fresh.replace(library)
    return library


def _compile(*options: str, after: tuple[str, ...] = ()) -> bytes:
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        raise StackError(f"no C compiler: {_INSTALL}")
    command = [compiler, _INCLUDE, *options, str(_SHIM), *after]
    done = subprocess.run(command, capture_output=True, check=False, env={**os.environ, "LC_ALL": "C"})
    if done.returncode != 0:
        lines = done.stderr.decode(errors="replace").splitlines()
        causes = [line for line in lines if "error: " in line or "cannot find" in line]
        raise StackError(f"cannot compile against lwIP ({''.join(causes[:1])}): {_INSTALL}")
    return done.stdout


def _cache() -> Path:
    chosen = Path(os.environ.get("XDG_CACHE_HOME", ""))
    return (chosen if chosen.is_absolute() else Path("~/.cache").expanduser()) / "halfclose"
