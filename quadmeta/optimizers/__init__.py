"""Inner optimizers: one a file. They know eigenvalues only, never a problem."""
