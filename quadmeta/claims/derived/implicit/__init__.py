"""Derived statements about implicit differentiation and inverse Hessians."""
