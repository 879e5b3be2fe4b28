"""Derived statements about train-by-train and train-by-validation."""
