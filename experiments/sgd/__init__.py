"""The experiment sgd."""
