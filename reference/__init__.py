"""How TCP runs: an implementation of RFC 9293, written from its text and independent of the specification in `spec`.

It is sans-IO: calls, segments and the time go in; segments, results, notices and the next deadline come out.  Nothing
in it opens a socket, reads a clock or waits.  Everything a user needs is imported from here; each name is loaded when
it is first used, so `import halfclose.reference` costs nothing.

    from halfclose.reference import ACK, SYN, Connection, Segment

    connection = Connection(isn=lambda now: 100)
    connection.listen(now=0.0)
    connection.segment_arrives(Segment(seq=300, ack=0, flags=SYN, wnd=1000), now=0.1)
    print(*connection.segments())       <SEQ=100><ACK=301><CTL=SYN,ACK> WND=65535
    connection.segment_arrives(Segment(seq=301, ack=101, flags=ACK, wnd=1000), now=0.2)
    print(connection)                   ESTABLISHED ISS=100 SND.UNA=101 SND.NXT=101 SND.WND=1000 ...

One connection
    Connection                  a TCP endpoint between two fixed sockets: user calls (3.9.1), segments, time
    Config                      what the RFCs leave to an implementation: sizes, times, options, switches
    State                       the eleven states (3.3.2)
    Notice                      what the user is told without having asked: connected, reset, closed, ...
    CallError                   what a call raises, with the RFC's words: "connection does not exist"
    isn_generator               initial sequence numbers by RFC 6528, for Connection(isn=...)

Segments and packets
    Segment                     one TCP segment; str() writes it as the RFC does
    FIN, SYN, RST, PSH, ACK, URG      the control bits, to be combined with | in Segment.flags
    Datagram, encode, decode    a segment between two sockets, to an IPv4 or IPv6 packet and back, checksums included
    Malformed                   what decode raises
    Report                      an ICMP error about a segment (3.9.2.2), for Connection.error_arrives

Many connections
    Stack                       the TCP of one host: packets in, packets out
    Socket                      an address and a port
    Listener                    a passive OPEN for any number of connections, with a bounded backlog
    Counters                    what became of the packets of a stack

Hosts on a real network (`halfclose.reference.link`) and HTTP over them (`halfclose.reference.http`) are built on these.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
