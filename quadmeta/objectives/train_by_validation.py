"""Train-by-validation: the loss of w_T on n_2 separate samples is the meta-objective."""

from dataclasses import dataclass

from quadmeta.objectives.parts.outer import OuterObjective


@dataclass(frozen=True, eq=False, repr=False)
class TrainByValidation(OuterObjective):
    """J(eta) = ||y_2 - X_2 w_T||^2 / (2 n_2), the mean over tasks; its expectation is (excess risk
    + sigma^2) / 2.

    Not unimodal for even T. Source: Wang, Yuan, Wu, Ge 2021, section 4.

    Raises
    ------
    ValueError
        the problem has no validation set (n_2 = 0).
    """

    outer = "validation"
