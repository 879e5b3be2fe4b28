"""Derived statements about auxiliary tasks and their weights."""
