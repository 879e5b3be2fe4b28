"""The experiment libraries."""
