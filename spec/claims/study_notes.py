"""The statements of the study notes that this project started from, as claims (S1-S12).

`properties` says what kinds of property there are, `situations` what the words of their formulas mean.
"""

from __future__ import annotations

from ..language.states import SYNCHRONIZED, State
from ..language.terms import num
from ..language.variables import (
    CLOSE_CALLED,
    CTL,
    GHOST,
    HELD,
    IRS,
    ISS,
    RCV,
    RIGHT_EDGE,
    SEG,
    SND,
    Fate,
    after,
    in_state,
    out,
    peer,
)
from .agreement import P1, P2, P3, P4, P5, P6
from .properties import Always, Claim, Eventually, OnStep, Replay, Shape, Sometimes, implies
from .situations import (
    BOTH_CLOSED,
    ENDED_WELL,
    EVERYTHING_READ,
    KNOWS,
    LOST_BY_PEER,
    MUTUAL,
    NOTHING_OLD,
    REALLY_HAS,
    REFUSED,
    SENT_SOMETHING,
    SPEAKS_TO_NOBODY,
    TAKEN,
    TOOK_FIN,
    UP,
)

S = State

NOTES: tuple[Claim, ...] = (
    Claim(
        "S1",
        "Logical connection",
        ("3.4", "3.5", "3.5.1"),
        "Over a network that promises nothing, two ends connected with each other agree on each other's numbers; an "
        "end whose peer is gone (closed, or crashed and not back) is found out at last, once it has something to send.",
        (
            Always(
                "agree on sequence numbers",
                "crash",
                (
                    "two-way-handshake",
                    "syn-ack-unchecked",
                    "syn-received-ack-unchecked",
                    "irs-is-the-next-number",
                ),
                implies(UP & peer(UP) & KNOWS, (peer(ISS) == IRS) & (peer(IRS) == ISS) & peer(KNOWS)),
            ),
            Always(
                "who confirms a connection had sent its SYN",
                "old-syn",
                ("isn-without-gap", "syn-received-any-window"),
                GHOST.BOUND,
            ),
            P5,
            Eventually(
                "no half-open end for ever, once it has something to send",
                "half-open",
                ("closed-sends-no-reset",),
                ~SPEAKS_TO_NOBODY & ~peer(SPEAKS_TO_NOBODY),
            ),
        ),
    ),
    Claim(
        "S2",
        "Reliable, in order",
        ("3.4", "3.10.7.4 step 7"),
        "Octets are taken at RCV.NXT only, after trimming to the window, and only from the incarnation whose SYN was "
        "confirmed: whatever the network does in the explored scopes, what an end has taken is a prefix of what "
        "its peer sent.",
        (
            Always(
                "a prefix of what was sent",
                "exchange",
                ("no-trimming", "retransmission-misaligned"),
                GHOST.GOOD,
            ),
            Always(
                "a prefix, of a stream longer than the window", "stream", ("no-trimming",), GHOST.GOOD & GHOST.WHOLE
            ),
            Always("a prefix, over a network that reorders", "reorder", ("early-text-delivered",), GHOST.GOOD),
            Always(
                "a prefix, over a crash and a second life",
                "crash",
                ("no-window-check", "isn-always-zero"),
                GHOST.GOOD,
            ),
            Always(
                "a prefix, though CLOSE comes before its handshake", "early-close", ("close-by-the-letter",), GHOST.GOOD
            ),
            Always(
                "reading 8 by the letter is safe with RFC 5961's check of ACKs",
                "early-close-5961",
                ("any-old-ack",),
                GHOST.GOOD,
            ),
            Always("a prefix, with out-of-order segments held", "held", ("held-text-at-once",), GHOST.GOOD),
            Always(
                "a prefix, of text that comes with a SYN",
                "text-on-syn",
                ("syn-text-queued-at-the-syn",),
                GHOST.GOOD & GHOST.WHOLE,
            ),
            Always(
                "a prefix, though an old SYN with text outlives its sender",
                "old-text-on-syn",
                ("syn-text-delivered-at-once",),
                GHOST.GOOD & implies(num(1) <= GHOST.GOT, GHOST.JOINED),
            ),
            Always(
                "a SYN that comes again with its text resets nobody",
                "text-on-syn",
                ("old-syn-not-trimmed",),
                ~(GHOST.FATE == Fate.RESET),
            ),
            Always(
                "text that comes with the SYN of a simultaneous open waits for the handshake",
                "text-on-both-syns",
                ("text-before-handshake",),
                implies(num(1) <= GHOST.GOT, GHOST.JOINED),
            ),
            Sometimes(
                "text that both ends send with their SYNs is received",
                "text-on-both-syns",
                ("syn-text-ignored",),
                in_state(S.SYN_RECEIVED) & HELD.SET & peer(in_state(S.SYN_RECEIVED) & HELD.SET),
            ),
            Always(
                "a prefix, with every option on and any call at any time",
                "options",
                ("retransmission-misaligned", "close-discards-unsent"),
                GHOST.GOOD & GHOST.WHOLE,
            ),
            P1,
        ),
    ),
    Claim(
        "S3",
        "Three-way handshake",
        ("3.5", "3.10.7.2", "3.10.7.3", "MUST-10"),
        "SYN; SYN,ACK; ACK. The third segment is what tells the listener that the SYN was no old duplicate: without "
        "it an end can be connected to nobody. (The only way in but for reading 8 by the letter, where CLOSE leads on "
        "to FIN-WAIT-1 before the handshake is over.)",
        (
            Sometimes(
                "possible",
                "exchange",
                ("listener-deaf",),
                in_state(S.ESTABLISHED) & peer(in_state(S.ESTABLISHED)) & MUTUAL,
            ),
            Sometimes(
                "possible from both sides at once",
                "simultaneous",
                ("no-simultaneous-open",),
                in_state(S.ESTABLISHED) & peer(in_state(S.ESTABLISHED)) & MUTUAL,
            ),
            Always(
                "no end is connected to a peer that did not confirm it",
                "crash",
                ("two-way-handshake", "syn-received-ack-unchecked", "syn-received-follows-any-syn"),
                implies(UP & KNOWS, peer(KNOWS)),
            ),
            Shape(
                "the only way in",
                "entries need an acknowledged SYN",
                ("two-way-handshake", "syn-received-ack-unchecked"),
            ),
            Replay("figure 6", "F6", ("listener-deaf",)),
        ),
    ),
    Claim(
        "S4",
        "Sequence numbers of control segments",
        ("3.4", "3.5"),
        "SYN and FIN each take one sequence number, so that they can be acknowledged and sent again without doubt; an "
        "empty ACK carries SND.NXT and takes none, for if it did, acknowledgments would have to be acknowledged.",
        (
            OnStep(
                "a SYN stands at ISS and takes one number, text behind it takes the next",
                "exchange",
                ("syn-takes-no-number", "syn-sent-again-with-a-new-number"),
                implies(
                    SENT_SOMETHING & out(CTL.SYN),
                    (out(SEG.SEQ) == after(ISS)) & (out(SEG.SEQ) + 1 + out(SEG.TEXT) <= after(SND.NXT)),
                )
                & implies(
                    SENT_SOMETHING & out(CTL.SYN) & ~in_state(S.SYN_SENT, S.SYN_RECEIVED, S.FIN_WAIT_1, S.CLOSING),
                    after(SND.NXT) == out(SEG.SEQ) + out(SEG.LEN),
                ),
            ),
            OnStep(
                "new text and FIN take theirs, an empty ACK takes none",
                "exchange",
                ("ack-takes-a-number", "fin-takes-no-number"),
                implies(
                    SENT_SOMETHING & ~out(CTL.SYN) & (out(SEG.SEQ) == SND.NXT) & in_state(*SYNCHRONIZED),
                    after(SND.NXT) == out(SEG.SEQ) + out(SEG.LEN),
                ),
            ),
            OnStep(
                "an empty ACK carries SND.NXT",
                "exchange",
                ("ack-takes-a-number",),
                implies(
                    SENT_SOMETHING & ~out(CTL.SYN) & (out(SEG.LEN) == 0),
                    (out(SEG.SEQ) == SND.NXT) & (after(SND.NXT) == SND.NXT),
                ),
            ),
            OnStep(
                "a received FIN takes one number",
                "exchange",
                ("received-fin-takes-no-number",),
                implies(TOOK_FIN, after(RCV.NXT) == RCV.NXT + TAKEN + 1),
            ),
            P3,
        ),
    ),
    Claim(
        "S5",
        "Full duplex",
        ("3.3.1", "3.6"),
        "Each direction has its own numbers: no update of a send variable reads a receive variable or the other way "
        "round. (SEG.SEQ serves both: it also orders window updates. And guards do couple them: a segment out of the "
        "receive window has its ACK refused too, see A.2.)",
        (
            Shape("directions are independent", "independent directions", ("ack-moves-rcv-nxt",)),
            Sometimes(
                "both directions at once",
                "exchange",
                ("no-output",),
                (GHOST.GOT == 1) & peer(GHOST.GOT == 1),
            ),
            P4,
        ),
    ),
    Claim(
        "S6",
        "Worked example",
        ("3.4", "3.7"),
        "Octets 8001-9000 and 9001-10000 are answered ACK=10001; octets 15001-17000 are answered ACK=17001. The same "
        "exchange is one of the generated test vectors.",
        (Replay("8001 to 10001, 15001 to 17001", "S6", ("ack-names-last-octet",)),),
    ),
    Claim(
        "S7",
        "Meaning of ACK",
        ("3.4", "3.10.7.4 step 5", "3.10.7.4 step 7"),
        "The acknowledgment field of every segment but a reset is RCV.NXT, the next octet expected; what an end takes "
        "for acknowledged is therefore never more than its peer has.",
        (
            OnStep(
                "ACK is RCV.NXT",
                "exchange",
                ("ack-names-last-octet", "closed-answers-with-ack"),
                implies(SENT_SOMETHING & out(CTL.ACK), out(SEG.ACK) == after(RCV.NXT)),
            ),
            Always(
                "SND.UNA never passes what the peer has",
                "reorder",
                ("early-text-acknowledged",),
                implies(UP & peer(UP) & MUTUAL, SND.UNA <= peer(REALLY_HAS)),
            ),
            Always(
                "the peer never has more than was sent",
                "exchange",
                ("received-fin-takes-two-numbers",),
                implies(UP & peer(UP) & MUTUAL, peer(RCV.NXT) <= SND.NXT),
            ),
            Sometimes(
                "SND.UNA+SND.WND can pass what the peer has offered: a retransmission's ACK moves SND.UNA, not SND.WND",
                "exchange",
                ("window-of-any-new-ack",),
                UP & peer(UP) & MUTUAL & (peer(RIGHT_EDGE) < SND.UNA + SND.WND),
            ),
            P3,
            P4,
        ),
    ),
    Claim(
        "S8",
        "Four-way close",
        ("3.6", "3.6 figure 12"),
        "FIN, ACK, FIN, ACK: each direction is closed by itself, so the side that got the first FIN can still send.",
        (
            Replay("figure 12", "F12", ("fin-wait-1-ignores-ack",)),
            Replay("figure 12 with text in between", "F12-text", ("half-close-deaf",)),
            Sometimes(
                "text sent in between arrives",
                "half-close",
                ("half-close-deaf",),
                in_state(S.FIN_WAIT_2) & peer(in_state(S.CLOSE_WAIT)) & (GHOST.GOT == 1),
            ),
        ),
    ),
    Claim(
        "S9",
        "Three-way close",
        ("3.6",),
        "Where the passive side has nothing left to send, its FIN can carry the ACK of the first one. However the two "
        "FINs and ACKs are packed, where both ends close normally and both applications have read to the end of file, "
        "each has read exactly what the other sent.",
        (
            Replay("FIN; FIN,ACK; ACK", "F12-three", ("fin-wait-1-wrong-state",)),
            Always(
                "every normal ending shows the applications the same octets",
                "half-close",
                ("eof-shown-early",),
                implies(
                    BOTH_CLOSED & ENDED_WELL & peer(ENDED_WELL) & GHOST.JOINED & peer(GHOST.JOINED),
                    implies(GHOST.EOF & peer(GHOST.EOF), EVERYTHING_READ),
                ),
            ),
        ),
    ),
    Claim(
        "S10",
        "TIME-WAIT",
        ("3.4.1", "3.6.1", "MUST-13"),
        "Where the end that waited may use its initial sequence number again, only the wait keeps old segments out of "
        "a new incarnation. It is enough if it is not cut short (RFC 1337) and if at its end the network is empty. It "
        "protects the end that waits: the other one relies on its ISN clock.",
        (
            Always("sufficient under the MSL assumption", "reuse", ("no-time-wait",), NOTHING_OLD),
            Always("also where the numbers come again in part", "reuse-near", ("no-time-wait",), NOTHING_OLD),
            P6,
            Sometimes(
                "needed: without it an old octet is taken for a new one",
                "reuse-no-wait",
                ("isn-clock-moves-on",),
                ~GHOST.GOOD,
            ),
            Sometimes(
                "it does not protect the other end, if that one's numbers come again too",
                "reuse-other-end",
                ("isn-clock-moves-on",),
                ~NOTHING_OLD,
            ),
            Sometimes(
                "cut short by a RST it does not help (RFC 1337)",
                "reuse-rst",
                ("isn-clock-moves-on",),
                ~NOTHING_OLD,
            ),
        ),
    ),
    Claim(
        "S11",
        "Half-close",
        ("3.6", "3.6.1", "3.10.3", "3.10.4"),
        "CLOSE ends one direction. Everything sent before it is delivered before the peer is shown the end of file, "
        "the peer may go on sending, and what was received before a FIN can be read after it. (Not so where a reset "
        "follows, see S12, or where the connection was refused.)",
        (
            Always(
                "no FIN is taken before all the octets ahead of it",
                "exchange",
                ("close-discards-unsent",),
                GHOST.WHOLE,
            ),
            Always(
                "no FIN overtakes text",
                "reorder",
                ("fin-out-of-order",),
                GHOST.WHOLE,
            ),
            Always(
                "end of file only when everything has been read",
                "exchange",
                ("eof-shown-early", "receive-by-the-letter"),
                implies(GHOST.EOF, (RCV.USER == 0) & (GHOST.READ == GHOST.GOT)),
            ),
            Always(
                "what was received can be read, also after the own CLOSE",
                "exchange",
                ("half-close-discards",),
                implies((GHOST.FATE == Fate.ALIVE) | (GHOST.FATE == Fate.CLOSED), GHOST.GOT == GHOST.READ + RCV.USER),
            ),
            OnStep(
                "SEND fails after CLOSE",
                "free",
                ("send-after-close", "text-after-fin-both"),
                implies(CLOSE_CALLED & after(CLOSE_CALLED), after(GHOST.SENT) == GHOST.SENT),
            ),
            Eventually(
                "every octet of both directions is delivered at last, and both ends close",
                "half-close",
                (
                    "close-wait-cannot-send",
                    "unread-dies-with-tcb",
                    "last-ack-leaves-early",
                ),
                (BOTH_CLOSED & EVERYTHING_READ) | REFUSED | peer(REFUSED),
            ),
            Eventually(
                "so it is through a window that is smaller than what is left to send",
                "half-close-narrow",
                ("no-retransmission-in-close-wait", "no-output"),
                (BOTH_CLOSED & EVERYTHING_READ) | REFUSED | peer(REFUSED),
            ),
            Eventually(
                "so it is when both ends close at once",
                "simultaneous",
                ("fin-never-sent-in-closing", "no-retransmission-in-closing"),
                (BOTH_CLOSED & EVERYTHING_READ) | REFUSED | peer(REFUSED),
            ),
            P2,
            P3,
        ),
    ),
    Claim(
        "S12",
        "Where data is lost",
        ("3.6.1", "MAY-1", "SHLD-3", "3.10.5"),
        "A full close with unread or still arriving data resets the connection, and so does ABORT; octets that SEND "
        "accepted are lost with it. S11 therefore speaks of CLOSE, and of a user who reads to the end.",
        (
            Sometimes(
                "by a full close with octets unread",
                "full-close",
                ("full-close-ignores-unread",),
                LOST_BY_PEER & peer(GHOST.READ < GHOST.GOT),
            ),
            Sometimes(
                "by a full close while octets are still arriving",
                "full-close",
                ("full-close-keeps-listening",),
                LOST_BY_PEER & peer(GHOST.READ == GHOST.GOT),
            ),
            Sometimes(
                "by an abort",
                "abort",
                ("abort-closes",),
                (GHOST.FATE == Fate.RESET) & (peer(GHOST.SENT) > GHOST.READ) & (peer(GHOST.FATE) == Fate.ABORTED),
            ),
        ),
    ),
)
