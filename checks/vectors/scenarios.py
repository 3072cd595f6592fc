"""Named scenarios: the worked example, the ways to open and close, and the shapes of bugs that stacks have shipped.

A script is one line of steps with semicolons between them.

- `open`, `send 10`, ...: a user call (see `stacks.stack.Verb`), with its octets.
- `fill 5`: text of the peer until the stack's window is 5 octets.
- `time-wait!`: the timer of that name runs out (see TIMERS).
- `> FA 10 @+20 ack-1 wnd 5`: a segment of the peer.  Its flags are letters of SFRPA; then, each optional, its octets of
  text, the offset of SEG.SEQ from the peer's next number, the offset of SEG.ACK from all that the stack has sent, and
  its window.

What the stack may answer is computed from the specification.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from halfclose.checks.readers.python import Local
from halfclose.checks.stacks.stack import Verb
from halfclose.checks.vectors.render import flags_of, render
from halfclose.checks.vectors.script import Call, Deliver, Expect, Fill, Timeout, Vector, VectorStep
from halfclose.checks.vectors.stimuli import FILL_WITH, Peer
from halfclose.checks.vectors.tester import Taken, Tester
from halfclose.reference.wire import ACK, FIN, PSH, RST, SYN
from halfclose.spec.language.profile import HALF_DUPLEX, Profile

_BITS = {"S": SYN, "F": FIN, "R": RST, "P": PSH, "A": ACK}
_SEGMENT = re.compile(r"> ([SFRPA]*)(?: (\d+))?(?: @([+-]\d+))?(?: ack([+-]\d+))?(?: wnd (\d+))?")
_OPEN = "open; > SA"
_SERVE = "listen; > S; > A"


@dataclass(frozen=True)
class Scenario:
    """One script.  what: what it shows, in one line.  cites: the passages of RFC 9293 that decide it."""

    name: str
    what: str
    cites: tuple[str, ...]
    script: str

    @property
    def closes_fully(self) -> bool:
        """Whether the user closes both directions at once."""
        return "close" in (step.strip() for step in self.script.split(";"))


#: The seed's worked example, digit by digit; it needs the nominal initial sequence numbers 15000 and 8000.
_S6 = Scenario(
    "s6-worked-example",
    "1000 octets twice from SEQ 8001, answered ACK 10001; 2000 octets from SEQ 15001 to 17000, answered ACK 17001",
    ("3.4", "3.10.7.4 step 7"),
    f"{_SERVE}; > A 1000; > A 1000; receive 2000; send 2000; > A",
)

_CLOSING = (
    Scenario(
        "four-way-close-active",
        "FIN, ACK, text of the peer, FIN, ACK, seen by the side that closes first",
        ("3.6 case 1", "3.10.4"),
        f"{_OPEN}; shutdown; > A; > A 10; > FA; receive 100; receive 100; > A 10 @-1000",
    ),
    Scenario(
        "four-way-close-passive",
        "FIN, ACK, text of the stack, FIN, ACK, seen by the side that closes second",
        ("3.6 case 2", "3.10.4"),
        f"{_OPEN}; > FA; receive 100; send 10; > A; shutdown; > A; > A",
    ),
    Scenario(
        "three-way-close-active",
        "the peer's FIN carries the ACK of the stack's",
        ("3.6 case 1", "3.10.7.4 step 8"),
        f"{_OPEN}; shutdown; > FA; receive 100; > A 10 @-1000",
    ),
    Scenario(
        "three-way-close-passive",
        "nothing is left to send when the peer's FIN comes",
        ("3.6 case 2",),
        f"{_OPEN}; > FA; shutdown; > A; > A",
    ),
    Scenario(
        "simultaneous-close",
        "both FINs cross: CLOSING, then TIME-WAIT",
        ("3.6 case 3", "figure 13"),
        f"{_OPEN}; shutdown; > FA ack-1; > A; > A 10 @-1000",
    ),
    Scenario(
        "half-close-send",
        "the peer has closed, and the stack goes on sending",
        ("3.6 case 2", "3.10.2"),
        f"{_OPEN}; > FA; send 10; > A; send 10; > A; shutdown; > A",
    ),
    Scenario(
        "half-close-receive",
        "the stack has closed, and goes on receiving",
        ("3.6 case 1", "3.10.3"),
        f"{_OPEN}; shutdown; > A; > A 10; receive 100; > A 10; receive 100; > FA; receive 100",
    ),
)

_FIGURES = (
    Scenario(
        "simultaneous-open",
        "both SYNs cross; the ACK completes it",
        ("3.5 figure 7", "MUST-10"),
        "open; > S; > A; send 10; > A; > A 10; receive 100",
    ),
    Scenario(
        "simultaneous-open-syn-ack",
        "both SYNs cross; the peer's SYN,ACK completes it",
        ("3.5 figure 7", "A.2"),
        "open; > S; > SA @-1; > A; send 10; > A",
    ),
    Scenario(
        "figure-8-old-duplicate-syn",
        "an old SYN is answered; the peer's reset leads back to LISTEN, where its true SYN opens",
        ("3.5 figure 8", "MUST-11"),
        "listen; > S @-1000; > R; > S",
    ),
    Scenario(
        "figure-9-half-open-a",
        "a crashed side opens anew and resets the peer, which acknowledges something unknown",
        ("3.5.1 figure 9", "3.10.7.3 first"),
        "open; > A ack+1000; > SA",
    ),
    Scenario(
        "figure-9-half-open-b",
        "the side that did not crash acknowledges the strange SYN, and takes the reset",
        ("3.5.1 figure 9", "3.10.7.4 step 1"),
        f"{_OPEN}; > S @-1000; > R; receive 100; > A",
    ),
    Scenario(
        "figure-10-half-open",
        "text for a connection that is gone is reset",
        ("3.5.1 figure 10", "3.10.7.1"),
        "> A 10; > FA; > R",
    ),
    Scenario(
        "figure-11-old-syn",
        "an old SYN in LISTEN is answered, and its reset leads back to LISTEN",
        ("3.5.1 figure 11", "MUST-11"),
        "listen; > S; > R; > A",
    ),
)

_BUGS = (
    Scenario(
        "fin-before-data",
        "a FIN ahead of missing text waits for it",
        ("3.10.7.4 step 8", "SHLD-31"),
        f"{_OPEN}; > FA @+10; receive 100; > A 10; receive 100; receive 100; > A 10 @-1000",
    ),
    Scenario(
        "text-and-fin-before-data",
        "a FIN with text of its own waits for the text before it",
        ("3.10.7.4 step 8", "SHLD-31"),
        f"{_OPEN}; > FA 10 @+10; receive 100; > A 10; receive 100; receive 100; > A 10 @-1000",
    ),
    Scenario(
        "two-fins-out-of-order",
        "text behind a FIN that is itself early belongs to nobody",
        ("3.10.7.4 step 8",),
        f"{_OPEN}; > FA 10 @+10; > FA 10 @+20; > A 10; receive 100; receive 100; > A 10 @-1000",
    ),
    Scenario(
        "fin-straddles-window",
        "text and FIN reach beyond the window: the text that fits is taken, the FIN is not",
        ("3.10.7.4 step 1", "3.10.7.4 step 8"),
        f"{_OPEN}; fill 5; > FA 10; > A 10 @-1000",
    ),
    Scenario(
        "fin-behind-old-text",
        "a FIN counts although the text before it, in the same segment, was taken before",
        ("3.10.7.4 step 1", "3.10.7.4 step 8"),
        f"{_OPEN}; > A 10; > FA 10 @-10; receive 100; receive 100; > A 10 @-1000",
    ),
    Scenario(
        "fin-psh-flags",
        "a FIN counts whatever other bits are set beside it",
        ("3.10.7.4 step 8",),
        f"{_OPEN}; > FPA 10; receive 100; receive 100; > A 10 @-1000",
    ),
    Scenario(
        "fin-zero-window",
        "a FIN in order at zero window is taken or refused, and taken once there is room",
        ("3.10.7.4 step 1", "3.10.7.4 step 8"),
        f"{_OPEN}; fill 0; > FA; receive 100000; > FA",
    ),
    Scenario(
        "zero-window-text",
        "text at zero window is refused, its ACK and RST are not",
        ("3.10.7.4 step 1",),
        f"{_OPEN}; send 10; fill 0; > A 1; > A; > R; receive 100000; receive 100000",
    ),
    Scenario(
        "zero-window-ack",
        "at zero window an ACK still counts, and the window that it offers",
        ("3.10.7.4 step 1", "3.10.7.4 step 5"),
        f"{_OPEN}; fill 0; > A wnd 0; send 10; > A wnd 8000",
    ),
    Scenario(
        "window-before-older-window",
        "the window of an early segment is not replaced by that of an older one",
        ("3.10.7.4 step 5",),
        f"{_OPEN}; > A 10 @+10 wnd 20; > A 10 wnd 5000; send 1000",
    ),
    Scenario(
        "data-then-fin-in-fin-wait-1",
        "text that comes before the ACK of the FIN counts, and so does the FIN behind it",
        ("3.10.7.4 step 7", "3.10.7.4 step 8"),
        f"{_OPEN}; shutdown; > A 10 ack-1; > FA ack-1; receive 100; receive 100; > A; > A 10 @-1000",
    ),
    Scenario(
        "fin-wait-1-old-ack",
        "the ACK of earlier text is not the ACK of the FIN",
        ("3.10.7.4 step 5",),
        f"{_OPEN}; send 10; shutdown; > A ack-1; > FA ack-1; > A 10 @-1000 ack-1; > A; > A 10 @-1000",
    ),
    Scenario(
        "last-ack-any-ack",
        "LAST-ACK ends with the ACK of the FIN and no other",
        ("3.10.7.4 step 5",),
        f"{_OPEN}; send 10; > FA ack-10; shutdown; > A ack-11; > A ack-1; > A 10 @-1000 ack-1; > A; > A",
    ),
    Scenario(
        "last-ack-old-segment",
        "an old segment does not end LAST-ACK, whatever it acknowledges: it is not acceptable",
        ("3.10.7.4 step 1",),
        f"{_OPEN}; > A 10; > FA; shutdown; > A 5 @-11; > A; > A",
    ),
    Scenario(
        "fin-wait-1-old-segment",
        "an old segment does not lead to FIN-WAIT-2, whatever it acknowledges: it is not acceptable",
        ("3.10.7.4 step 1",),
        f"{_OPEN}; > A 10; shutdown; > A 5 @-10; > FA ack-1; receive 100; > A",
    ),
    Scenario(
        "window-update-of-old-segment",
        "an old segment does not open the send window",
        ("3.10.7.4 step 1", "3.10.7.4 step 5"),
        "open; > SA wnd 0; > A 10 wnd 0; send 10; > A 5 @-10; > A",
    ),
    Scenario(
        "old-segment-up-to-left-edge",
        "a segment whose last octet is the one before RCV.NXT is as old as any other",
        ("3.10.7.4 step 1",),
        "open; > SA wnd 0; > A 10 wnd 0; send 10; > A 10 @-10; > A",
    ),
    Scenario(
        "fin-queued-not-sent",
        "a CLOSE behind a closed window: the FIN goes out after the text, when the window opens",
        ("3.10.4", "3.10.7.4 step 5"),
        "open; > SA wnd 0; send 10; shutdown; > A wnd 0; > A; > A; > A 10 @-1000",
    ),
    Scenario(
        "data-acked-by-fin",
        "text that the peer's FIN acknowledges is not sent again",
        ("3.10.7.4 step 5",),
        f"{_OPEN}; send 10; > FA; > A 10 @-1000; shutdown; > A",
    ),
    Scenario(
        "passive-close-unread-data",
        "the peer's FIN counts although text is unread, and the text can be read after it",
        ("3.10.3", "3.10.7.4 step 8"),
        f"{_OPEN}; > A 10; > FA; > A 10 @-1000; shutdown; > A; receive 100; receive 100",
    ),
    Scenario(
        "time-wait-refin",
        "a FIN sent again in TIME-WAIT is acknowledged again",
        ("3.10.7.4 step 1", "3.6.1"),
        f"{_OPEN}; shutdown; > FA; > FA @-1; > FA @-1",
    ),
    Scenario(
        "time-wait-old-ack",
        "an old bare ACK in TIME-WAIT is unacceptable, and acknowledged as such",
        ("3.10.7.4 step 1",),
        f"{_OPEN}; shutdown; > FA; > A @-1000",
    ),
    Scenario(
        "time-wait-ends",
        "TIME-WAIT ends after 2 MSL, and not with an ACK",
        ("3.6.1", "MUST-13"),
        f"{_OPEN}; shutdown; > FA; > A; > FA @-1; time-wait!; > A 10",
    ),
    Scenario(
        "time-wait-rst",
        "a reset in TIME-WAIT",
        ("3.10.7.4 step 2",),
        f"{_OPEN}; shutdown; > FA; > R; > A 10 @-1000",
    ),
    Scenario(
        "time-wait-syn",
        "a SYN in TIME-WAIT, old and new",
        ("3.6.1", "MAY-2", "3.10.7.4 step 4"),
        f"{_OPEN}; shutdown; > FA; > S @-1000; > S @+100000",
    ),
    Scenario(
        "close-in-last-ack",
        "a second CLOSE in LAST-ACK leaves the connection alone",
        ("3.10.4",),
        f"{_OPEN}; > FA; shutdown; shutdown; > A 10 @-1000 ack-1; > A; > A",
    ),
    Scenario(
        "rst-on-data-after-close",
        "new text after a full close is answered with a reset",
        ("3.6.1", "SHLD-3"),
        f"{_OPEN}; close; > A; > A 10; > A",
    ),
    Scenario(
        "close-with-unread-data",
        "a full close with text unread resets the connection",
        ("3.6.1", "SHLD-3"),
        f"{_OPEN}; > A 10; close; > A",
    ),
    Scenario(
        "rst-exact-sequence",
        "a reset within the window that is not at its left edge",
        ("3.10.7.4 step 2",),
        f"{_OPEN}; > R @+5; > A 10 @-1000; > R; receive 100",
    ),
    Scenario(
        "listen-rst-sequence",
        "the reset for an ACK in LISTEN bears the number that the ACK asks for",
        ("3.10.7.2 second",),
        "listen; > A; > FA 10; > SA",
    ),
    Scenario(
        "syn-sent-refused",
        "a reset that acknowledges the SYN refuses the connection",
        ("3.10.7.3 second",),
        "open; > RA; receive 100; > A",
    ),
    Scenario(
        "connect-close-race",
        "a CLOSE in SYN-RECEIVED sends its FIN",
        ("3.10.4",),
        "open; > S; shutdown; > A; > A; > A 10 @-1000",
    ),
    Scenario(
        "syn-fin",
        "a SYN with a FIN opens a connection, and the FIN waits for the handshake, or is refused and sent again",
        ("3.10.7.2 third",),
        "listen; > SF; > A; > A 10; receive 100; > A 10 @-1000",
    ),
    Scenario(
        "syn-with-text",
        "text that comes with a SYN is acknowledged and read once the handshake is over, or refused and sent again",
        ("3.10.7.2 third", "3.5"),
        "listen; > S 10; > A @+10; > A 10; receive 100",
    ),
    Scenario(
        "syn-with-text-twice",
        "a SYN that comes again with its text, because the SYN,ACK was lost, leaves the connection as it is",
        ("3.10.7.2 third", "3.10.7.4 step 1"),
        "listen; > S 10; > S 10 @-1; > A @+10; > A 10; receive 100",
    ),
    Scenario(
        "syn-ack-with-text-twice",
        "a SYN,ACK that comes again with its text, because our ACK was lost, is acknowledged again and resets nobody",
        ("3.10.7.3 fourth", "3.10.7.4 step 1"),
        "open; > SA 10; receive 100; > SA 10 @-11; > A 10; receive 100",
    ),
    Scenario(
        "rst-below-window-with-text",
        "a RST below the window is no reset, though text behind it reaches into the window",
        ("3.5.3",),
        "open; > SA; > R 2 @-1; send 10; > A",
    ),
    Scenario(
        "syn-ack-with-fin",
        "a SYN,ACK with a FIN ends the peer's stream as soon as it begins, or the FIN is refused and sent again",
        ("3.10.7.3 fourth", "3.10.7.4 step 8"),
        "open; > SAF; receive 100; > FA; receive 100",
    ),
    Scenario(
        "time-wait-syn-fin-below-window",
        "a SYN below the window with a FIN in it does not end TIME-WAIT",
        ("3.10.7.4 step 1", "3.10.7.4 step 4"),
        f"{_OPEN}; shutdown; > A; > FA; > SF @-1; > FA @-1",
    ),
    Scenario(
        "simultaneous-open-ack-of-nothing",
        "an ACK of nothing new does not complete a simultaneous open",
        ("3.10.7.4 step 5",),
        "open; > S; > A ack-1",
    ),
)

_TIMERS = (
    Scenario(
        "syn-received-lost-ack",
        "the SYN,ACK is sent again where its ACK was lost",
        ("3.10.8", "3.8.1"),
        "listen; > S; retransmission!; > A; > A 10; receive 100",
    ),
    Scenario(
        "lost-fin",
        "a FIN that nobody acknowledges is sent again",
        ("3.10.8", "3.6"),
        f"{_OPEN}; shutdown; retransmission!; > A; > FA",
    ),
    Scenario(
        "fin-wait-1-old-ack-lost-fin",
        "the ACK of earlier text does not stop the FIN from being sent again",
        ("3.10.7.4 step 5", "3.10.8"),
        f"{_OPEN}; send 10; shutdown; > A ack-1; retransmission!; > A",
    ),
    Scenario(
        "closing-retransmit-fin",
        "a FIN that is lost in a simultaneous close is sent again",
        ("3.10.8", "3.6 case 3"),
        f"{_OPEN}; shutdown; > FA ack-1; retransmission!; > A",
    ),
    Scenario(
        "close-wait-retransmit",
        "text sent after the peer's FIN is sent again",
        ("3.10.8", "3.8.1"),
        f"{_OPEN}; > FA; send 10; retransmission!; > A; shutdown; > A",
    ),
    Scenario(
        "data-retransmit-after-close",
        "text sent before the CLOSE is sent again after it",
        ("3.10.8", "3.6"),
        f"{_OPEN}; send 10; shutdown; retransmission!; > A",
    ),
    Scenario(
        "last-ack-retransmit",
        "the FIN is sent again in LAST-ACK",
        ("3.10.8", "3.6"),
        f"{_OPEN}; > FA; shutdown; retransmission!; > A; > A",
    ),
)

_ALL = (*_CLOSING, *_FIGURES, *_BUGS, *_TIMERS)
SCENARIOS = (_S6, *_ALL)
#: Scenarios that are run again where both sequence spaces wrap in the middle of the text.
_WRAPPED = (
    "four-way-close-active",
    "four-way-close-passive",
    "three-way-close-active",
    "three-way-close-passive",
    "simultaneous-close",
    "half-close-send",
    "half-close-receive",
    "fin-before-data",
    "text-and-fin-before-data",
    "data-then-fin-in-fin-wait-1",
    "fin-wait-1-old-ack",
    "last-ack-any-ack",
    "passive-close-unread-data",
    "time-wait-refin",
    "rst-exact-sequence",
    "data-acked-by-fin",
)
_TOP = 1 << 32
_EXCHANGE = "open; > SA; send 1000; > A; > A 1000; receive 1000; > A 1000 @+1000; > A 1000; receive 2000; send 10; > A"


def scenarios(profile: Profile, iss: int, irs: int) -> tuple[Vector, ...]:
    """Every scenario at the nominal numbers; those with a full close only where the profile has one (MAY-1)."""
    tester = Tester(profile, iss, irs)
    possible = (s for s in SCENARIOS if HALF_DUPLEX in profile or not s.closes_fully)
    return tuple(_vector(tester, scenario, scenario.name) for scenario in possible)


def wrapping(profile: Profile) -> tuple[Vector, ...]:
    """Scenarios whose sequence numbers pass 2^32 in both directions: at the SYN, within text, at the FIN."""
    exchange = Scenario("exchange", "text both ways, early text among it", ("3.4", "3.10.7.4 step 7"), _EXCHANGE)
    by_name = {scenario.name: scenario for scenario in _ALL}
    vectors = [_wrapped(profile, exchange, 500)]
    vectors += [_wrapped(profile, by_name[name], before) for name in _WRAPPED for before in (1, 2, 6)]
    return tuple(vector for vector in vectors if all(min(n) < _TOP // 2 < max(n) for n in numbers_of(vector)))


def numbers_of(vector: Vector) -> tuple[set[int], set[int]]:
    """The sequence numbers that a vector uses in the stack's direction and in its peer's."""
    delivered = [step.packet for step in vector.steps if isinstance(step, Deliver)]
    expected = [packet for step in vector.steps if isinstance(step, Expect) for packet in step.outcomes[0]]
    peer, stack = set[int](), set[int]()
    for packets, own, other in ((delivered, peer, stack), (expected, stack, peer)):
        for packet in packets:
            own.add(packet.seq)
            if packet.flags & ACK:
                other.add(packet.ack)
    return stack, peer


def _wrapped(profile: Profile, scenario: Scenario, before: int) -> Vector:
    """Both initial sequence numbers lie this far before 2^32."""
    vector = _vector(Tester(profile, _TOP - before, _TOP - before), scenario, f"wrap-{before}-{scenario.name}")
    return replace(vector, flags=tuple(sorted({*vector.flags, "wrap", "chosen-iss"})))


def _vector(tester: Tester, scenario: Scenario, name: str) -> Vector:
    path = _play(tester, scenario.script)
    steps = render(tester, path)
    edges = dict.fromkeys(edge.name for taken in path for edge in taken.in_all.edges)
    flags = tuple(sorted(flags_of(steps)))
    return Vector(name, scenario.what, tuple(edges), scenario.cites, flags, tester.iss, tester.irs, 0, steps)


def _play(tester: Tester, script: str) -> tuple[Taken, ...]:
    local, path = tester.initial, []
    for words in script.split("; "):
        path.append(tester.take(local, _step(tester, local, words)))
        local = path[-1].in_all.local
    return tuple(path)


def _step(tester: Tester, local: Local, words: str) -> VectorStep:
    segment = _SEGMENT.fullmatch(words)
    if segment is not None:
        letters, octets, offset, ack, wnd = segment.groups()
        peer = Peer(tester, local)
        flags = sum(_BITS[letter] for letter in letters)
        window = {"wnd": int(wnd)} if wnd else {}
        number = peer.sent + int(ack or 0)
        return peer.segment(flags, int(offset or 0), ack=number, octets=int(octets or 0), **window)
    if words.endswith("!"):
        return Timeout(words[:-1])
    verb, _, count = words.partition(" ")
    return Fill(int(count), FILL_WITH) if verb == "fill" else Call(Verb(verb), int(count or 0))
