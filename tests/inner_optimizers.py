"""The inner optimizers with every parameter given, on which estimators must run, by the names of
their modules.
"""

import quadmeta as qm

STEPS = 6
SIZES = [0.3, 0.5, 0.1, 0.7, 0.2, 0.4]
OPTIMIZERS = {
    "gradient_descent": lambda T: qm.GradientDescent(T, 0.3),
    "heavy_ball": lambda T: qm.HeavyBall(T, 0.3, 0.6),
    "nesterov": lambda T: qm.Nesterov(T, 0.3, 0.6),
    "schedule": lambda T: qm.Schedule(T, step_sizes=[SIZES[t % len(SIZES)] for t in range(T)]),
    "adagrad": lambda T: qm.Adagrad(T, 0.2, epsilon=0.1),
    "rms_prop": lambda T: qm.RmsProp(T, 0.05, beta2=0.8, epsilon=0.1),
    "inner_adam": lambda T: qm.InnerAdam(T, 0.1, beta1=0.6, beta2=0.8, epsilon=0.1),
    "adam_w": lambda T: qm.AdamW(T, 0.1, beta1=0.6, beta2=0.8, epsilon=0.1, weight_decay=0.5),
}
ADAPTIVE = {"adagrad", "rms_prop", "inner_adam", "adam_w"}
WITHOUT_STEP = ADAPTIVE | {"schedule"}
"""Those that have no step size eta in the unit of 1 / L."""
