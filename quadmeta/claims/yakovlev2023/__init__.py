"""Statements of Yakovlev et al. 2023 on the discounted hypergradient."""
