"""Is my stochastic estimator right? Draws of anyone's code against an exact mean and covariance."""
