"""The engine of verdicts: what a claim is, how it is searched, decided, certified and kept in a ledger.

It knows no statement: claims come from any package.
"""
