"""How readable the sources are, in numbers, each beside what it must reach: ``make house``."""
