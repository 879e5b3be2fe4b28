"""Derived statements about the discounted hypergradient."""
