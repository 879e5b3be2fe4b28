"""The experiment short_horizon."""
