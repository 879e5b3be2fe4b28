"""Derived statements about hypergradients through other inner optimizers, and on singular inner
problems.
"""
