"""Inner problems: one a file."""
