"""Public libraries as functions of one argument g, each as its documentation calls it."""
