"""The experiment auxiliary_collapse."""
