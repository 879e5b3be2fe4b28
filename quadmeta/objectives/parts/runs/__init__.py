"""Runs of optimizers that are more than steps along the gradient of the whole inner loss."""
