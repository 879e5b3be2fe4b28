"""Statements of the ledger that Coq proves for every dimension and number of steps, and the tie
between its text and Python's.

A row is one file ``NAME.v``, named after its claim, on ``Base.v`` (numbers, points, the shape of a
claim) and ``Lemmas.v``. ``python -m proofs`` checks all of them; it needs ``coqc``, which it does
not install.
"""
