"""What any protocol proof owes its reader (G1-G6), and the figures of RFC 9293 that no other claim shows."""

from __future__ import annotations

from ..language.states import State
from ..language.variables import CLOSE_CALLED, DETACHED, GHOST, RCV, in_state, peer
from .agreement import AGREEMENT
from .invariant import INVARIANT
from .properties import Always, Claim, Endless, Eventually, Inductive, Quiet, Replay, Shape, Sometimes, implies
from .situations import BOTH_CLOSED, CLOSED, IN_RANGE, MUTUAL, REFUSED

S = State

GENERAL: tuple[Claim, ...] = (
    Claim(
        "G1",
        "Types",
        ("3.3.1",),
        "Every variable stays within its range, whatever is sent to an end; the invariant is proved for all values and "
        "profiles, and what the totality of the guards assumes is part of it.",
        (
            Always(
                "variables are in range",
                "free",
                (
                    "fin-sent-twice",
                    "any-ack-acknowledges-fin",
                    "closes-by-itself",
                    "syn-received-unconfirmed",
                    "text-in-syn-received",
                    "fin-wait-1-wrong-state",
                    "ack-moves-rcv-nxt",
                    "window-adds-up",
                    "window-of-tomorrow",
                    "offers-one-more",
                ),
                IN_RANGE,
            ),
            Always(
                "variables are in range, with every option on",
                "options",
                ("fin-sent-twice",),
                IN_RANGE,
            ),
            Always(
                "variables are in range where text comes with a SYN",
                "text-on-syn",
                ("syn-text-narrows-the-window",),
                IN_RANGE,
            ),
            Always(
                "variables are in range where segments overlap",
                "free-two",
                ("window-of-tomorrow",),
                IN_RANGE,
            ),
            Always(
                "variables are in range when a user timeout expires",
                "user-timeout",
                ("closes-by-itself",),
                IN_RANGE,
            ),
            Inductive(
                "the invariant of one end",
                "one end",
                tuple(dict.fromkeys(mutant for conjunct in INVARIANT for mutant in conjunct.broken_by)),
            ),
            Inductive(
                "the invariant of both ends",
                "both ends",
                tuple(dict.fromkeys(mutant for conjunct in AGREEMENT for mutant in conjunct.broken_by)),
            ),
            Always(
                "a closed end has no flags",
                "full-close",
                ("detached-survives",),
                implies(CLOSED, ~DETACHED & ~CLOSE_CALLED),
            ),
            Always(
                "the receive buffer is never overdrawn",
                "zero-window",
                ("text-beyond-window",),
                RCV.USER + RCV.WND <= RCV.BUFF,
            ),
        ),
    ),
    Claim(
        "G2",
        "Guards are exclusive and exhaustive",
        ("3.10",),
        "For every state and every input event (a call or an arriving segment) exactly one edge applies, whatever the "
        "profile. Timers and output are no inputs: several of their edges can be possible, or none.",
        (Shape("exclusive and exhaustive", "exclusive and exhaustive", ("no-ack-bit-unguarded", "step5-no-ack-gone")),),
    ),
    Claim(
        "G3",
        "Nothing is stuck",
        ("3.8.1", "3.8.6.1", "3.10.8"),
        "If the network is fair (what is sent again and again arrives again and again, and nothing is duplicated for "
        "ever) and so are timers and applications, both ends get rid of their TCBs at last, and octets get through a "
        "window that closes completely; in both cases unless the connection was refused, because nobody listened yet.",
        (
            Eventually(
                "both ends close at last, one after the other",
                "half-close",
                ("no-retransmission-in-last-ack",),
                BOTH_CLOSED | REFUSED | peer(REFUSED),
            ),
            Eventually(
                "both ends close at last, both at once",
                "simultaneous",
                ("no-retransmission-in-closing", "fin-never-sent-in-closing"),
                BOTH_CLOSED | REFUSED | peer(REFUSED),
            ),
            Eventually(
                "a zero window opens again",
                "zero-window",
                ("no-probe",),
                (GHOST.GOT == 2) | peer(GHOST.GOT == 2) | REFUSED | peer(REFUSED),
            ),
            Eventually(
                "over a network that reorders, too",
                "reorder",
                ("no-retransmission-in-last-ack",),
                BOTH_CLOSED | REFUSED | peer(REFUSED),
            ),
        ),
    ),
    Claim(
        "G4",
        "No ACK war",
        ("3.10.7.4 step 1", "3.10.7.4 step 5", "3.5.2"),
        "No exchange of segments goes on for ever by itself, changing nothing: two ends in TIME-WAIT fall silent, also "
        "when a segment was duplicated. There are wars elsewhere, by step 1 alone: an end in SYN-RECEIVED, of an old "
        "SYN, and one in ESTABLISHED, unless the former resets first as 3.5.2 says (reading 29); and two healthy ends "
        "that both lost a full window, for their ACKs carry SND.NXT, at the right edge or beyond (reading 32).",
        (
            Quiet("none after a simultaneous close", "quiet", ("time-wait-acks-all",)),
            Eventually(
                "silence after a simultaneous close",
                "quiet",
                ("time-wait-acks-all",),
                BOTH_CLOSED | REFUSED | peer(REFUSED),
            ),
            Endless("two ends that lost a full window each", "free", ("step1-silent",)),
            Replay("an endless exchange of ACKs, by step 1", "ACK-war", ("reset-before-sequence",)),
        ),
    ),
    Claim(
        "G5",
        "Recovery from a crash",
        ("3.5.1", "3.5 figure 8"),
        "After one end lost its memory the other can be reset and the two connect anew.",
        (
            Sometimes(
                "connected anew after a crash",
                "crash",
                ("listener-deaf",),
                (GHOST.LIFE == 2)
                & in_state(S.ESTABLISHED)
                & peer(in_state(S.ESTABLISHED))
                & MUTUAL
                & (peer(GHOST.LIFE) == 2),
            ),
            *(
                Replay(f"figure {n}", f"F{n}", (mutant,))
                for n, mutant in (
                    (8, "syn-ack-unchecked"),
                    (9, "step1-silent"),
                    (10, "closed-sends-no-reset"),
                    (11, "listen-ignores-ack"),
                )
            ),
        ),
    ),
    Claim(
        "G6",
        "Simultaneous open and close",
        ("3.5 figure 7", "3.6 figure 13", "MUST-10"),
        "Both ends may begin at once, and both may end at once. (Figure 7 as drawn needs reading 3; by step 1 its line "
        "6 is refused, and the connection comes up through the ACK sent in reply.)",
        (
            Replay("figure 7", "F7", ("no-simultaneous-open",)),
            Replay("figure 13", "F13", ("fin-wait-1-wrong-state",)),
        ),
    ),
)
