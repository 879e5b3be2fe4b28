"""The outer loss of optimizer and hyperparameters together: its forms and its definition."""
