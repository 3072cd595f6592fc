"""Answers to "what is there?": everything that has a name, by kind, and what each thing is."""
