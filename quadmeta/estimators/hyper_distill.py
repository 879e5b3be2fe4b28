"""HyperDistill: one mixed product at a distilled point stands for the whole discounted sum."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from quadmeta._types import Array
from quadmeta._validate import instance, number
from quadmeta.estimators.parts.base import Estimator, Spectral
from quadmeta.estimators.parts.discount import discount
from quadmeta.objectives.parts.tape import Derivative, Tape
from quadmeta.theory import filters


@dataclass(frozen=True)
class HyperDistill(Estimator):
    """One mixed product at a distilled point stands for the whole discounted sum.

    It is theta S_T(gamma) B(w_bar) g_T with w_bar = sum_i gamma^(T-i) w_{i-1} / S_T(gamma), kept as
    a running mean.

    Equal to FixedGradient for theta = 1 wherever J is affine in w, that is on every quadratic, and
    every step is one of the same size at the weights. B is that of the last step; under momentum
    it is taken at rest.

    Raises
    ------
    ValueError
        an optimizer whose weights do not tell what else it carries: moments, conjugate directions.

    ``fit`` chooses theta from a DrMAD pass, as the paper does every 50 inner runs.

    Examples
    --------
    >>> import quadmeta as qm
    >>> problem = qm.Coupled.random([0.5, 1.0, 2.0], h=2, seed=0)
    >>> loss = qm.OuterLoss(problem, qm.GradientDescent(steps=20, step_size=0.4))
    >>> found = qm.hypergradient(loss, [0.1, -0.2], qm.HyperDistill(gamma=0.9))
    >>> found.hvps, found.mixed, found.outer_gradients, found.stored_vectors
    (0, 1, 1, 1)
    """

    gamma: float
    theta: float = 1.0
    reference = "Lee, Lee, Shin, Lee 2022"

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "gamma", discount(self.gamma))
        object.__setattr__(self, "theta", number("theta", self.theta))

    def estimate(self, tape: Tape) -> Derivative:
        """One product at the distilled point."""
        total = 0.0
        point = tape.start
        for t in tape.stream():
            # S_t = 1 + gamma S_{t-1}: no quotient that is 0/0 at gamma = 1
            total = 1 + self.gamma * total
            point = point + (tape.weights(tape.state(t)) - point) / total
        product = tape.B(tape.steps - 1, tape.outer_gradient(), tape.state_of(point))
        return self.theta * total * product

    def cost(self, T: int, h: int = 1, P: int = 1) -> Mapping[str, int]:
        """One mixed product (the fit of theta spends 3T - 1 more, once for many runs)."""
        return {"hvps": 0, "mixed": 1, "outer_gradients": 1, "stored_vectors": 1}

    def exact_when(self, T: int) -> bool:
        """At T = 1 with theta = 1."""
        return T == 1 and self.theta == 1

    def fit(self, tape: Tape) -> "HyperDistill":
        """The same estimator with theta by least squares of a DrMAD pass's partial sums on the
        distilled products.

        After s backward steps G_s is the partial sum, u_s = B(w'_s) g_T at the distilled point of
        the last s states; x_s = |u_s| S_s(gamma), y_s = u_s'G_s / |u_s|, theta = x'y / x'x.
        """
        import numpy as np

        instance("tape", tape, Tape, "the tape of another run")
        T = tape.steps
        first = tape.start
        tape.record()
        last = tape.last_weights()
        v = tape.outer_gradient()
        g = v
        partial: Derivative = 0.0
        mass = 0.0
        point = tape.weights(tape.state(T - 1))
        pairs = []
        for s in range(1, T + 1):
            t = T - s
            chord = tape.state_of((1 - t / T) * first + (t / T) * last)
            partial = partial + tape.B(t, v, chord)
            if t:
                v = tape.A(t, v, chord)
            weight = self.gamma ** (s - 1)
            mass += weight
            point = point + (tape.weights(tape.state(t)) - point) * weight / mass
            u = tape.B(t, g, tape.state_of(point))
            size = float(np.linalg.norm(u))
            if size:
                product: Array = u * partial
                pairs.append((size * mass, float(product.sum()) / size))
        if not pairs:
            return HyperDistill(self.gamma, 1.0)
        x, y = np.array(pairs).T
        return HyperDistill(self.gamma, float(x @ y / (x @ x)))

    def filter_at(self, at: Spectral) -> Any:
        """theta eta S_T(gamma), the same at every lambda."""
        return self.theta * filters.discounted(at.lam, at.step_size, self.gamma, at.steps)
