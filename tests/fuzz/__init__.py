"""The differential fuzzer: the package against balls of any precision, at extreme settings. ``make
fuzz`` runs it.
"""
