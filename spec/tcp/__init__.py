"""What TCP is: the rules in the order of RFC 9293 3.10, and the graph they make."""
