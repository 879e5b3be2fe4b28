"""Derived statements about heavy ball and Nesterov."""
