"""Statements derived here, a folder a topic."""
