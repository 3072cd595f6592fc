"""The pages of docs/ that are generated from data, so that page and program cannot disagree."""
