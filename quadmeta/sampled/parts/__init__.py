"""What estimators that draw have in common."""
