"""The experiment adaptive."""
