"""The model in other checkers' languages: Promela for Spin, TLA+ for TLC."""
