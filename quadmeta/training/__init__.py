"""What runs an outer loop: descent on step sizes, hyperparameters, schedules and task weights."""
