"""Derived statements about stochastic gradients."""
