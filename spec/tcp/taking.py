"""What of a segment is new, and how text and a FIN move into the receive buffer (RFC 9293 3.10.7.4 steps 7 and 8).

Step 1 says: "In the following it is assumed that the segment is the idealized segment that begins at RCV.NXT and does
not exceed the window.  One could tailor actual segments to fit this assumption by trimming off any portions that lie
outside the window (including SYN and FIN)".  The terms here say what is left of a segment after that.

Text at RCV.NXT is trimmed to the window and taken.  Text beyond RCV.NXT, and text that comes with a SYN before the
handshake is over, is held for later.  A FIN is taken once everything ahead of it has been received.  The ghosts record
which octets of which incarnation were taken.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from ..language.edge import Rule
from ..language.profile import FIN_AT_ZERO_WINDOW, HOLD, SYN_TEXT_REFUSED
from ..language.terms import FALSE, TRUE, Term, earlier, ite, named
from ..language.variables import ACK_OWED, CTL, DETACHED, GHOST, HELD, RCV, RIGHT_EDGE, SEG, TEXT_END, TEXT_START
from .updates import Assignments

# What of the arriving segment is new --------------------------------------------------------------------------

EMPTY = SEG.LEN == 0
NO_WINDOW = RCV.WND == 0

NEW_TEXT = named("new-text", (SEG.SEQ <= RCV.NXT) & (RCV.NXT < TEXT_END) & ~NO_WINDOW)
_FIN_FITS = (TEXT_END < RIGHT_EDGE) | (FIN_AT_ZERO_WINDOW & (TEXT_END <= RIGHT_EDGE))
FIN_NOW = named("fin-in-order", CTL.FIN & (SEG.SEQ <= RCV.NXT) & (RCV.NXT <= TEXT_END) & _FIN_FITS)
EARLY = named("early", (RCV.NXT < SEG.SEQ) & ~EMPTY)
NOTHING_NEW = ~NEW_TEXT & ~EARLY & ~FIN_NOW

#: SHLD-3: text for a user who reads no more.
UNWANTED = named("unwanted", DETACHED & (RCV.NXT < TEXT_END) & ~(SEG.TEXT == 0))

# Taking it ----------------------------------------------------------------------------------------------------

FORGET_HELD: Assignments = (
    HELD.SET.becomes(FALSE),
    HELD.SEQ.becomes(0),
    HELD.TEXT.becomes(0),
    HELD.FIN.becomes(FALSE),
)
FORGET_HELD_GHOSTS: Assignments = tuple(
    ghost.becomes(0) for ghost in (GHOST.HELD_LIFE, GHOST.HELD_TO, GHOST.HELD_AT, GHOST.HELD_SENT)
)
OWE = ACK_OWED.becomes(TRUE)


@dataclass(frozen=True, eq=False)
class Text:
    """Text that arrives now, or was held earlier.

    first: its first sequence number.  end: the number behind its last octet.  The rest are ghosts: the sender's
    incarnation, the incarnation it was meant for, the index of its first octet in the sender's stream, and with a FIN
    how many octets the sender's user had submitted.
    """

    first: Term
    end: Term
    life: Term
    to: Term
    index: Term
    sent: Term

    @property
    def between_these(self) -> Term:
        """It came from the incarnation that this end is bound to, and was meant for this one."""
        return (self.life == GHOST.PEER) & (self.to == GHOST.LIFE)


def take(text: Text) -> tuple[Assignments, Assignments]:
    """Move octets into the receive buffer: the updates, and the ghosts that record whether they were the right ones."""
    octets = earlier(text.end, RIGHT_EDGE) - RCV.NXT
    return _move(text, octets, RCV.NXT + octets)


def take_fin(text: Text) -> tuple[Assignments, Assignments]:
    """Take the text up to the FIN and advance RCV.NXT over the FIN; a segment held beyond it is forgotten."""
    octets = text.end - RCV.NXT
    updates, (got, good) = _move(text, octets, text.end + 1)
    still_good = ite(octets == 0, GHOST.GOOD, good.value)
    whole = GHOST.WHOLE & text.between_these & (GHOST.GOT + octets == text.sent)
    ghosts = (got, GHOST.GOOD.becomes(still_good), GHOST.WHOLE.becomes(whole), *FORGET_HELD_GHOSTS)
    return (*updates, *FORGET_HELD), ghosts


def _move(text: Text, octets: Term, rcv_nxt: Term) -> tuple[Assignments, Assignments]:
    right = text.between_these & (text.index + (RCV.NXT - text.first) == GHOST.GOT)
    updates = (
        RCV.NXT.becomes(rcv_nxt),
        RCV.WND.becomes(RCV.WND - octets),
        RCV.USER.becomes(RCV.USER + octets),
        OWE,
    )
    return updates, (GHOST.GOT.becomes(GHOST.GOT + octets), GHOST.GOOD.becomes(GHOST.GOOD & right))


ARRIVING = Text(TEXT_START, TEXT_END, SEG.LIFE, SEG.TO, SEG.AT, SEG.SENT)
TAKE_TEXT = take(ARRIVING)
TAKE_FIN = take_fin(ARRIVING)

# Holding it for later -----------------------------------------------------------------------------------------

_HOLD_IT = HOLD & ~HELD.SET
KEEP: Assignments = (
    HELD.SET.becomes(HELD.SET | HOLD),
    HELD.SEQ.becomes(ite(_HOLD_IT, SEG.SEQ, HELD.SEQ)),
    HELD.TEXT.becomes(ite(_HOLD_IT, earlier(TEXT_END, RIGHT_EDGE) - SEG.SEQ, HELD.TEXT)),
    HELD.FIN.becomes(ite(_HOLD_IT, CTL.FIN & (TEXT_END < RIGHT_EDGE), HELD.FIN)),
    OWE,
)
KEEP_GHOSTS: Assignments = (
    GHOST.HELD_LIFE.becomes(ite(_HOLD_IT, SEG.LIFE, GHOST.HELD_LIFE)),
    GHOST.HELD_TO.becomes(ite(_HOLD_IT, SEG.TO, GHOST.HELD_TO)),
    GHOST.HELD_AT.becomes(ite(_HOLD_IT, SEG.AT, GHOST.HELD_AT)),
    GHOST.HELD_SENT.becomes(ite(_HOLD_IT, SEG.SENT, GHOST.HELD_SENT)),
)

# What comes with a SYN ----------------------------------------------------------------------------------------
#
# The SYN sets RCV.NXT, so what comes with it begins at RCV.NXT, and the whole buffer is free.

#: Reading 22: "any other control or text should be queued for processing later" (3.10.7.2 third).
TEXT_WITH_SYN = named("text-with-syn", ~SYN_TEXT_REFUSED & ~(SEG.TEXT == 0) & ~(RCV.BUFF == 0))
_FIN_FITS_BUFFER = (SEG.TEXT < RCV.BUFF) | (FIN_AT_ZERO_WINDOW & (SEG.TEXT <= RCV.BUFF))
FIN_WITH_SYN = named("fin-with-syn", ~SYN_TEXT_REFUSED & CTL.FIN & _FIN_FITS_BUFFER)

_FITS = earlier(SEG.TEXT, RCV.BUFF)

#: RCV.NXT and RCV.WND once the text behind a SYN has been taken, without and with the FIN behind it.
BEHIND_TEXT_WITH_SYN = SEG.SEQ + 1 + _FITS
BEHIND_FIN_WITH_SYN = SEG.SEQ + 1 + SEG.TEXT + 1
LEFT_BY_TEXT_WITH_SYN = RCV.BUFF - _FITS

_AS_SENT = (SEG.TO == GHOST.LIFE) & (SEG.AT == 0)
_ROOM_WITH_SYN: Assignments = (RCV.WND.becomes(LEFT_BY_TEXT_WITH_SYN), RCV.USER.becomes(_FITS))
TAKE_TEXT_WITH_SYN: tuple[Assignments, Assignments] = (
    (RCV.NXT.becomes(BEHIND_TEXT_WITH_SYN), *_ROOM_WITH_SYN),
    (GHOST.GOT.becomes(_FITS), GHOST.GOOD.becomes(_AS_SENT)),
)
TAKE_FIN_WITH_SYN: tuple[Assignments, Assignments] = (
    (RCV.NXT.becomes(BEHIND_FIN_WITH_SYN), *_ROOM_WITH_SYN),
    (
        GHOST.GOT.becomes(_FITS),
        GHOST.GOOD.becomes(_AS_SENT | (SEG.TEXT == 0)),
        GHOST.WHOLE.becomes((SEG.TO == GHOST.LIFE) & (SEG.TEXT == SEG.SENT)),
    ),
)

QUEUE_WITH_SYN: Assignments = (
    HELD.SET.becomes(TRUE),
    HELD.SEQ.becomes(SEG.SEQ + 1),
    HELD.TEXT.becomes(_FITS),
    HELD.FIN.becomes(CTL.FIN & (SEG.TEXT < RCV.BUFF)),
)


def queue_ghosts(life: Term) -> Assignments:
    """Ghosts of what is queued with a SYN: life is the incarnation of this end that hears it, and adopts its text."""
    return (
        GHOST.HELD_LIFE.becomes(SEG.LIFE),
        GHOST.HELD_TO.becomes(life),
        GHOST.HELD_AT.becomes(SEG.AT),
        GHOST.HELD_SENT.becomes(SEG.SENT),
    )


def with_queue(rule: Rule, updates: Assignments, ghosts: Assignments) -> tuple[Rule, Rule]:
    """A rule for a SYN before the handshake is over, and its twin for a SYN that brings text or a FIN.

    updates: those of the twin, which queue them; ghosts: what the twin records besides the rule's own.
    """
    something = TEXT_WITH_SYN | FIN_WITH_SYN
    twin = replace(
        rule,
        name=f"{rule.name}.queue",
        guard=(*rule.guard, something),
        updates=updates,
        ghosts=(*rule.ghosts, *ghosts),
        why="The same, and what comes with the SYN is queued until the handshake is over.",
    )
    return replace(rule, guard=(*rule.guard, ~something)), twin
