"""The experiment data_cleaning."""
