"""Methods that follow something else than the gradient."""
