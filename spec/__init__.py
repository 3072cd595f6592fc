"""What TCP is: states, variables, segments, the transition graph, the network and the claims."""
