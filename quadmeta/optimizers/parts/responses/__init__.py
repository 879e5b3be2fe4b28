"""Responses of optimizers in closed form."""
