"""The experiment train_by_train."""
