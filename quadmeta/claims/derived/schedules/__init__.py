"""Derived statements about schedules of step sizes."""
