"""Families of rational instances that several statements share."""
