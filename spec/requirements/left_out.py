"""What RFC 9293 says and this specification does not: each passage with the reason, and what it would cost.

A passage is left out where no edge, claim or switch stands for it.  Whether the reference has it is said as well.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class LeftOut:
    """Something that is left out.

    name: by which it is found.  what: the passage, in a few words.  where: the places in RFC 9293 that speak of it.
    reason: why the life cycle is right without it, in whole sentences.  cost: what modelling it would take.
    reference: what the reference does, where it does more than the specification; empty otherwise.
    """

    name: str
    what: str
    where: tuple[str, ...]
    reason: str
    cost: str
    reference: str = ""


URGENT = LeftOut(
    "urgent data",
    "The URG bit, the urgent pointer, and what the user is told of them",
    ("3.8.5", "3.10.1", "3.10.2", "3.10.3", "3.10.7.4 step 6"),
    "New applications should not use it (SHLD-13, RFC 6093), and no state, number or window depends on it.",
    "Two variables (SND.UP, RCV.UP), a field and a bit of every segment, and a signal: every proof anew.",
)
PUSH = LeftOut(
    "push",
    "The PSH bit, the PUSH flag of SEND and RECEIVE, and FIN as a PUSH",
    ("3.9.1.2", "3.9.1.3", "3.10.3", "3.10.7.4 step 7", "3.10.7.4 step 8"),
    "Octets are handed to the user as soon as they are in order, as if each segment were pushed, so that the bit would "
    "decide nothing.",
    "A bit of every segment, and a queue of RECEIVEs that it could complete.",
    "SEND has no PUSH flag; the last segment of what is queued carries PSH, which is ignored on arrival.",
)
QUEUED_CALLS = LeftOut(
    "queued calls",
    'Calls that wait inside TCP: RECEIVEs until text comes, SENDs until they are acknowledged and told "ok", CLOSE '
    "until it can be acknowledged",
    (
        "3.10.2",
        "3.10.3",
        "3.10.4",
        "3.10.5",
        "3.10.7.4 step 2",
        "3.10.7.4 step 4",
        "3.10.7.4 step 5",
        "3.10.7.4 step 8",
        "3.10.8",
    ),
    "A RECEIVE that finds nothing is answered at once and asked again, and what would be told to several waiting calls "
    "is the one signal of an edge. When a SEND or a CLOSE is acknowledged can be seen from SND.UNA, which is all "
    "that an answer would say.",
    "Two queues in the TCB with an answer each; every exploration multiplies by the orders in which calls may wait.",
)
SECURITY = LeftOut(
    "security",
    "Security and compartment: their place in OPEN, and every check of them",
    ("A.1", "3.5.2", "3.10.1", "3.10.7.2 third", "3.10.7.3 third", "3.10.7.4 step 3"),
    "No deployed stack compares them, and the option that carried them is not in use on the Internet.",
    "A field of every segment, and a rule for each state: a reset where it differs.",
)
ACCESS = LeftOut(
    "access rights",
    'Which users may use a connection ("connection illegal for this process")',
    ("3.10.1", "3.10.2", "3.10.3", "3.10.4", "3.10.5", "3.10.6"),
    "Whether a call is permitted is decided before TCP sees it, and a call that is refused changes nothing.",
    "A second user, and an error of every call.",
)
ROOM = LeftOut(
    "room for a connection",
    '"insufficient resources" for a new TCB, for a RECEIVE, and for an OPEN in LISTEN',
    ("3.10.1", "3.10.3"),
    "Such a call is refused and changes nothing. An OPEN brings no data: in LISTEN the sentence repeats that of SEND.",
    "A bound on TCBs and on waiting calls, and a rule for each that is reached.",
    "A listener has a bound on the connections that wait to be accepted.",
)
SOCKETS = LeftOut(
    "sockets",
    "Addresses, ports and interfaces, and which connection a segment belongs to",
    ("3.9.1.1", "3.9.2.3", "3.10.1", "3.10.7.2 third"),
    "The specification is one connection between two sockets that are known; a segment of other sockets never gets to "
    "it.",
    "A table of connections and a pair of sockets in every segment; the claims would say the same of each pair.",
    "It has them: a stack with any number of connections and listeners, over IPv4 and IPv6.",
)
DIFFSERV = LeftOut(
    "differentiated services",
    "The Differentiated Services field: asked for, passed down, passed up",
    ("3.9.1.9", "3.9.2", "3.10.1"),
    "It concerns how routers treat a packet, and nothing of TCP depends on it.",
    "One value that is handed to the IP layer with every segment.",
)
IP_LAYER = LeftOut(
    "the IP layer",
    "The hop limit, the IP identification, IP options and source routes",
    ("3.8.1", "3.9.2", "3.9.2.1"),
    "They belong to the packet around the segment, which the specification does not have, and nothing of TCP depends "
    "on them. Source routes are hardly ever let through.",
    "A layer below TCP, and no claim about TCP that would need it.",
    "The hop limit is fixed, IPv4 options are skipped, packets with IPv6 extension headers are dropped and counted.",
)
ICMP = LeftOut(
    "ICMP",
    "Soft and hard errors that come as ICMP messages, and Source Quench",
    ("3.9.2.2",),
    "A soft error must change nothing (MUST-56). A hard error ends a connection as ABORT does, but without a reset; "
    "whether it may is disputed, since anybody can forge one (RFC 5927), and many stacks do not obey it once a "
    "connection is established.",
    "One event with one edge a state, and in every exploration of forged segments an attacker who can end everything.",
    "It takes ICMP errors about what is under way: a soft one is reported to the user, a hard one ends the connection "
    "(once it is established, only where the configuration says so).",
)
SOFT_ERRORS = LeftOut(
    "soft errors",
    "Reports to the user while the connection goes on: ERROR_REPORT, and R1 reached",
    ("3.8.3", "3.9.1.8"),
    "A report changes nothing in the connection, and what R1 counts is time, which is not modelled. R2, which ends the "
    "connection, is the user timeout.",
    "A counter of retransmissions, two bounds and one signal.",
    "It tells its user at R1, and of soft ICMP errors.",
)
OPTIONS = LeftOut(
    "options",
    "TCP options, and with them window scaling, timestamps and selective acknowledgments",
    ("3.1", "3.2", "3.7.1"),
    "They change how long text may be and how numbers are written, which the variables SND.MSS and SND.WND have "
    "without them, and not what happens to a connection.",
    "A field of every segment for each option.",
    "It has MSS, window scaling, timestamps and selective acknowledgments, the last for text that it receives.",
)
TIMESTAMPS_IN_TIME_WAIT = LeftOut(
    "timestamps in TIME-WAIT",
    "A new SYN in TIME-WAIT that is told from an old one by its timestamp",
    ("3.6.1", "3.10.7.4 step 1", "3.10.7.4 step 4"),
    "It needs the Timestamp Option. What it allows, a new connection out of TIME-WAIT, is there by sequence number "
    "alone (MAY-2).",
    "A clock at each end and a field of every segment.",
)
CONGESTION = LeftOut(
    "congestion control",
    "How much may be in the network at a time, and what the network says of it",
    ("3.8.2",),
    "It only delays what may be sent, and here every segment that may be sent may also wait.",
    "Nothing would be decided by it that time does not decide.",
    "It has slow start, congestion avoidance, fast retransmit and fast recovery, but no explicit notification.",
)
SILLY_WINDOWS = LeftOut(
    "silly windows",
    "Which small segments wait to be sent, and which small windows to be offered",
    ("3.7.4", "3.8.6.2", "3.8.6.2.1", "3.8.6.2.2", "A.3"),
    "A segment that may be sent may also wait here, so that the sender's rule only takes possibilities away. The "
    "receiver opens its window at once when its user has read; opening it later delays the peer, which may be slow "
    "anyway.",
    "The receiver's: one more variable, the room that is not yet offered.",
    "It has both rules, and Nagle's.",
)
TIME = LeftOut(
    "time",
    "How long a timer runs: retransmission and its back-off, probes, delayed acknowledgments, keep-alives, the user "
    "timeout, and the restart of 2 MSL",
    (
        "3.6.1",
        "3.8.1",
        "3.8.3",
        "3.8.4",
        "3.8.6.1",
        "3.8.6.3",
        "3.10.7.4 step 5",
        "3.10.7.4 step 8",
        "3.10.8",
    ),
    "A timer may expire whenever it runs, sooner or later than it should, so that what holds here holds for every "
    "length. What needs a length is a premise (MSL) or is judged by the replay of vectors, which has a clock.",
    "Clocks as variables, and another kind of exploration (timed automata).",
    "It has all of these timers.",
)
ACK_THROTTLING = LeftOut(
    "acknowledgment throttling",
    "A limit on how many challenge ACKs are sent in a while (RFC 5961 and its erratum)",
    ("3.10.7.4 step 2", "3.10.7.4 step 4"),
    "It is a limit in time, and no state depends on it; a challenge that is not sent is like one that is lost.",
    "A clock.",
)
SERIES = LeftOut(
    "a series of segments",
    "That several queued segments are processed before any of them is acknowledged",
    ("3.10.7.4 step 1",),
    "Segments arrive one by one here, so there is no series. One variable holds what is owed, so that one "
    "acknowledgment may answer for any number of segments.",
    "A network that delivers several segments in one step.",
    "It takes segments one by one, too, and acknowledges what it held together with what filled the gap.",
)
FLUSH = LeftOut(
    "flush",
    "The FLUSH call",
    ("3.9.1.7",),
    "It is optional, and no interface of today has it.",
    "One call, and an end of the stream that moves back.",
)
RFC5961_IN_SYN_SENT = LeftOut(
    "RFC 5961 in SYN-SENT",
    "The sequence number of a RST in SYN-SENT, compared with RCV.NXT",
    ("3.10.7.3 second",),
    "RCV.NXT is not set before the peer's SYN has arrived, so there is nothing to compare with. What protects this "
    "state is that the RST must acknowledge our SYN (3.5.3).",
    "It cannot be done.",
)
PIGGYBACK = LeftOut(
    "text with the ACK of a SYN",
    "Text that goes out in the very segment which acknowledges the peer's SYN,ACK",
    ("3.10.7.3 fourth",),
    "The acknowledgment and the text are two segments here. A receiver that takes the one and then the other is in the "
    "same state as after both at once.",
    "A choice of length in one edge of SYN-SENT.",
)
STATUS_NAMES = LeftOut(
    "the answer of STATUS",
    "Everything that STATUS returns besides the state",
    ("3.9.1.5", "3.10.6"),
    "The call changes nothing, and whoever judges sees the variables themselves.",
    "Nothing but words.",
)
ENCODING = LeftOut(
    "the encoding of segments",
    "The octets of a header: field widths, padding, the checksum",
    ("3.1", "3.2"),
    "A segment is a record of numbers here, and one that was damaged on the way counts as lost.",
    "Another subject: see the tests of reference/wire.py.",
    "It reads and writes octets, and drops what is damaged.",
)
ONE_MTU = LeftOut(
    "path MTU",
    "A largest packet that differs between paths or changes with time",
    ("3.7.2", "3.7.3", "3.7.5"),
    "SND.MSS is a constant of an exploration and any number in a proof; that it changes within a connection would only "
    "choose other lengths, which are free anyway.",
    "A variable in place of a constant.",
    "The largest segment is set once, in its configuration.",
)

#: Everything that is left out, from what the user sees to what the network does.
LEFT_OUT: tuple[LeftOut, ...] = (
    QUEUED_CALLS,
    PUSH,
    URGENT,
    SOFT_ERRORS,
    STATUS_NAMES,
    FLUSH,
    ACCESS,
    ROOM,
    SOCKETS,
    SECURITY,
    DIFFSERV,
    TIME,
    CONGESTION,
    SILLY_WINDOWS,
    SERIES,
    PIGGYBACK,
    OPTIONS,
    TIMESTAMPS_IN_TIME_WAIT,
    RFC5961_IN_SYN_SENT,
    ACK_THROTTLING,
    ENCODING,
    ONE_MTU,
    IP_LAYER,
    ICMP,
)
