"""Wrong formulas, each with the values that it gives."""
