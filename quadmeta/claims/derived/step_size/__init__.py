"""Derived statements about the naive and the log objective."""
