"""How one hypothesis moves: along the edges of the specification, and by the freedoms beside them.

Each function takes a hypothesis and what was observed, and yields every hypothesis that may hold afterwards; none where
the hypothesis does not allow the observation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from halfclose.checks.oracle import freedoms as free
from halfclose.checks.oracle.answers import answers, fails, lacks_room, waits
from halfclose.checks.oracle.endpoint import EVENTS, LARGEST_WINDOW, STATES, Endpoint, Fired, put
from halfclose.checks.oracle.forms import (
    ack_now,
    beyond,
    is_at_right_edge,
    is_bare_ack,
    is_of_unknown_age,
    is_probe_behind,
    is_refused_by_group_2,
    is_syn_ack_with_fin,
    matches,
    repeats,
    reset_at,
    without_text,
)
from halfclose.checks.oracle.freedoms import Freedom
from halfclose.checks.oracle.hypothesis import ACKNOWLEDGING, Hypothesis, early, kept, must_send
from halfclose.checks.oracle.possible import NOTHING, Possible
from halfclose.checks.oracle.sequence import distance, wrap
from halfclose.checks.readers.python import AT, FIELD, Local
from halfclose.checks.readers.python import Segment as Fields
from halfclose.checks.stacks.stack import Result, Verb
from halfclose.spec.language.edge import Edge, Event
from halfclose.spec.language.states import FIN_RECEIVED, RECEIVING, SYNCHRONIZED, State
from halfclose.spec.language.variables import ACK_OWED, CLOSE_CALLED, CTL, HELD, IRS, RCV, SEG, SND, STATE

_ENDED = (State.CLOSED, State.LISTEN, State.SYN_SENT)
_CLOSES = (Event.CLOSE, Event.FULL_CLOSE)
_CHALLENGES = ("step2.challenge", "step4.challenge", "step5.range")
_IN_WINDOW_SYN = "step4.reset"
_SYN, _FIN, _RST, _ACK = (FIELD[var] for var in (CTL.SYN, CTL.FIN, CTL.RST, CTL.ACK))
_NUMBER, _TEXT = FIELD[SEG.ACK], FIELD[SEG.TEXT]
_STATE, _HELD, _USER, _RCV_NXT = (AT[var] for var in (STATE, HELD.SET, RCV.USER, RCV.NXT))
_WND, _SND_WND = AT[RCV.WND], AT[SND.WND]
_SHOWS_WINDOW = frozenset((*SYNCHRONIZED, State.SYN_SENT, State.SYN_RECEIVED))


class Moves:
    """The moves of hypotheses about one endpoint.

    endpoint: gives the edges for a hypothesis and a value of MAX.SND.WND; by the other reading of the right edge, if
    True is given.  lenient: whether the freedoms hold that leave a choice to the implementation; without them the
    edges alone decide what it holds, resets and acknowledges, as where its configuration is known.  buffer: the most
    octets of room that it has advertised.  now, heard: the time, and when a segment arrived last, in seconds.
    """

    def __init__(self, endpoint: Callable[[Hypothesis, int, bool], Endpoint], lenient: bool, buffer: int) -> None:
        self._endpoint = endpoint
        self.lenient = lenient
        self.buffer = buffer
        self.now = self.heard = 0.0

    # ---- user calls ------------------------------------------------------------------------------------------

    def called(self, h: Hypothesis, verb: Verb, count: int, result: Result, isn: int) -> Iterator[Hypothesis]:
        """The user made this call, and this is what it returned."""
        octets = result.accepted if verb is Verb.SEND else len(result.text)
        for at in self._read_on(h, result) if verb is Verb.RECEIVE else (h,):
            yield from self._called(at, verb, count, result, (octets or max(count, 1), 0, isn))

    def _called(
        self, h: Hypothesis, verb: Verb, count: int, result: Result, choice: tuple[int, int, int]
    ) -> Iterator[Hypothesis]:
        event = EVENTS[verb]
        at = [put(h.local, ISN_CLOCK=choice[2])]
        if h.state is State.SYN_RECEIVED and event in _CLOSES:
            at.append(put(h.local, CLOSE_CALLED=0))  # reading 8 allows the FIN at a repeated CLOSE, too
        for edge, after, sent in (step for local in at for step in self.fire(h, event, choice=choice, local=local)):
            if answers(edge, verb, result, h):
                yield from self._accepted(h, verb, result, edge, after, sent)
            elif verb is Verb.SEND and not edge.rule.signal and lacks_room(result, count, h):
                yield h.by(edge, h.local).taking(free.ANY_SEND_BUFFER)
            elif edge.rule.signal == "part" and edge.source in RECEIVING and waits(result, count, h):
                yield h.taking(free.RECEIVE_WAITS)

    def _accepted(
        self, h: Hypothesis, verb: Verb, result: Result, edge: Edge, after: Local, sent: Fields | None
    ) -> Iterator[Hypothesis]:
        if verb is Verb.SEND and result.status == "blocked":
            yield h.by(edge, h.local)  # not queued after all
        elif after[_USER] < h[RCV.USER] and edge.source is edge.target:
            yield from self._has_read(h, edge, after)
        else:
            moved = self._moved(h, edge, after, sent)
            if verb is Verb.RECEIVE and fails(result) and not result.status.startswith("error"):
                moved = moved.but(told_over=self.lenient)
            yield moved
            yield from self._reset_freely(h, moved)

    def _has_read(self, h: Hypothesis, edge: Edge, after: Local) -> Iterator[Hypothesis]:
        room = max(h[RCV.WND], self.buffer - after[_USER])
        for window in {h[RCV.WND], room}:  # freedom room-shown-late
            yield h.by(edge, put(after, RCV_WND=window, ACK_OWED=h[ACK_OWED]))

    def _read_on(self, h: Hypothesis, result: Result) -> Iterator[Hypothesis]:
        """RECEIVE shows that octets were held which no ACK has told of."""
        yield h
        more = len(result.text) - h[RCV.USER]
        if 0 < more <= h.possible.reach(h[RCV.NXT]):
            yield from self._took(h, more, fin=False)
        if result.status == "eof":
            yield from (after for number in h.possible.fins for after in self._took_up_to(h, number, fin=True))

    # ---- segments of the peer --------------------------------------------------------------------------------

    def arrived(self, h: Hypothesis, fields: Fields, isn: int, mss: int) -> Iterator[Hypothesis]:
        """A segment of the peer arrived.  mss: what its MSS option offers, if it is a SYN."""
        for at in self._taken_by_now(h):
            yield from self._arrived(at, fields, isn, mss)

    def _arrived(self, h: Hypothesis, fields: Fields, isn: int, mss: int) -> Iterator[Hypothesis]:
        for edge, after, sent in self._arrivals(h, fields, isn):
            moved = self._heard_syn(h, self._moved(h, edge, after, sent), fields, mss)
            if edge.rule.name.startswith(_CHALLENGES):
                moved = moved.but(challenged=self.lenient)
            if h.state is moved.state is State.TIME_WAIT and _may_restart(edge, fields):
                moved = moved.but(perhaps=self.now)
            if edge.rule.name.endswith(".early"):
                yield from self._came_early(h, moved, fields)
                continue
            yield moved
            if edge.rule.name.endswith(".unwanted") or (self.lenient and edge.rule.name.startswith(_IN_WINDOW_SYN)):
                yield moved.taking(free.RESETS_AT_SND_NXT, due=reset_at(h[SND.NXT]))
            if h.state is State.SYN_RECEIVED and h[CLOSE_CALLED] and edge.target in FIN_RECEIVED:
                yield from self._close_first(h, fields, isn)
            if moved.challenged and h.challenged:
                yield moved.taking(free.CHALLENGES_SELDOM, due=None)
            yield from self._reset_freely(h, moved)
            if edge.rule.name.endswith(".unwanted") and self.lenient:
                yield from self._ignores_unwanted(h, fields, isn)
        if self.lenient and h.state is State.SYN_RECEIVED and fields[_SYN] and not fields[_RST]:
            yield h.taking(free.ACKNOWLEDGES, due=ack_now(h))  # step 1 answers a SYN that comes again, without text
        if is_refused_by_group_2(h, fields):
            yield h.taking(free.REFUSES_FIRST, due=reset_at(fields[_NUMBER]))

    def _arrivals(self, h: Hypothesis, fields: Fields, isn: int) -> Iterator[Fired]:
        local = put(h.local, ISN_CLOCK=isn)
        choice = 0, 0, isn
        yield from self.fire(h, Event.SEGMENT, fields, choice, local)
        if self.lenient and self._endpoint(h, LARGEST_WINDOW, False).measures and is_of_unknown_age(h, fields):
            measured = self._endpoint(h, h.largest, False)  # freedom measures-window
            yield from measured.fire(local, Event.SEGMENT, fields, choice)
        if self.lenient and is_at_right_edge(h, fields):
            otherwise = self._endpoint(h, LARGEST_WINDOW, True)
            yield from otherwise.fire(local, Event.SEGMENT, fields, choice)

    def _came_early(self, h: Hypothesis, moved: Hypothesis, fields: Fields) -> Iterator[Hypothesis]:
        held = early(h, fields)
        if not self.lenient:
            yield moved
            if h[HELD.SET]:
                yield kept(moved, (held,)).taking(free.HOLDS_ANY_PART)
            return
        possible = h.possible.with_segment(h[RCV.NXT], held.seq, wrap(held.seq + held.text), bool(held.fin))
        moved = moved.but(possible=possible)
        yield moved
        if not h[ACK_OWED]:
            yield moved.taking(free.EARLY_UNACKNOWLEDGED, local=put(moved.local, ACK_OWED=0))

    def _heard_syn(self, h: Hypothesis, moved: Hypothesis, fields: Fields, mss: int) -> Hypothesis:
        """The hypothesis with what the peer's SYN tells, where this segment has begun the connection."""
        syn = fields[_SYN] and h.state in (*_ENDED, State.TIME_WAIT)
        if not (self.lenient and syn and moved.state in (State.SYN_RECEIVED, State.ESTABLISHED)):
            return moved
        first = wrap(moved[IRS] + 1)
        end = wrap(first + min(fields[_TEXT], moved[RCV.WND]))
        fin = bool(fields[_FIN]) and fields[_TEXT] <= moved[RCV.WND]
        possible = NOTHING.with_segment(first, first, end, fin)  # freedom keeps-of-syn
        return moved.but(mss=mss, possible=possible, largest=moved[SND.WND], challenged=False)

    def _close_first(self, h: Hypothesis, fields: Fields, isn: int) -> Iterator[Hypothesis]:
        for edge, between, _ in self.fire(h, Event.SEGMENT, without_text(fields), (0, 0, isn)):
            yield h.by(edge, between, rest=fields).taking(free.QUEUED_CLOSE_FIRST)

    def _ignores_unwanted(self, h: Hypothesis, fields: Fields, isn: int) -> Iterator[Hypothesis]:
        """Text that nobody reads is acknowledged and thrown away, as if the user had not closed."""
        local = put(h.local, DETACHED=0, ISN_CLOCK=isn)
        for edge, after, sent in self.fire(h, Event.SEGMENT, fields, (0, 0, isn), local):
            moved = self._moved(h, edge, put(after, DETACHED=1, RCV_USER=0), sent)
            yield moved.taking(free.LOSES_SILENTLY)

    def _reset_freely(self, h: Hypothesis, moved: Hypothesis) -> Iterator[Hypothesis]:
        """What else may happen where the endpoint deletes a TCB by itself, with a reset or without."""
        edge = moved.path[-1]
        if not self.lenient or edge.target is not State.CLOSED or edge.source in (State.CLOSED, State.LISTEN):
            return
        resets = moved.due is not None and bool(moved.due[_RST])
        if resets and h.state in SYNCHRONIZED:
            waiting = put(h.local, STATE=State.TIME_WAIT.index, ACK_OWED=0, RCV_USER=0)
            yield moved.taking(free.LINGERS_AFTER_RESET, local=waiting, since=self.now, perhaps=self.now)
        if edge.event is Event.FULL_CLOSE and resets:
            for plain, after, sent in self.fire(h, Event.FULL_CLOSE, local=put(h.local, RCV_USER=0)):
                yield self._moved(h, plain, after, sent).taking(free.LOSES_SILENTLY)
        if not resets and edge.event in (Event.ABORT, Event.USER_TIMEOUT):
            yield moved.taking(free.RESETS_ANY_TIME, due=reset_at(h[SND.NXT]))

    # ---- time ------------------------------------------------------------------------------------------------

    def timed_out(self, h: Hypothesis, event: Event) -> Iterator[Hypothesis]:
        """This timer has run out, if it was running."""
        moved = [self._moved(h, edge, local, sent) for edge, local, sent in self.fire(h, event)]
        yield from moved or [h]
        yield from (after for one in moved for after in self._reset_freely(h, one))

    def timer(self, h: Hypothesis, event: Event) -> Iterator[Fired]:
        """What this timer may do now."""
        return self._endpoint(h, LARGEST_WINDOW, False).timeouts(h.local, event)

    # ---- segments of the endpoint ----------------------------------------------------------------------------

    def sent(self, h: Hypothesis, fields: Fields, window: range) -> Iterator[Hypothesis]:
        """The endpoint sent this.  window: what it may offer with that (see `Offers.window`)."""
        yield from self._sent(h, fields, window)
        for after in self._told_of(h, fields):
            yield from self._sent(after, fields, window)

    def _sent(self, h: Hypothesis, fields: Fields, window: range) -> Iterator[Hypothesis]:
        bare = h.due is None or is_bare_ack(h.due) or h.due[_SYN]  # with a SYN, too, queued text may go
        is_due = h.due is not None and matches(h.due, fields)
        if is_due:
            yield self._shown(h, fields, window, h.local)
        if not bare:
            return
        for after in self._put_out(h, fields, window):
            yield from (after,) if h.rest is None else self._arrived(after.but(rest=None), h.rest, 0, h.mss)
        if not is_due and h.state in SYNCHRONIZED and matches(ack_now(h), fields):
            yield self._shown(h, fields, window, put(h.local, ACK_OWED=0), free.ACKNOWLEDGES)

    def _put_out(self, h: Hypothesis, fields: Fields, window: range) -> Iterator[Hypothesis]:
        """The ways in which the endpoint can have sent this by itself: by an edge, or by a freedom."""
        if self.lenient and fields[_TEXT] > h.mss:
            return  # MUST-16, also of text that was sent before
        new = beyond(h, fields)
        choice = new[_TEXT], new[_FIN], 0
        for event in (Event.OUTPUT, Event.RETRANSMISSION_TIMEOUT, Event.PROBE_TIMEOUT):
            for edge, after, sent in self.fire(h, event, choice=choice):
                if sent is not None and matches(sent, new):
                    freedom = None if h.due is None else free.PIGGYBACKS
                    yield self._shown(h, fields, window, after, freedom, edge)
        if repeats(h, fields):
            yield self._shown(h, fields, window, put(h.local, ACK_OWED=0), free.SENDS_AGAIN)
        if self.lenient and is_syn_ack_with_fin(h, fields):
            local = put(h.local, SND_NXT=wrap(h[SND.END] + 1))
            yield self._shown(h, fields, window, local, free.FIN_WITH_SYN)
        if self.lenient and self.now > self.heard and is_probe_behind(h, fields):
            yield self._shown(h, fields, window, h.local, free.PROBES_BEHIND).but(due=h.due)

    def _shown(
        self,
        h: Hypothesis,
        fields: Fields,
        window: range,
        local: Local,
        freedom: Freedom | None = None,
        edge: Edge | None = None,
    ) -> Hypothesis:
        """The hypothesis with this local state after what it sent, by a freedom or by an edge, and nothing more due.

        The window that the segment advertises, which is the implementation's choice, becomes RCV.WND.  Of a scaled
        one the last bits are not seen: it is the window that is left of the last one, if that may be.
        """
        if not fields[_RST] and STATES[local[_STATE]] in _SHOWS_WINDOW:
            local = local if local[_WND] in window else put(local, RCV_WND=window.start)
        taken = h.taken if freedom is None else (*h.taken, freedom)
        return h.but(local=local, due=None, taken=taken, path=h.path if edge is None else (*h.path, edge))

    def offers(self, h: Hypothesis) -> Iterator[Fields]:
        """What the endpoint may send now; of segments with text the longest."""
        if h.due is not None:
            yield h.due
            return
        for _, _, sent in self._endpoint(h, LARGEST_WINDOW, False).outputs(h.local):
            if sent is not None:
                yield sent

    # ---- silence ---------------------------------------------------------------------------------------------

    def quiet(self, h: Hypothesis) -> bool:
        """Whether the endpoint may send nothing before its next input."""
        if h.due is not None or h.rest is not None or (h[ACK_OWED] and h.state in ACKNOWLEDGING):
            return False
        if h[HELD.SET] and any(self.fire(h, Event.REASSEMBLE)):
            return False
        return not must_send(h) or (self.lenient and _fin_waits(h))

    def may_owe_ack(self, h: Hypothesis) -> bool:
        """Whether the endpoint may have taken text that it has not acknowledged yet, but will."""
        return h.state in RECEIVING and h.possible.follows(h[RCV.NXT])

    def silent(self, h: Hypothesis) -> Hypothesis:
        """The hypothesis after a silence that was long enough for every ACK."""
        if not self.may_owe_ack(h):
            return h
        settled = h.but(possible=h.possible.settled(h[RCV.NXT]))
        was_early = wrap(h[IRS] + 1) != h[RCV.NXT]  # else it came with the SYN
        nothing = h.possible.reach(h[RCV.NXT]) and free.HOLDS_ANY_PART not in h.taken
        drops = was_early and nothing and self._endpoint(h, LARGEST_WINDOW, False).holds
        return settled.taking(free.HOLDS_NOT if drops else free.HOLDS_ANY_PART)

    # ---- what nobody sees ------------------------------------------------------------------------------------

    def unseen(self, h: Hypothesis) -> Iterator[Hypothesis]:
        """What the endpoint may do by itself without sending anything."""
        if h.rest is not None and h.state is not State.ESTABLISHED:  # the queued CLOSE has been processed
            yield from self._arrived(h.but(rest=None), h.rest, 0, h.mss)
        for event in (Event.REASSEMBLE, Event.OUTPUT) if h[HELD.SET] else (Event.OUTPUT,):
            for edge, after, sent in self.fire(h, event):
                if sent is None:
                    told = h.told_end or edge.target in FIN_RECEIVED
                    yield h.by(edge, after, told_end=told)

    def _told_of(self, h: Hypothesis, fields: Fields) -> Iterator[Hypothesis]:
        """The segment tells of text, or of a FIN, that was possibly held: by its ACK, or as the reset for it."""
        if not self.may_owe_ack(h):
            return
        if fields[_RST]:
            yield from self._took(h, 1, fin=False)
        elif fields[_ACK]:
            yield from self._took_up_to(h, fields[_NUMBER], fin=False)
            yield from self._took_up_to(h, wrap(fields[_NUMBER] - 1), fin=True)

    def _taken_by_now(self, h: Hypothesis) -> Iterator[Hypothesis]:
        """Before the next segment arrives: nothing of what is possibly held has been taken, or all of it."""
        yield h
        if self.may_owe_ack(h):
            end = wrap(h[RCV.NXT] + h.possible.reach(h[RCV.NXT]))
            yield from self._took_up_to(h, end, fin=False)
            yield from self._took_up_to(h, end, fin=True)

    def _took_up_to(self, h: Hypothesis, number: int, fin: bool) -> Iterator[Hypothesis]:
        octets = distance(h[RCV.NXT], number)
        within = 0 <= octets <= h.possible.reach(h[RCV.NXT]) and h.state in RECEIVING
        if within and (number in h.possible.fins if fin else octets > 0):
            yield from self._took(h, octets, fin)

    def _took(self, h: Hypothesis, octets: int, fin: bool) -> Iterator[Hypothesis]:
        """So many octets that were possibly held, and the FIN behind them, are taken by the edges for held text."""
        local = put(h.local, HELD=1, HELD_SEQ=h[RCV.NXT], HELD_TEXT=octets, HELD_FIN=int(fin))
        for edge, after, sent in self.fire(h, Event.REASSEMBLE, local=local):
            due = h.due if sent is None and h.due is not None and not is_bare_ack(h.due) else sent
            moved = self._moved(h, edge, after, due)
            yield moved.taking(free.HOLDS_ANY_PART)

    # ---- both ------------------------------------------------------------------------------------------------

    def fire(
        self,
        h: Hypothesis,
        event: Event,
        fields: Fields | None = None,
        choice: tuple[int, int, int] = (0, 0, 0),
        local: Local | None = None,
    ) -> Iterator[Fired]:
        """The edges of this hypothesis, or of another local state of it."""
        endpoint = self._endpoint(h, LARGEST_WINDOW, False)
        at = h.local if local is None else local
        return endpoint.fire(at, event, choice=choice) if fields is None else endpoint.fire(at, event, fields, choice)

    def _moved(self, h: Hypothesis, edge: Edge, after: Local, due: Fields | None) -> Hypothesis:
        ended = edge.target in _ENDED
        told = edge.target in FIN_RECEIVED or (h.told_end and edge.target is State.CLOSED)
        told = told or edge.source in FIN_RECEIVED
        waiting = () if ended else h.waiting
        possible = NOTHING if ended or edge.target not in RECEIVING else h.possible.beyond(after[_RCV_NXT])
        if edge.target is State.SYN_RECEIVED:
            possible = h.possible
        if self.lenient and after[_HELD]:
            after, possible = _unheld(after, possible)
        begins = edge.target is State.TIME_WAIT and (
            edge.source is not State.TIME_WAIT or edge.rule.name == "time-wait.ack"
        )
        return h.by(
            edge,
            after,
            due=due,
            rest=None,
            waiting=waiting,
            possible=possible,
            told_end=told,
            told_over=h.told_over and edge.event not in (Event.OPEN_ACTIVE, Event.OPEN_PASSIVE),
            largest=0 if ended else max(h.largest, after[_SND_WND]),
            since=self.now if begins else h.since,
            perhaps=self.now if begins else h.perhaps,
        )


def _fin_waits(h: Hypothesis) -> bool:
    """Freedom fin-waits-for-room: nothing but the FIN is left to send, and the window is zero."""
    return bool(h.state is not State.ESTABLISHED and h[SND.WND] == 0 and h[SND.NXT] == h[SND.END])


def _may_restart(edge: Edge, fields: Fields) -> bool:
    """Whether 2 MSL may begin again: with what is acceptable, and with the peer's FIN, which is not (reading 1)."""
    return bool(fields[_FIN]) or not edge.rule.name.startswith("step1.")


def _unheld(local: Local, possible: Possible) -> tuple[Local, Possible]:
    """What an edge holds for certain is possibly held: the early segment moves from HELD to the bounds."""
    nxt, seq, text, fin = (local[AT[var]] for var in (RCV.NXT, HELD.SEQ, HELD.TEXT, HELD.FIN))
    more = possible.with_segment(nxt, seq, wrap(seq + text), bool(fin))
    return put(local, HELD=0, HELD_SEQ=0, HELD_TEXT=0, HELD_FIN=0), more
