"""The experiment speed."""
