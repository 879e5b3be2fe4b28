"""Statements of Navon, Achituve, Maron, Chechik, Fetaya 2021 on auxiliary learning."""
