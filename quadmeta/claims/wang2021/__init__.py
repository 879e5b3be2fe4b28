"""Statements of Wang, Yuan, Wu, Ge 2021 on tuning the step size by learning to learn."""
