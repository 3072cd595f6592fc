"""What TCP is: states, variables, segments, the transition graph, the network and the claims.

Everything a user needs is imported from here; each name is loaded when it is first used, so `import halfclose.spec`
costs nothing.

    from halfclose.spec import SND, TCP, Event, State, in_state, parse_profile, show

    TCP.edges                                     every edge, all switches still open
    TCP.under(parse_profile("rfc5961")).edges     the edges of one profile, every switch decided
    TCP.at(State.LAST_ACK, Event.SEGMENT)         what a segment can do in LAST-ACK
    show(SND.UNA < SND.NXT)                       "SND.UNA < SND.NXT"

States and variables
    State                       the eleven states (3.3.2)
    ISS, IRS, SND, RCV, HELD    variables of the TCB: SND.UNA, RCV.NXT, ... (3.3.1); HELD is the segment kept for later
    STATE, PASSIVE, CLOSE_CALLED, DETACHED, ACK_OWED, CLOCK      the rest of what an endpoint stores
    SEG, CTL                    the arriving segment: SEG.SEQ, SEG.ACK, ..., CTL.SYN, CTL.FIN, ...
    N, WITH_FIN, ISN            what the user, the implementation or the clock chooses at an event
    GHOST, Fate                 what only claims know: octets sent and read, incarnations, how one ended
    in_state                    the connection is in one of these states
    peer, after, out            the same term about the other end, about this end after a step, about what it sends
    EMITS                       the step sends a segment

Terms (the conditions and values that guards, updates and claims are made of)
    Term, Var, Sort, Kind       what a term is; combine terms with & | ~ == != < <= > >= + -
    all_of, any_of, ite, implies, one_if     and, or, if-then-else, implication, 1 where a condition holds
    show                        a term in the RFC's notation

Claims
    Always, OnStep, Sometimes, Stays, Eventually      the kinds of property a user can write
    Claim, CLAIMS, FIGURES      the claims that are checked here, and the RFC's figures that are replayed

The transition graph
    Event, Rule, Edge           an event (3.10), a passage of the RFC, and one edge of the graph
    Graph, TCP                  the graph, and the declaration itself: Graph.edges, at, named, under, networkx

Options and readings
    Profile, PROFILES, SWITCHES, parse_profile        a set of switches, the presets, all switches, "rfc5961+rfc1337"
    Reading, READINGS           how ambiguous passages of the RFC are read

The surroundings
    Scope, Wait, SCOPES         the bounds of an exploration, and those that the claims use
    parse_application           "open; send 3; shutdown; read", or "free"

Defects
    MUTANTS, mutated            named defects, and the rules with one of them

Errors, each with one line that says what to do
    BadProgram, BadScope, UnknownMutant, UnknownSwitch
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
