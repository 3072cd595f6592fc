"""One module for each command of `halfclose`."""
