"""Exact unrolled hypergradients in closed form."""
