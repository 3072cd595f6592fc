"""Figure 5 of RFC 9293: the picture as the RFC draws it, and the edges that stand for each of its arrows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from halfclose.spec.language.edge import Edge
from halfclose.spec.language.states import State
from halfclose.spec.tcp.graph import Graph

S = State

PICTURE = r"""
                            +---------+ ---------\      active OPEN
                            |  CLOSED |            \    -----------
                            +---------+<---------\   \   create TCB
                              |     ^              \   \  snd SYN
                 passive OPEN |     |   CLOSE        \   \
                 ------------ |     | ----------       \   \
                  create TCB  |     | delete TCB         \   \
                              V     |                      \   \
          rcv RST (note 1)  +---------+            CLOSE    |    \
       -------------------->|  LISTEN |          ---------- |     |
      /                     +---------+          delete TCB |     |
     /           rcv SYN      |     |     SEND              |     |
    /           -----------   |     |    -------            |     V
+--------+      snd SYN,ACK  /       \   snd SYN          +--------+
|        |<-----------------           ------------------>|        |
|  SYN   |                    rcv SYN                     |  SYN   |
|  RCVD  |<-----------------------------------------------|  SENT  |
|        |                  snd SYN,ACK                   |        |
|        |------------------           -------------------|        |
+--------+   rcv ACK of SYN  \       /  rcv SYN,ACK       +--------+
   |         --------------   |     |   -----------
   |                x         |     |     snd ACK
   |                          V     V
   |  CLOSE                 +---------+
   | -------                |  ESTAB  |
   | snd FIN                +---------+
   |                 CLOSE    |     |    rcv FIN
   V                -------   |     |    -------
+---------+         snd FIN  /       \   snd ACK         +---------+
|  FIN    |<----------------          ------------------>|  CLOSE  |
| WAIT-1  |------------------                            |   WAIT  |
+---------+          rcv FIN  \                          +---------+
  | rcv ACK of FIN   -------   |                          CLOSE  |
  | --------------   snd ACK   |                         ------- |
  V        x                   V                         snd FIN V
+---------+               +---------+                    +---------+
|FINWAIT-2|               | CLOSING |                    | LAST-ACK|
+---------+               +---------+                    +---------+
  |              rcv ACK of FIN |                 rcv ACK of FIN |
  |  rcv FIN     -------------- |    Timeout=2MSL -------------- |
  |  -------            x       V    ------------        x       V
   \ snd ACK              +---------+delete TCB          +---------+
     -------------------->|TIME-WAIT|------------------->| CLOSED  |
                          +---------+                    +---------+
""".strip("\n")


@dataclass(frozen=True)
class Arrow:
    """An arrow of the picture.

    event, action: what is written above and below its line ("x": nothing is done).  edges: the edges of the graph that
    stand for it.
    """

    source: State
    target: State
    event: str
    action: str
    edges: tuple[str, ...]

    def within(self, graph: Graph) -> Iterator[Edge]:
        """Its edges that this graph has; a profile may have none of them."""
        return (edge for edge in graph.edges if edge.name in self.edges)

    def __str__(self) -> str:
        return f"{self.source.value} -> {self.target.value}"


ARROWS: tuple[Arrow, ...] = (
    Arrow(S.CLOSED, S.LISTEN, "passive OPEN", "create TCB", ("open.passive",)),
    Arrow(S.LISTEN, S.CLOSED, "CLOSE", "delete TCB", ("close.listen", "full-close.listen")),
    Arrow(S.CLOSED, S.SYN_SENT, "active OPEN", "create TCB, snd SYN", ("open.active@CLOSED",)),
    Arrow(S.SYN_SENT, S.CLOSED, "CLOSE", "delete TCB", ("close.syn-sent", "full-close.syn-sent")),
    Arrow(S.SYN_RECEIVED, S.LISTEN, "rcv RST (note 1)", "", ("step2.syn-received.passive",)),
    Arrow(S.LISTEN, S.SYN_RECEIVED, "rcv SYN", "snd SYN,ACK", ("listen.syn",)),
    Arrow(S.LISTEN, S.SYN_SENT, "SEND", "snd SYN", ("send.from-listen",)),
    Arrow(S.SYN_SENT, S.SYN_RECEIVED, "rcv SYN", "snd SYN,ACK", ("syn-sent.syn",)),
    Arrow(
        S.SYN_RECEIVED,
        S.ESTABLISHED,
        "rcv ACK of SYN",
        "x",
        ("syn-received.ack", "syn-received.text", "syn-received.early", "syn-received.syn-ack"),
    ),
    Arrow(S.SYN_SENT, S.ESTABLISHED, "rcv SYN,ACK", "snd ACK", ("syn-sent.syn-ack",)),
    Arrow(
        S.SYN_RECEIVED,
        S.FIN_WAIT_1,
        "CLOSE",
        "snd FIN",
        ("close.syn-received.now", "full-close.syn-received.now"),
    ),
    Arrow(
        S.ESTABLISHED,
        S.FIN_WAIT_1,
        "CLOSE",
        "snd FIN",
        ("close.established", "full-close.established", "output.close"),
    ),
    Arrow(S.ESTABLISHED, S.CLOSE_WAIT, "rcv FIN", "snd ACK", ("established.fin", "reassemble.fin@ESTABLISHED")),
    Arrow(
        S.FIN_WAIT_1,
        S.FIN_WAIT_2,
        "rcv ACK of FIN",
        "x",
        ("fin-wait-1.acked.ack", "fin-wait-1.acked.text", "fin-wait-1.acked.early"),
    ),
    Arrow(S.FIN_WAIT_1, S.CLOSING, "rcv FIN", "snd ACK", ("fin-wait-1.fin", "reassemble.fin@FIN-WAIT-1")),
    Arrow(S.CLOSE_WAIT, S.LAST_ACK, "CLOSE", "snd FIN", ("output.text-fin.close-wait", "output.fin.close-wait")),
    Arrow(S.FIN_WAIT_2, S.TIME_WAIT, "rcv FIN", "snd ACK", ("fin-wait-2.fin", "reassemble.fin@FIN-WAIT-2")),
    Arrow(S.CLOSING, S.TIME_WAIT, "rcv ACK of FIN", "x", ("closing.acked",)),
    Arrow(S.LAST_ACK, S.CLOSED, "rcv ACK of FIN", "x", ("last-ack.acked",)),
    Arrow(S.TIME_WAIT, S.CLOSED, "Timeout=2MSL", "delete TCB", ("time-wait.timeout",)),
)

#: What the RFC says beside the figure of a state change that the picture leaves out.
NOTE_2 = Arrow(S.FIN_WAIT_1, S.TIME_WAIT, "rcv FIN and ACK of FIN (note 2)", "snd ACK", ("fin-wait-1.acked.fin",))


def figure(graph: Graph) -> str:
    """The picture, and below it each arrow with the edges of this graph that stand for it."""
    lines = [PICTURE, "", "Figure 5 of RFC 9293 (3.3.2), arrow by arrow, with the edges that stand for it:", ""]
    for arrow in (*ARROWS, NOTE_2):
        edges = [f"{edge.name} ({', '.join(edge.cite)})" for edge in arrow.within(graph)]
        lines += [f"{arrow!s:<28}{arrow.event}", *(f"    {edge}" for edge in edges or ["none in this profile"])]
    return "\n".join(lines) + "\n"


def place(state: State) -> list[str]:
    """A state as lines of text: to its left the states from which arrows of figure 5 and its note 2 lead to it, and to
    its right those to which arrows lead from it."""
    arrows = (*ARROWS, NOTE_2)
    before = _distinct(arrow.source for arrow in arrows if arrow.target is state)
    after = _distinct(arrow.target for arrow in arrows if arrow.source is state)
    height = max(len(before), len(after))
    middle = (height - 1) // 2
    width = max(map(len, before))
    left = _column([f"{name:<{width}} --+" for name in before], height)
    right = _column([f"+--> {name}" for name in after], height)
    here = f"--> {state.value} --"
    return [
        f"{left[row]:<{width + 4}}{here if row == middle else ' ' * len(here)}{right[row]}".rstrip()
        for row in range(height)
    ]


def _column(texts: list[str], height: int) -> list[str]:
    """The texts one below the other, with as many blank lines above as below, or one fewer."""
    above = (height - 1) // 2 - (len(texts) - 1) // 2
    return [""] * above + texts + [""] * (height - above - len(texts))


def _distinct(states: Iterator[State]) -> list[str]:
    return list(dict.fromkeys(state.value for state in states))
