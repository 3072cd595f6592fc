"""The figures of RFC 9293 3.5 and 3.6, and the study notes' worked example, as exchanges that can be replayed.

A line says which end does what, and both states afterwards, as the figures do. `gets` takes a segment out of the
network; `sends` is what the same step emits. The numbers are the figures' where the ISN clock allows: an end's second
ISS here lies one window beyond its first (figure 8 has 400 for our 322, figure 9 has 400 for our 121).
"""

from __future__ import annotations

from dataclasses import dataclass

from ..language.profile import parse_profile
from ..world.application import parse_application
from ..world.network import Scope


@dataclass(frozen=True)
class Line:
    """do: "A open.active sends <SEQ=100><CTL=SYN>", "B gets <SEQ=100><CTL=SYN>", ...; states: "A's / B's"."""

    do: str
    states: str


@dataclass(frozen=True)
class Figure:
    """planted: old duplicates in the network at the start, as (end they will reach, segment)."""

    id: str
    title: str
    cite: str
    scope: Scope
    lines: tuple[Line, ...]
    planted: tuple[tuple[str, str], ...] = ()


_ANYTHING = "free: open listen send read shutdown close abort"


def _scope(
    iss: tuple[int, int], app_a: str = _ANYTHING, app_b: str = _ANYTHING, profile: str = "", **bounds: int
) -> Scope:
    wide = {"bits": 16, "slots": 4, "lives": 2, "octets": 20, "buffer": 20, "mss": 10, "crashes": 1} | bounds
    return Scope(parse_application(app_a), parse_application(app_b), parse_profile(profile), iss=iss, **wide)  # type: ignore[arg-type]


def _lines(text: str) -> tuple[Line, ...]:
    """Lines written as `do | states`."""
    rows = (row.split("|") for row in text.strip().splitlines() if row.strip())
    return tuple(Line(do.strip(), states.strip()) for do, states in rows)


_HANDSHAKE_100_300 = """
B open.passive                                                       | CLOSED / LISTEN
A open.active sends <SEQ=100><CTL=SYN>                                | SYN-SENT / LISTEN
B gets <SEQ=100><CTL=SYN> sends <SEQ=300><ACK=101><CTL=SYN,ACK>       | SYN-SENT / SYN-RECEIVED
A gets <SEQ=300><ACK=101><CTL=SYN,ACK> sends <SEQ=101><ACK=301><CTL=ACK> | ESTABLISHED / SYN-RECEIVED
B gets <SEQ=101><ACK=301><CTL=ACK>                                    | ESTABLISHED / ESTABLISHED
"""

#: Both ends established so that the next numbers are A's 100 and B's 300, as figures 12 and 13 begin.
_UP_99_299 = """
B open.passive                                                       | CLOSED / LISTEN
A open.active sends <SEQ=99><CTL=SYN>                                 | SYN-SENT / LISTEN
B gets <SEQ=99><CTL=SYN> sends <SEQ=299><ACK=100><CTL=SYN,ACK>        | SYN-SENT / SYN-RECEIVED
A gets <SEQ=299><ACK=100><CTL=SYN,ACK> sends <SEQ=100><ACK=300><CTL=ACK> | ESTABLISHED / SYN-RECEIVED
B gets <SEQ=100><ACK=300><CTL=ACK>                                    | ESTABLISHED / ESTABLISHED
"""
_CLOSE_AND_ACK = """
A close.established                                                  | FIN-WAIT-1 / ESTABLISHED
A output.fin sends <SEQ=100><ACK=300><CTL=FIN,ACK>                    | FIN-WAIT-1 / ESTABLISHED
B gets <SEQ=100><ACK=300><CTL=FIN,ACK>                                | FIN-WAIT-1 / CLOSE-WAIT
B output.ack sends <SEQ=300><ACK=101><CTL=ACK>                        | FIN-WAIT-1 / CLOSE-WAIT
A gets <SEQ=300><ACK=101><CTL=ACK>                                    | FIN-WAIT-2 / CLOSE-WAIT
"""

FIGURES: dict[str, Figure] = {
    figure.id: figure
    for figure in (
        Figure(
            "F6",
            "Basic three-way handshake",
            "3.5 figure 6",
            _scope((100, 300)),
            _lines(
                _HANDSHAKE_100_300
                + """
A send.queue                                                         | ESTABLISHED / ESTABLISHED
A output.text sends <SEQ=101><ACK=301><DATA=1><CTL=ACK>               | ESTABLISHED / ESTABLISHED
B gets <SEQ=101><ACK=301><DATA=1><CTL=ACK>                            | ESTABLISHED / ESTABLISHED
"""
            ),
        ),
        Figure(
            "F7",
            "Simultaneous connection synchronization",
            "3.5 figure 7",
            _scope((100, 300), profile="syn-ack-completes"),
            _lines("""
A open.active sends <SEQ=100><CTL=SYN>                                | SYN-SENT / CLOSED
B open.active sends <SEQ=300><CTL=SYN>                                | SYN-SENT / SYN-SENT
A gets <SEQ=300><CTL=SYN> sends <SEQ=100><ACK=301><CTL=SYN,ACK>       | SYN-RECEIVED / SYN-SENT
B gets <SEQ=100><CTL=SYN> sends <SEQ=300><ACK=101><CTL=SYN,ACK>       | SYN-RECEIVED / SYN-RECEIVED
A gets <SEQ=300><ACK=101><CTL=SYN,ACK>                                | ESTABLISHED / SYN-RECEIVED
B gets <SEQ=100><ACK=301><CTL=SYN,ACK>                                | ESTABLISHED / ESTABLISHED
"""),
        ),
        Figure(
            "F8",
            "Recovery from old duplicate SYN",
            "3.5 figure 8",
            _scope((100, 300)),
            _lines("""
B open.passive                                                       | CLOSED / LISTEN
A open.active sends <SEQ=100><CTL=SYN>                                | SYN-SENT / LISTEN
B gets <SEQ=90><CTL=SYN> sends <SEQ=300><ACK=91><CTL=SYN,ACK>         | SYN-SENT / SYN-RECEIVED
A gets <SEQ=300><ACK=91><CTL=SYN,ACK> sends <SEQ=91><CTL=RST>         | SYN-SENT / SYN-RECEIVED
B gets <SEQ=91><CTL=RST>                                              | SYN-SENT / LISTEN
B gets <SEQ=100><CTL=SYN> sends <SEQ=322><ACK=101><CTL=SYN,ACK>       | SYN-SENT / SYN-RECEIVED
A gets <SEQ=322><ACK=101><CTL=SYN,ACK> sends <SEQ=101><ACK=323><CTL=ACK> | ESTABLISHED / SYN-RECEIVED
B gets <SEQ=101><ACK=323><CTL=ACK>                                    | ESTABLISHED / ESTABLISHED
"""),
            planted=(("B", "<SEQ=90><CTL=SYN>"),),
        ),
        Figure(
            "F9",
            "Half-open connection discovery",
            "3.5.1 figure 9",
            _scope((99, 299)),
            _lines(
                _UP_99_299
                + """
A crash                                                              | CLOSED / ESTABLISHED
A open.active sends <SEQ=121><CTL=SYN>                                | SYN-SENT / ESTABLISHED
B gets <SEQ=121><CTL=SYN> sends <SEQ=300><ACK=100><CTL=ACK>           | SYN-SENT / ESTABLISHED
A gets <SEQ=300><ACK=100><CTL=ACK> sends <SEQ=100><CTL=RST>           | SYN-SENT / ESTABLISHED
B gets <SEQ=100><CTL=RST>                                             | SYN-SENT / CLOSED
A retransmit.syn sends <SEQ=121><CTL=SYN>                             | SYN-SENT / CLOSED
"""
            ),
        ),
        Figure(
            "F10",
            "Active side causes half-open connection discovery",
            "3.5.1 figure 10",
            _scope((99, 299)),
            _lines(
                _UP_99_299
                + """
A crash                                                              | CLOSED / ESTABLISHED
B send.queue                                                         | CLOSED / ESTABLISHED
B output.text sends <SEQ=300><ACK=100><DATA=1><CTL=ACK>               | CLOSED / ESTABLISHED
A gets <SEQ=300><ACK=100><DATA=1><CTL=ACK> sends <SEQ=100><CTL=RST>   | CLOSED / ESTABLISHED
B gets <SEQ=100><CTL=RST>                                             | CLOSED / CLOSED
"""
            ),
        ),
        Figure(
            "F11",
            "Old duplicate SYN initiates a reset on two passive sockets",
            "3.5.1 figure 11",
            _scope((100, 300)),
            _lines("""
A open.passive                                                       | LISTEN / CLOSED
B open.passive                                                       | LISTEN / LISTEN
B gets <SEQ=90><CTL=SYN> sends <SEQ=300><ACK=91><CTL=SYN,ACK>         | LISTEN / SYN-RECEIVED
A gets <SEQ=300><ACK=91><CTL=SYN,ACK> sends <SEQ=91><CTL=RST>         | LISTEN / SYN-RECEIVED
B gets <SEQ=91><CTL=RST>                                              | LISTEN / LISTEN
"""),
            planted=(("B", "<SEQ=90><CTL=SYN>"),),
        ),
        Figure(
            "F12",
            "Normal close sequence",
            "3.6 figure 12",
            _scope((99, 299)),
            _lines(
                _UP_99_299
                + _CLOSE_AND_ACK
                + """
B close.close-wait                                                   | FIN-WAIT-2 / CLOSE-WAIT
B output.fin.close-wait sends <SEQ=300><ACK=101><CTL=FIN,ACK>         | FIN-WAIT-2 / LAST-ACK
A gets <SEQ=300><ACK=101><CTL=FIN,ACK>                                | TIME-WAIT / LAST-ACK
A output.ack sends <SEQ=101><ACK=301><CTL=ACK>                        | TIME-WAIT / LAST-ACK
B gets <SEQ=101><ACK=301><CTL=ACK>                                    | TIME-WAIT / CLOSED
A time-wait.timeout                                                  | CLOSED / CLOSED
"""
            ),
        ),
        Figure(
            "F12-text",
            "Normal close sequence, with text between the two FINs",
            "3.6",
            _scope((99, 299)),
            _lines(
                _UP_99_299
                + _CLOSE_AND_ACK
                + """
B send.queue                                                         | FIN-WAIT-2 / CLOSE-WAIT
B output.text sends <SEQ=300><ACK=101><DATA=1><CTL=ACK>               | FIN-WAIT-2 / CLOSE-WAIT
A gets <SEQ=300><ACK=101><DATA=1><CTL=ACK>                            | FIN-WAIT-2 / CLOSE-WAIT
A output.ack sends <SEQ=101><ACK=301><CTL=ACK>                        | FIN-WAIT-2 / CLOSE-WAIT
B gets <SEQ=101><ACK=301><CTL=ACK>                                    | FIN-WAIT-2 / CLOSE-WAIT
A receive.data                                                       | FIN-WAIT-2 / CLOSE-WAIT
B close.close-wait                                                   | FIN-WAIT-2 / CLOSE-WAIT
B output.fin.close-wait sends <SEQ=301><ACK=101><CTL=FIN,ACK>         | FIN-WAIT-2 / LAST-ACK
A gets <SEQ=301><ACK=101><CTL=FIN,ACK>                                | TIME-WAIT / LAST-ACK
A output.ack sends <SEQ=101><ACK=302><CTL=ACK>                        | TIME-WAIT / LAST-ACK
B gets <SEQ=101><ACK=302><CTL=ACK>                                    | TIME-WAIT / CLOSED
A time-wait.timeout                                                  | CLOSED / CLOSED
"""
            ),
        ),
        Figure(
            "F12-three",
            "Three-way close: FIN; FIN,ACK; ACK",
            "3.6",
            _scope((99, 299)),
            _lines(
                _UP_99_299
                + """
A close.established                                                  | FIN-WAIT-1 / ESTABLISHED
A output.fin sends <SEQ=100><ACK=300><CTL=FIN,ACK>                    | FIN-WAIT-1 / ESTABLISHED
B gets <SEQ=100><ACK=300><CTL=FIN,ACK>                                | FIN-WAIT-1 / CLOSE-WAIT
B close.close-wait                                                   | FIN-WAIT-1 / CLOSE-WAIT
B output.fin.close-wait sends <SEQ=300><ACK=101><CTL=FIN,ACK>         | FIN-WAIT-1 / LAST-ACK
A gets <SEQ=300><ACK=101><CTL=FIN,ACK>                                | TIME-WAIT / LAST-ACK
A output.ack sends <SEQ=101><ACK=301><CTL=ACK>                        | TIME-WAIT / LAST-ACK
B gets <SEQ=101><ACK=301><CTL=ACK>                                    | TIME-WAIT / CLOSED
A time-wait.timeout                                                  | CLOSED / CLOSED
"""
            ),
        ),
        Figure(
            "F13",
            "Simultaneous close sequence",
            "3.6 figure 13",
            _scope((99, 299)),
            _lines(
                _UP_99_299
                + """
A close.established                                                  | FIN-WAIT-1 / ESTABLISHED
B close.established                                                  | FIN-WAIT-1 / FIN-WAIT-1
A output.fin sends <SEQ=100><ACK=300><CTL=FIN,ACK>                    | FIN-WAIT-1 / FIN-WAIT-1
B output.fin sends <SEQ=300><ACK=100><CTL=FIN,ACK>                    | FIN-WAIT-1 / FIN-WAIT-1
A gets <SEQ=300><ACK=100><CTL=FIN,ACK>                                | CLOSING / FIN-WAIT-1
B gets <SEQ=100><ACK=300><CTL=FIN,ACK>                                | CLOSING / CLOSING
A output.ack sends <SEQ=101><ACK=301><CTL=ACK>                        | CLOSING / CLOSING
B output.ack sends <SEQ=301><ACK=101><CTL=ACK>                        | CLOSING / CLOSING
A gets <SEQ=301><ACK=101><CTL=ACK>                                    | TIME-WAIT / CLOSING
B gets <SEQ=101><ACK=301><CTL=ACK>                                    | TIME-WAIT / TIME-WAIT
A time-wait.timeout                                                  | CLOSED / TIME-WAIT
B time-wait.timeout                                                  | CLOSED / CLOSED
"""
            ),
        ),
        Figure(
            "ACK-war",
            "ESTABLISHED and a SYN-RECEIVED of an old SYN answer each other for ever",
            "3.10.7.4 step 1, 3.5.2",
            _scope((99, 299), octets=1, buffer=2, crashes=2),
            _lines(
                """
A open.active sends <SEQ=99><CTL=SYN>                                 | SYN-SENT / CLOSED
A crash                                                              | CLOSED / CLOSED
B open.passive                                                       | CLOSED / LISTEN
A open.active sends <SEQ=103><CTL=SYN>                                | SYN-SENT / LISTEN
B gets <SEQ=103><CTL=SYN> sends <SEQ=299><ACK=104><CTL=SYN,ACK>       | SYN-SENT / SYN-RECEIVED
A gets <SEQ=299><ACK=104><CTL=SYN,ACK> sends <SEQ=104><ACK=300><CTL=ACK> | ESTABLISHED / SYN-RECEIVED
B crash                                                              | ESTABLISHED / CLOSED
B open.passive                                                       | ESTABLISHED / LISTEN
B gets <SEQ=99><CTL=SYN> sends <SEQ=303><ACK=100><CTL=SYN,ACK>        | ESTABLISHED / SYN-RECEIVED
"""
                """
A gets <SEQ=303><ACK=100><CTL=SYN,ACK> sends <SEQ=104><ACK=300><CTL=ACK> | ESTABLISHED / SYN-RECEIVED
B gets <SEQ=104><ACK=300><CTL=ACK> sends <SEQ=304><ACK=100><CTL=ACK>  | ESTABLISHED / SYN-RECEIVED
A gets <SEQ=304><ACK=100><CTL=ACK> sends <SEQ=104><ACK=300><CTL=ACK>  | ESTABLISHED / SYN-RECEIVED
B gets <SEQ=104><ACK=300><CTL=ACK> sends <SEQ=304><ACK=100><CTL=ACK>  | ESTABLISHED / SYN-RECEIVED
A gets <SEQ=304><ACK=100><CTL=ACK> sends <SEQ=104><ACK=300><CTL=ACK>  | ESTABLISHED / SYN-RECEIVED
"""
            ),
        ),
        Figure(
            "S6",
            "Worked example: 1000-octet segments from 8001, 2000 octets from 15001",
            "3.4",
            _scope(
                (8000, 15000),
                "open; send 2000; read 2000",
                "listen; read 2000; send 2000",
                bits=32,
                buffer=65535,
                mss=2000,
                lives=1,
            ),
            _lines("""
B open.passive                                                       | CLOSED / LISTEN
A open.active sends <SEQ=8000><CTL=SYN>                               | SYN-SENT / LISTEN
B gets <SEQ=8000><CTL=SYN> sends <SEQ=15000><ACK=8001><CTL=SYN,ACK>   | SYN-SENT / SYN-RECEIVED
A gets <SEQ=15000><ACK=8001><CTL=SYN,ACK> sends <SEQ=8001><ACK=15001><CTL=ACK> | ESTABLISHED / SYN-RECEIVED
B gets <SEQ=8001><ACK=15001><CTL=ACK>                                 | ESTABLISHED / ESTABLISHED
A send.queue                                                         | ESTABLISHED / ESTABLISHED
A output.text sends <SEQ=8001><ACK=15001><DATA=1000><CTL=ACK>         | ESTABLISHED / ESTABLISHED
A output.text sends <SEQ=9001><ACK=15001><DATA=1000><CTL=ACK>         | ESTABLISHED / ESTABLISHED
B gets <SEQ=8001><ACK=15001><DATA=1000><CTL=ACK>                      | ESTABLISHED / ESTABLISHED
B gets <SEQ=9001><ACK=15001><DATA=1000><CTL=ACK>                      | ESTABLISHED / ESTABLISHED
B output.ack sends <SEQ=15001><ACK=10001><CTL=ACK>                    | ESTABLISHED / ESTABLISHED
A gets <SEQ=15001><ACK=10001><CTL=ACK>                                | ESTABLISHED / ESTABLISHED
B receive.data                                                       | ESTABLISHED / ESTABLISHED
B send.queue                                                         | ESTABLISHED / ESTABLISHED
B output.text sends <SEQ=15001><ACK=10001><DATA=2000><CTL=ACK>        | ESTABLISHED / ESTABLISHED
A gets <SEQ=15001><ACK=10001><DATA=2000><CTL=ACK>                     | ESTABLISHED / ESTABLISHED
A output.ack sends <SEQ=10001><ACK=17001><CTL=ACK>                    | ESTABLISHED / ESTABLISHED
B gets <SEQ=10001><ACK=17001><CTL=ACK>                                | ESTABLISHED / ESTABLISHED
"""),
        ),
    )
}
