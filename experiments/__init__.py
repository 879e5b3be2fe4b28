"""The experiments behind the figures, a script each."""
