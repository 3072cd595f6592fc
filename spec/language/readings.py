"""The readings: what this specification takes RFC 9293 to say where its text is ambiguous, dead or at odds with itself.

One reading of each passage is the default.  Where the other one changes what an endpoint does, it is a switch (see
`profile`), and the claims show what it costs.
"""

from __future__ import annotations

from dataclasses import dataclass

from .profile import (
    CLOSE_BY_THE_LETTER,
    FIN_AT_ZERO_WINDOW,
    HALF_DUPLEX,
    ISN_WITHOUT_GAP,
    RECEIVE_BY_THE_LETTER,
    REOPEN,
    RESET_BY_REACH,
    RESET_FIRST,
    RESET_KEEPS_UNREAD,
    RESET_WHILE_CLOSING_SILENT,
    RFC1337,
    RFC5961_ACK,
    RFC5961_RST,
    RFC5961_SYN,
    RIGHT_EDGE_ACCEPTABLE,
    SECOND_FIN_ADVANCES,
    SYN_ACK_COMPLETES,
    SYN_TEXT_REFUSED,
    TIME_WAIT_ACKS_ALL,
    USER_TIMEOUT_IN_TIME_WAIT,
)
from .terms import Var


@dataclass(frozen=True)
class Reading:
    """One passage and how it is read.

    where: the passage.  default: what the specification does.  switches: the switches that choose the other reading,
    which their `means` states; empty where nothing can be switched.  cost: what goes wrong, and by which reading.
    """

    number: int
    where: str
    default: str
    switches: tuple[Var, ...] = ()
    cost: str = ""

    @property
    def name(self) -> str:
        """What rules, claims and people call it."""
        return f"reading {self.number}"

    @property
    def other(self) -> str:
        """The other reading, as its switches state it; empty where there is none to choose."""
        return "; ".join(switch.means for switch in self.switches)


READINGS: tuple[Reading, ...] = (
    Reading(
        1,
        "step 1 against steps 5 and 8",
        "a retransmitted FIN fails step 1 and is acknowledged there",
        cost="by the letter such a FIN does not restart the 2 MSL time-out, for the steps that say so are never "
        "reached; in this specification the time-out has no length, and the oracle allows both",
    ),
    Reading(
        2,
        "TIME-WAIT, step 5",
        "only what occupies sequence space is acknowledged",
        (TIME_WAIT_ACKS_ALL,),
        "with the switch G4 fails: two ends in TIME-WAIT answer each other for ever (15 steps)",
    ),
    Reading(
        3,
        "figure 7 line 6 against step 1",
        "the SYN,ACK is refused, and the ACK in reply to it completes the connection",
        (SYN_ACK_COMPLETES,),
        "none; figure 7 as drawn needs the switch",
    ),
    Reading(4, "step 1 at a zero window", "a FIN waits for the window to open", (FIN_AT_ZERO_WINDOW,), "none found"),
    Reading(5, "step 8, a second FIN", "ignored", (SECOND_FIN_ADVANCES,), "none against an honest peer"),
    Reading(
        6,
        "FIN-WAIT-1, step 8",
        "one edge leads to TIME-WAIT and one to CLOSING",
        cost="none: the text says the same in two ways",
    ),
    Reading(
        7,
        "RECEIVE after both FINs",
        "what was received can be read, also once the TCB is gone",
        (RECEIVE_BY_THE_LETTER,),
        "with the switch S9 and S11 fail: acknowledged octets are lost (17 steps); P2 has no proof",
    ),
    Reading(
        8,
        "CLOSE in SYN-RECEIVED",
        "queued until ESTABLISHED",
        (CLOSE_BY_THE_LETTER,),
        "with the switch S2 fails: text of a dead incarnation is delivered (11 steps); safe if `rfc5961-ack` is on too "
        "(proved)",
    ),
    Reading(
        9,
        "ISN selection (3.4.1)",
        "a new ISS lies beyond SND.NXT and a whole window more",
        (ISN_WITHOUT_GAP,),
        "with the switch S1 fails: in a simultaneous open an old SYN desynchronizes the two ends (8 steps, at window 2 "
        "already); there is no proof",
    ),
    Reading(10, "the sender of a RST", "goes to CLOSED (3.10.5)"),
    Reading(11, "the receiver of a RST", "goes where step 2 says, state by state"),
    Reading(
        12,
        "RST in TIME-WAIT",
        "ends TIME-WAIT",
        (RFC1337,),
        "by default S10's wait can be cut short, and an old octet is taken for a new one",
    ),
    Reading(13, "after a simultaneous close", "TIME-WAIT lasts 2 MSL (figure 13)"),
    Reading(
        14,
        "CLOSE in ESTABLISHED and CLOSE-WAIT",
        "ESTABLISHED becomes FIN-WAIT-1 at once; CLOSE-WAIT becomes LAST-ACK when the FIN is sent",
    ),
    Reading(15, "SYN-RECEIVED, unacceptable ACK", "a reset is sent, and the segment is processed no further"),
    Reading(16, "SYN-SENT to ESTABLISHED", "SND.WND, SND.WL1 and SND.WL2 are set from the SYN,ACK"),
    Reading(17, "CLOSING and LAST-ACK, other ACKs", "processed as in ESTABLISHED"),
    Reading(18, "text after the peer's FIN", "ignored; in TIME-WAIT acknowledged"),
    Reading(
        19,
        "USER TIMEOUT",
        "no reset is sent, and FIN-WAIT-2 has no time-out",
        cost="an end can stay in FIN-WAIT-2 for ever (the reference waits a minute there once its user has closed "
        "fully)",
    ),
    Reading(
        20,
        "MAY-1, SHLD-3",
        "there is no full close: CLOSE ends the sending direction only",
        (HALF_DUPLEX,),
        "with the switch S12: octets are lost",
    ),
    Reading(
        21,
        "SYN in TIME-WAIT",
        "acknowledged",
        (REOPEN,),
        "with the switch an old duplicate leads to LISTEN, not back to TIME-WAIT: MAY-2 (2) is not met",
    ),
    Reading(
        22,
        "SYN with text or FIN (3.10.7.2 third, 3.10.7.3 fourth)",
        "both are queued until the handshake is over, or taken at once with the SYN,ACK that ends it; an old SYN is "
        "trimmed off (step 1), so that only a SYN whose own number lies in the window meets step 4",
        (SYN_TEXT_REFUSED,),
        "none by either: what is refused is not acknowledged, so it is sent again",
    ),
    Reading(23, "RFC 5961", "off", (RFC5961_RST, RFC5961_SYN, RFC5961_ACK), "no claim changes"),
    Reading(24, '3.5.2 "must" against step 1 "should"', "an unacceptable segment is always answered"),
    Reading(25, "ABORT after both FINs", "no reset is sent; a second CLOSE is an error"),
    Reading(26, "an ACK beyond a SND.NXT that went back", "SND.NXT never goes back"),
    Reading(27, "ACK beyond SND.NXT", "acknowledged, and the segment dropped", cost="see reading 29"),
    Reading(28, "ACK of a segment beyond RCV.NXT", "processed at once, as deployed stacks do"),
    Reading(
        29,
        "3.5.2 group 2 against step 1",
        "step 1 comes first, in SYN-RECEIVED too",
        (RESET_FIRST,),
        "by default two ends can answer each other's ACKs for ever (`halfclose verify G4 --traces`)",
    ),
    Reading(
        30,
        "RST or SYN in SYN-RECEIVED with a CLOSE queued",
        "to CLOSED, though the OPEN was passive",
    ),
    Reading(
        31,
        "FIN and the send window",
        "a FIN may be sent when the window is full",
        cost="with the default of reading 4 it waits at the receiver",
    ),
    Reading(
        32,
        "table 6, an empty segment at RCV.NXT+RCV.WND",
        "not acceptable",
        (RIGHT_EDGE_ACCEPTABLE,),
        "by default two healthy ends with full windows answer each other for ever (G4), and so do two whose SYNs cross "
        "with as much text as the windows hold; not so with the switch, unless more lies beyond the window",
    ),
    Reading(
        33,
        "3.5.3 against table 6, a RST with text",
        "the number of the RST itself must lie in the window",
        (RESET_BY_REACH,),
        "with the switch a RST below the window ends a connection if the text behind it reaches in",
    ),
    Reading(
        34,
        "MUST-12 against step 2 in CLOSING and LAST-ACK",
        "a reset is signalled, unless everything that the user sent was acknowledged: then the connection closed "
        "normally",
        (RESET_WHILE_CLOSING_SILENT,),
        "with the switch octets can be lost and the user hears nothing of it; a SYN in the window (step 4) is "
        "signalled as a reset by either reading",
    ),
    Reading(
        35,
        'step 2, "all segment queues should be flushed"',
        "unread octets are lost with a reset",
        (RESET_KEEPS_UNREAD,),
        "none by the switch: the user reads what was acknowledged and then gets the error, as from deployed stacks",
    ),
    Reading(
        36,
        '3.10.8 USER TIMEOUT "for any state" against step 8 "turn off the other timers"',
        "TIME-WAIT has no user time-out",
        (USER_TIMEOUT_IN_TIME_WAIT,),
        "with the switch a connection that closed in order is reported as aborted (against MUST-12)",
    ),
    Reading(
        37,
        '3.10.3 RECEIVE, "if insufficient incoming segments are queued ... queue the request"',
        'a RECEIVE that asks for more than is on hand is told so ("part"), and asks again',
        cost="none: the same octets are read in the same order",
    ),
    Reading(
        38,
        '3.10.7.2 third, FIN with a SYN: "processed in the SYN-RECEIVED state" against step 7',
        "the FIN waits with the text until ESTABLISHED is reached",
        cost="none: a FIN that is not acknowledged is sent again",
    ),
)

#: The reading that each of these switches belongs to.
READING_OF: dict[Var, Reading] = {switch: reading for reading in READINGS for switch in reading.switches}
