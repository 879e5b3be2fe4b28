"""What runs a figure script: points in parallel, resumed where they stopped, claim asserted,
sources on record.
"""
