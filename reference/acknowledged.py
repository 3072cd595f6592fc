"""An ACK of something new: SND.UNA advances, and with it the retransmission queue, the round trip and the timers."""

from __future__ import annotations

from halfclose.reference import output
from halfclose.reference.sequence import add, distance, le, lt
from halfclose.reference.tcb import Tcb, Timer
from halfclose.reference.wire import Segment


def advance_una(tcb: Tcb, segment: Segment) -> None:
    """SND.UNA <- SEG.ACK; acknowledged text is removed, the round trip measured, the timer restarted."""
    octets = distance(tcb.SND.UNA, segment.ack)
    _measure(tcb, segment)
    tcb.SND.UNA = segment.ack
    text = min(max(0, distance(tcb.text_seq, segment.ack)), len(tcb.text))
    del tcb.text[:text]
    tcb.text_seq = add(tcb.text_seq, text)
    if tcb.resend is not None and lt(tcb.resend, tcb.SND.UNA):
        tcb.resend = tcb.SND.UNA if tcb.outstanding else None
    tcb.rto.progress()
    partial = tcb.congestion.acknowledged(octets, segment.ack)
    tcb.stop(Timer.RETRANSMISSION, Timer.USER)
    if tcb.outstanding:  # RFC 6298 5.3; else 5.2
        tcb.start(Timer.RETRANSMISSION, tcb.rto.value)
        tcb.start(Timer.USER, tcb.config.user_timeout)
    if partial:
        output.send_first_again(tcb)


def _measure(tcb: Tcb, segment: Segment) -> None:
    """Measure a round trip: by the timestamp of the ACK, or by the one segment that is timed (RFC 6298 3)."""
    if tcb.TS.on and segment.timestamps is not None:
        _measure_by_timestamp(tcb, segment.timestamps[1])
    elif tcb.timed is not None and le(tcb.timed[0], segment.ack):
        tcb.rto.sample(tcb.now - tcb.timed[1])
        tcb.timed = None


def _measure_by_timestamp(tcb: Tcb, echo: int) -> None:
    """RFC 7323 4.1: valid for retransmissions too, so that the RTO does not stay backed off after a loss.

    The answer to a duplicate echoes the timestamp of an earlier segment (5.3 R3), so an echo from before the last
    time-out may include the time that we waited, and is not used.
    """
    elapsed = distance(echo, output.timestamp(tcb.now))
    if elapsed >= 0 and le(output.timestamp(tcb.timed_out), echo):
        a_round_trip = -(-tcb.outstanding // (2 * output.segment_size(tcb)))  # appendix G: ExpectedSamples
        tcb.rto.sample(elapsed / output.TIMESTAMPS_PER_SECOND, of=max(1, a_round_trip))
