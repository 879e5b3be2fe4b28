"""The experiment auxiliary_benefit."""
