"""Derived statements about what approximate inverses of the inner Hessian cost and lose."""
