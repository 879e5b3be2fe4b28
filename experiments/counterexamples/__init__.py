"""The experiment counterexamples."""
