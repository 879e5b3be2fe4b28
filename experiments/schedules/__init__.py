"""The experiment schedules."""
