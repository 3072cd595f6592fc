"""The configuration of a connection: every choice that the RFCs leave to an implementation, with its default."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Config:
    """The choices of one connection.  Times are in seconds, sizes in octets; None and False switch off."""

    # What is offered to the peer, and buffers.
    mss: int = 1460  # what the peer may send in one segment (3.7.1, MUST-14)
    send_mss: int = 1460  # the most that the path can carry in one segment, whatever the peer offers
    default_mss: int = 536  # where the peer offers none (MUST-15); 1220 over IPv6
    send_buffer: int = 65_536
    receive_buffer: int = 65_535  # the largest window; more than 65,535 needs window_scale
    window_scale: int | None = 0  # shift of the windows that are sent, 0 to 14 (RFC 7323 2)
    timestamps: bool = True  # RFC 7323 3
    selective_ack: bool = True  # RFC 2018, for text received: SACK blocks are sent, and those of a peer are not used

    # When to send.
    nagle: bool = True  # 3.7.4, SHLD-7
    delayed_ack: float | None = 0.2  # 3.8.6.3, less than 0.5 (MUST-40)
    override: float = 0.5  # for how long small text waits for a larger window (3.8.6.2.1: 0.1 to 1)
    congestion_control: bool = True  # RFC 5681
    hold_early_segments: bool = True  # SHLD-31

    # For how long to try.
    msl: float = 120.0  # 3.4.2
    initial_rto: float = 1.0  # RFC 6298 2.1
    minimum_rto: float = 1.0  # RFC 6298 2.4
    maximum_rto: float = 60.0  # RFC 6298 2.5
    r1: int = 3  # retransmissions of a segment until the user is told of trouble (3.8.3, SHLD-10)
    user_timeout: float = 300.0  # 3.9.1.1; it is R2, and more than 3.8.3 asks for (MUST-23, SHLD-11); may be infinite
    fin_wait_2: float | None = 60.0  # for the peer's FIN after a full close; the RFC would wait for ever
    keep_alive: bool = False  # 3.8.4: off by default (MUST-25)
    keep_alive_idle: float = 7200.0  # without a segment from the peer before the first probe: two hours (MUST-28)
    keep_alive_interval: float = 75.0  # between probes
    keep_alive_probes: int = 9  # that may remain without an answer; more than one (MUST-29)

    # Mitigations, and passages that can be read in two ways.
    rfc5961_rst: bool = False  # 3.10.7.4 step 2: a RST that does not match exactly is challenged
    rfc5961_syn: bool = False  # 3.10.7.4 step 4: a SYN is challenged
    rfc5961_ack: bool = False  # 3.10.7.4 step 5: MAY-12
    rfc1337: bool = False  # a RST does not end TIME-WAIT
    right_edge_acceptable: bool = False  # table 6: an empty segment at RCV.NXT+RCV.WND
    reset_before_sequence: bool = False  # 3.5.2 group 2 ahead of step 1, in SYN-RECEIVED
    syn_ack_completes: bool = False  # figure 7: a SYN,ACK completes a simultaneous open
    reopen_from_time_wait: bool = False  # 3.6.1, MAY-2
    reset_by_reach: bool = False  # table 6 alone validates a RST, so that text behind its number may reach in (3.5.3)
    reset_while_closing_silent: bool = False  # step 2 by the letter: no "reset" in CLOSING and LAST-ACK (MUST-12)
    reset_keeps_unread: bool = False  # text that is not read yet outlives a RST; by step 2 it is flushed
    hard_error_aborts: bool = True  # 3.9.2.2, SHLD-26; else a hard ICMP error counts as a soft one once synchronized
    user_timeout_in_time_wait: bool = False  # "for any state" (3.10.8), though step 8 has turned this timer off
    syn_text_refused: bool = False  # of a SYN with text or FIN the SYN alone is taken; its sender sends the rest again
    text_on_syn: bool = (
        False  # 3.10.2: text that waits may be sent with the SYN or SYN,ACK, and the FIN with the latter
    )
