"""The page of the ledger and of all figures."""
