"""The eleven states of a connection (RFC 9293 3.3.2) and the groups its text speaks of."""

from __future__ import annotations

from enum import Enum


class State(Enum):
    """A connection state; the value is the RFC's spelling."""

    CLOSED = "CLOSED"
    LISTEN = "LISTEN"
    SYN_SENT = "SYN-SENT"
    SYN_RECEIVED = "SYN-RECEIVED"
    ESTABLISHED = "ESTABLISHED"
    FIN_WAIT_1 = "FIN-WAIT-1"
    FIN_WAIT_2 = "FIN-WAIT-2"
    CLOSE_WAIT = "CLOSE-WAIT"
    CLOSING = "CLOSING"
    LAST_ACK = "LAST-ACK"
    TIME_WAIT = "TIME-WAIT"

    @property
    def index(self) -> int:
        """Position in the RFC's order, 0 for CLOSED; what the explorer stores."""
        return ORDER[self]


ORDER = {state: index for index, state in enumerate(State)}

#: "the states in which a TCB exists".
ALIVE = tuple(state for state in State if state is not State.CLOSED)

#: 3.5.2 group 3: both sequence numbers are agreed.
SYNCHRONIZED = (
    State.ESTABLISHED,
    State.FIN_WAIT_1,
    State.FIN_WAIT_2,
    State.CLOSE_WAIT,
    State.CLOSING,
    State.LAST_ACK,
    State.TIME_WAIT,
)

#: 3.10.7.4, "Other States".
OTHER = (State.SYN_RECEIVED, *SYNCHRONIZED)

#: 3.10.7.4 step 7: text is taken in these states.
RECEIVING = (State.ESTABLISHED, State.FIN_WAIT_1, State.FIN_WAIT_2)

#: The peer's FIN has been processed.
FIN_RECEIVED = (State.CLOSE_WAIT, State.CLOSING, State.LAST_ACK, State.TIME_WAIT)

#: Text or a FIN of ours may still be unsent or unacknowledged.
SENDING = (
    State.ESTABLISHED,
    State.FIN_WAIT_1,
    State.CLOSE_WAIT,
    State.CLOSING,
    State.LAST_ACK,
)
