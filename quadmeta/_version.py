"""The version of the package, for what must not import all of it to know."""

__version__ = "0.1.0"
