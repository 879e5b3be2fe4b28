"""Exact unrolled hypergradients in closed form, other than those of `unrolled`."""
