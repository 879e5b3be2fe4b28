"""Meta-objectives: one a file. Here a problem and an optimizer meet."""
