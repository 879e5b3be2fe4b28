"""Train-by-validation: the loss of w_T on n_2 separate samples is the meta-objective."""

from dataclasses import dataclass

from quadmeta.objectives.parts.outer import OuterObjective


@dataclass(frozen=True, eq=False, repr=False)
class TrainByValidation(OuterObjective):
    """The loss of the trained weights on a validation set, mean over tasks.

    J(eta) = ||y_2 - X_2 w_T||^2 / (2 n_2), the mean over tasks; its expectation is (excess risk
    + sigma^2) / 2.

    Not unimodal for even T. Source: Wang, Yuan, Wu, Ge 2021, section 4.

    Raises
    ------
    ValueError
        the problem has no validation set (n_2 = 0).

    Examples
    --------
    >>> import quadmeta as qm
    >>> problem = qm.LeastSquares.draw(20, 5, 1.0, seed=0, validation=10)
    >>> objective = qm.TrainByValidation(problem, qm.GradientDescent(steps=10))
    >>> round(objective.minimizer(), 6)
    0.080121
    """

    outer = "validation"
