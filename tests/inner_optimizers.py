"""The inner optimizers with every parameter given, on which estimators must run, by the names of
their modules.
"""

import numpy as np

import quadmeta as qm

STEPS = 6
MATRIX = np.diag([1.0, 2.0, 0.5, 1.0]) + 0.2
SIZES = [0.3, 0.5, 0.1, 0.7, 0.2, 0.4]
OPTIMIZERS = {
    "gradient_descent": lambda T: qm.GradientDescent(T, 0.3),
    "heavy_ball": lambda T: qm.HeavyBall(T, 0.3, 0.6),
    "nesterov": lambda T: qm.Nesterov(T, 0.3, 0.6),
    "schedule": lambda T: qm.Schedule(T, step_sizes=[SIZES[t % len(SIZES)] for t in range(T)]),
    "chebyshev_iteration": lambda T: qm.ChebyshevIteration(T, 0.2, 4.0),
    "chebyshev of the spectrum": lambda T: qm.ChebyshevIteration(T, spectrum=True),
    "l2_decay": lambda T: qm.L2Decay(qm.Nesterov(T, 0.3, 0.6), decay=0.2),
    "decoupled_decay": lambda T: qm.DecoupledDecay(T, 0.3, momentum=0.6, decay=0.1),
    "preconditioned": lambda T: qm.Preconditioned(qm.HeavyBall(T, 0.3, 0.6), MATRIX),
    "jacobi_preconditioned": lambda T: qm.JacobiPreconditioned(qm.HeavyBall(T, 0.3, 0.6)),
    "damped_newton": lambda T: qm.DampedNewton(T, 0.4, damping=0.3),
    "adagrad": lambda T: qm.Adagrad(T, 0.2, epsilon=0.1),
    "rms_prop": lambda T: qm.RmsProp(T, 0.05, beta2=0.8, epsilon=0.1),
    "inner_adam": lambda T: qm.InnerAdam(T, 0.1, beta1=0.6, beta2=0.8, epsilon=0.1),
    "adam_w": lambda T: qm.AdamW(T, 0.1, beta1=0.6, beta2=0.8, epsilon=0.1, weight_decay=0.5),
    # which ends at the minimum of the smallest of the problems after three steps
    "conjugate_gradient_solver": lambda T: qm.ConjugateGradientSolver(min(T, 3)),
    "minibatches": lambda T: qm.Minibatches(T, [[0, 1], [2, 3, 4], [5, 6, 7, 7]], [0.3, 0.2, 0.1]),
}
KINDS = {
    "chebyshev of the spectrum": ("coupled", "ridge", "data_cleaning"),
    "preconditioned": ("coupled", "ridge", "log_cosh"),
    "jacobi_preconditioned": ("coupled", "ridge", "data_cleaning"),
    "damped_newton": ("coupled", "ridge", "data_cleaning"),
    "conjugate_gradient_solver": ("coupled", "ridge", "data_cleaning"),
    "minibatches": ("ridge", "data_cleaning"),
}
"""The bilevel problems that an optimizer takes, where it does not take all."""
ADAPTIVE = {"adagrad", "rms_prop", "inner_adam", "adam_w"}
WITHOUT_STEP = ADAPTIVE | {
    "schedule",
    "chebyshev_iteration",
    "chebyshev of the spectrum",
    "preconditioned",
    "jacobi_preconditioned",
    "damped_newton",
    "conjugate_gradient_solver",
    "minibatches",
}
"""Those that have no step size eta in the unit of 1 / L."""
OF_FOUR_WEIGHTS = {"preconditioned", "minibatches"}
"""Those that are given for these problems alone: four weights, or eight rows."""
