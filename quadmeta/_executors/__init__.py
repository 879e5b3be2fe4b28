"""The executors behind :func:`quadmeta.sweep.pmap`, one a module: each yields ``(index, result)`` as results land."""
