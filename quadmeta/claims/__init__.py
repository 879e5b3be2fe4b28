"""Statements and their verdicts: one a file, named after its source."""
