"""Certificates of verdicts and their re-check, with the standard library alone."""
