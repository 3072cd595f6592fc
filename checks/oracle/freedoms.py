"""The freedoms: what RFC 9293 leaves to an implementation beyond the edges of the graph, and the oracle grants.

Each has a name, and the passage that gives it in the RFC's own words.  Where the RFC says SHOULD NOT, the endpoint may
do it too, but it *departs* from advice, and the verdict says so.

An endpoint may also follow either reading of a passage that can be read in two ways (`EITHER`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from halfclose.checks.oracle.endpoint import LARGEST_WINDOW, OFFERED_MSS, Endpoint, Sizes
from halfclose.spec.language.edge import Rule
from halfclose.spec.language.profile import (
    CLOSE_BY_THE_LETTER,
    FIN_AT_ZERO_WINDOW,
    ISN_WITHOUT_GAP,
    REOPEN,
    RESET_BY_REACH,
    RESET_KEEPS_UNREAD,
    RIGHT_EDGE_ACCEPTABLE,
    SECOND_FIN_ADVANCES,
    SYN_ACK_COMPLETES,
    SYN_TEXT_REFUSED,
    TEXT_ON_SYN,
    TIME_WAIT_ACKS_ALL,
    Profile,
)
from halfclose.spec.tcp.graph import RULES


@dataclass(frozen=True)
class Freedom:
    """One thing that an endpoint may do although no edge says so.

    says: what it may do, in one line.  where: the passage that gives the freedom.  quote: the words of that passage, as
    they stand in RFC 9293 (white space apart).  departs: the id of a SHOULD that it disregards; empty where it is free.
    """

    name: str
    says: str
    where: str
    quote: str
    departs: str = ""


FREEDOMS: list[Freedom] = []


def _freedom(name: str, says: str, where: str, quote: str, departs: str = "") -> Freedom:
    made = Freedom(name, says, where, quote, departs)
    FREEDOMS.append(made)
    return made


# ---- when, and in which pieces ---------------------------------------------------------------------------------

ACKNOWLEDGES = _freedom(
    "acknowledges-any-time",
    "send <SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK> at any time once synchronized, to acknowledge or to show a window; and "
    "before that for a SYN that comes again",
    "3.8.6.3",
    'known as a "delayed ACK"',
)
PIGGYBACKS = _freedom(
    "piggybacks",
    "answer with text or a FIN where a bare ACK is due, since those carry the same SEQ and ACK",
    "3.10.7.4 step 7",
    "This acknowledgment should be piggybacked on a segment being transmitted if possible",
)
SENDS_AGAIN = _freedom(
    "sends-again",
    "send again, at any time, what is not acknowledged as a whole, together with text not sent before or without",
    "3.10.7.4 step 5",
    "segments on the retransmission queue that are thereby entirely acknowledged are removed",
)
SMALL_TEXT_WAITS = _freedom(
    "small-text-waits",
    "keep small text back while text is outstanding or does not fit the window",
    "3.8.6.2.1",
    "MUST include a SWS avoidance algorithm in the sender",
)
FIN_WITH_SYN = _freedom(
    "fin-with-syn",
    "send the FIN of a CLOSE that is queued in SYN-RECEIVED with the SYN,ACK, behind all text",
    "3.10.7.3 fourth",
    "Data or controls that were queued for transmission MAY be included",
)
FIN_WAITS_FOR_ROOM = _freedom(
    "fin-waits-for-room",
    "keep a FIN back while the send window is zero, as it occupies a sequence number like text (reading 31)",
    "3.10.7.4 step 1",
    "If the RCV.WND is zero, no segments will be acceptable",
)
ROOM_SHOWN_LATE = _freedom(
    "room-shown-late",
    "advertise the room of octets that the user has read only later, and until then accept or refuse text for it",
    "3.8.6.2.2",
    "avoid advancing the right window edge RCV.NXT+RCV.WND in small increments",
)
EARLY_UNACKNOWLEDGED = _freedom(
    "early-unacknowledged",
    "send no ACK for text in the window that is not at its left edge",
    "3.10.7.4 step 7, MAY-13",
    "MAY send an ACK segment acknowledging RCV.NXT when a valid segment arrives that is in the window but not at the "
    "left window edge",
)
CHALLENGES_SELDOM = _freedom(
    "challenges-seldom",
    "leave out a challenge ACK once it has sent one",
    "3.10.7.4 steps 2 and 4",
    "contain additional ACK throttling notes for an implementation",
)

# ---- what is kept ----------------------------------------------------------------------------------------------

HOLDS_ANY_PART = _freedom(
    "holds-any-part",
    "hold all of the early segments, or any part of their text, with the FIN or without it",
    "3.10.7.4 step 1",
    "Segments with higher beginning sequence numbers SHOULD be held for later processing",
)
HOLDS_NOT = _freedom(
    "holds-not",
    "drop text that came early, although its profile holds it",
    "3.10.7.4 step 1",
    "Segments with higher beginning sequence numbers SHOULD be held for later processing",
    departs="SHLD-31",
)
KEEPS_OF_SYN = _freedom(
    "keeps-of-syn",
    "keep any part of the text that comes with a SYN, with the FIN or without it, and have the rest sent again",
    "3.10.7.3 first",
    "the TCP peer may not accept and acknowledge all of the data on the SYN",
)
QUEUED_CLOSE_FIRST = _freedom(
    "queued-close-first",
    "process a CLOSE queued in SYN-RECEIVED before the text and the FIN of the segment that leads to ESTABLISHED",
    "3.10.4",
    "queue for processing after entering ESTABLISHED state",
)

# ---- resets ----------------------------------------------------------------------------------------------------

RESETS_AT_SND_NXT = _freedom(
    "resets-at-snd-nxt",
    "send the reset for unwanted text, and for a SYN in the window, with the number that the peer expects, SND.NXT",
    "3.5.3",
    "A reset is valid if its sequence number is in the window",
)
RESET_WITH_ACK_BIT = _freedom(
    "reset-with-ack-bit",
    "set or clear the ACK bit of a reset that has the right sequence number",
    "3.5.3",
    "all reset (RST) segments are validated by checking their SEQ fields",
)
REFUSES_FIRST = _freedom(
    "refuses-first",
    "reset in SYN-RECEIVED whatever carries an unacceptable ACK, also where an earlier step would refuse it otherwise",
    "3.5.2",
    "the incoming segment acknowledges something not yet sent (the segment carries an unacceptable ACK)",
)
RESETS_ANY_TIME = _freedom(
    "resets-any-time",
    "send a reset where an ABORT or the user time-out deletes the TCB, also where 3.10 has none",
    "3.5.2",
    "A TCP user or application can issue a reset on a connection at any time",
)
LINGERS_AFTER_RESET = _freedom(
    "lingers-after-reset",
    "enter TIME-WAIT after sending a reset (reading 10)",
    "3.5.2",
    "The side of a connection issuing a reset should enter the TIME-WAIT state",
)
LOSES_SILENTLY = _freedom(
    "loses-silently",
    "send no reset where data is lost with a full close",
    "3.6.1",
    "its TCP implementation SHOULD send a RST to show that data was lost",
    departs="SHLD-3",
)

# ---- numbers and sizes -----------------------------------------------------------------------------------------

MEASURES_WINDOW = _freedom(
    "measures-window",
    "take MAX.SND.WND for the largest window that the peer has offered, or for a fixed value",
    "3.10.7.4 step 5, MAY-12",
    "defined as the largest window that the local sender has ever received from its peer (subject to window scaling) "
    "or may be hard-coded to a maximum permissible window value",
)
PROBES_BEHIND = _freedom(
    "probes-behind",
    "send a keep-alive or a probe at SND.NXT-1, empty or with one octet, some time after it has heard of its peer",
    "3.8.4",
    "Such a segment generally contains SEG.SEQ = SND.NXT-1 and may or may not contain one garbage octet of data",
)
SHRINKS_WINDOW = _freedom(
    "shrinks-window",
    "move the right edge of its window to the left",
    "3.8.6",
    "A TCP receiver SHOULD NOT shrink the window, i.e., move the right window edge to the left",
    departs="SHLD-14",
)
PROBES_EVENLY = _freedom(
    "probes-evenly",
    "send window probes at intervals that do not grow",
    "3.8.6.1",
    "SHOULD increase exponentially the interval between successive probes",
    departs="SHLD-30",
)

# ---- the user --------------------------------------------------------------------------------------------------

ANY_SEND_BUFFER = _freedom(
    "any-send-buffer",
    "have a send buffer of any size, none before the handshake is over; refuse as a whole a SEND that is longer",
    "3.10.2",
    "If there is insufficient space to remember this buffer, simply return",
)
RECEIVE_WAITS = _freedom(
    "receive-waits",
    "let a RECEIVE wait that asks for more than is on hand",
    "3.10.3",
    "If insufficient incoming segments are queued to satisfy the request, queue the request",
)
ANSWERS_SECOND_LISTEN = _freedom(
    "answers-second-listen",
    "answer a passive OPEN on an open connection with ok or an error, if the connection is not changed",
    "3.9.1.1, MUST-41",
    "Every passive OPEN call either creates a new connection record in LISTEN state, or it returns an error",
)
TELLS_ONCE = _freedom(
    "tells-once",
    "return the end of the stream to a RECEIVE after one that told of the failure",
    "3.10.7.4 step 2",
    'the user should also receive an unsolicited general "connection reset" signal',
)

# ---- readings --------------------------------------------------------------------------------------------------

#: Switches of the profile that decide a reading: an endpoint may follow either.  `receive-by-the-letter` is left out,
#: because by that reading octets that were acknowledged are lost; `right-edge-acceptable` concerns every edge of
#: 3.10.7.4 but only segments at the right edge, and has an endpoint of its own (`otherwise`).
EITHER = (
    TIME_WAIT_ACKS_ALL,
    SYN_ACK_COMPLETES,
    FIN_AT_ZERO_WINDOW,
    SECOND_FIN_ADVANCES,
    CLOSE_BY_THE_LETTER,
    ISN_WITHOUT_GAP,
    SYN_TEXT_REFUSED,
    RESET_BY_REACH,
    RESET_KEEPS_UNREAD,
    TEXT_ON_SYN,
)

#: Octets of a send buffer that is never full: its size is the stack's own.
_ANY_AMOUNT = 1 << 30


@cache
def lenient_endpoint(
    profile: Profile,
    rules: tuple[Rule, ...] = RULES,
    mss: int = OFFERED_MSS,
    largest: int = LARGEST_WINDOW,
    otherwise: bool = False,
) -> Endpoint:
    """The edges that an endpoint of this profile may follow, whatever its readings.

    mss: the most text that its peer takes in a segment.  largest: what MAX.SND.WND stands for.  otherwise: by the other
    reading of the right edge.
    """
    if otherwise:
        profile = Profile(profile.on ^ {RIGHT_EDGE_ACCEPTABLE.name})
        return Endpoint(profile, Sizes(LARGEST_WINDOW, _ANY_AMOUNT, mss, largest), rules)
    switches = (*EITHER, REOPEN) if REOPEN in profile else EITHER
    others = [Profile(profile.on ^ {switch.name}) for switch in switches]
    return Endpoint(profile, Sizes(LARGEST_WINDOW, _ANY_AMOUNT, mss, largest), rules, others)
