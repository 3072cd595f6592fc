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
        """Position in the RFC's order, 0 for CLOSED; the explorer stores this number."""
        return ORDER[self]

    @property
    def means(self) -> str:
        """What the state stands for, in the words of 3.3.2: "represents ..."."""
        return _MEANS[self]


_MEANS = {
    State.CLOSED: "no connection state at all",
    State.LISTEN: "waiting for a connection request from any remote TCP peer and port",
    State.SYN_SENT: "waiting for a matching connection request after having sent a connection request",
    State.SYN_RECEIVED: "waiting for a confirming connection request acknowledgment after having both received and "
    "sent a connection request",
    State.ESTABLISHED: "an open connection, data received can be delivered to the user",
    State.FIN_WAIT_1: "waiting for a connection termination request from the remote TCP peer, or an acknowledgment of "
    "the connection termination request previously sent",
    State.FIN_WAIT_2: "waiting for a connection termination request from the remote TCP peer",
    State.CLOSE_WAIT: "waiting for a connection termination request from the local user",
    State.CLOSING: "waiting for a connection termination request acknowledgment from the remote TCP peer",
    State.LAST_ACK: "waiting for an acknowledgment of the connection termination request previously sent to the remote "
    "TCP peer",
    State.TIME_WAIT: "waiting for enough time to pass to be sure the remote TCP peer received the acknowledgment of "
    "its connection termination request and to avoid new connections being impacted by delayed segments from previous "
    "connections",
}

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
