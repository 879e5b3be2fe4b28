"""Bilevel problems that users state by functions, and what checks them."""
