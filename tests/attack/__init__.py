"""An adversary for the ledger: optimising searches against the inequalities that are recorded as
holding, by oracles that share no formula with the package.
"""
