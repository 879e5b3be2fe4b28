"""Statements of the talk "Guarantees for tuning the step size using a learning-to-learn
approach", 2021.
"""
