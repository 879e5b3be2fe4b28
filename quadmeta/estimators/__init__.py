"""Estimators of a meta-gradient: one a file. They see a tape and nothing else."""
