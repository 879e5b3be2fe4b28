"""Every public callable with good arguments, and of what kind each argument is.

``CALLS`` is what is fuzzed, ``LEFT_OUT`` what is not, each with its reason; a test finds public
names in neither.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np

import quadmeta as qm
from tests.bad_calls.arguments import (
    AnyNumbers,
    Argument,
    Count,
    Flag,
    Function,
    Number,
    Pair,
    Pairs,
    Reals,
    Thing,
    Word,
    nonnegative,
    positive,
    seed,
)


@dataclass(frozen=True)
class Call:
    """A function with keyword arguments that it takes."""

    name: str
    function: Callable[..., Any]
    arguments: dict[str, Argument]

    def good(self) -> dict[str, Any]:
        """Good values by name."""
        return {name: argument.value for name, argument in self.arguments.items()}


CALLS: list[Call] = []


def call(function: Callable[..., Any], name: str = "", /, **arguments: Argument) -> None:
    """Add a callable to the catalogue."""
    CALLS.append(
        Call(
            name or f"{function.__module__.removeprefix('quadmeta.')}.{function.__qualname__}",
            function,
            arguments,
        )
    )


rng = np.random.default_rng(0)
X, y = rng.standard_normal((6, 3)), rng.standard_normal(6)
X2, y2 = rng.standard_normal((5, 3)), rng.standard_normal(5)
pair, other = Pair((X, y)), Pair((X2, y2))
H = np.array([[2.0, 0.5, 0.0], [0.5, 1.0, 0.25], [0.0, 0.25, 3.0]])
lam, error = np.array([0.5, 1.0, 2.0]), np.array([1.0, -0.5, 0.25])

spectrum = Reals(lam, least=1e-9)
quadratic = qm.Quadratic.from_spectrum(lam, error=error)
squares = qm.LeastSquares.from_data(X, y, validation=(X2, y2))
drawn = qm.LeastSquares.draw(n=8, d=3, sigma=0.5, seed=0)
stream = qm.StreamingGaussian.from_spectrum(lam, error=error, sigma=0.1)
sampled = qm.SampledRows(X, y)
noisy = qm.NoisyQuadratic(lam, error, noise=[0.1, 0.2, 0.3])
ridge = qm.Ridge((X, y), (X2, y2))
cleaning = qm.DataCleaning((X, y), (X2, y2))
weights = qm.TaskWeights([(X, y), (X2, y2)], (X, y))
coupled = qm.Coupled.random(lam, h=2, seed=0)
curved = qm.LogCosh.random(P=3, h=2, seed=0)
auxiliary = qm.AuxiliaryTasks.draw(
    d=3, samples=8, sigma=0.5, unrelatedness=[0.1, 1.0], seed=0, rho=0.1
)
descent, fixed = qm.GradientDescent(steps=5), qm.GradientDescent(steps=5, step_size=0.1)
heavy, schedule = qm.HeavyBall(steps=5), qm.Schedule(steps=3)
noisy_descent = qm.StochasticGradientDescent(steps=5)
log = qm.LogObjective(quadratic, descent)
outer = qm.OuterLoss(ridge, fixed)

KINDS = (quadratic, stream, ridge, descent, log, outer, qm.Reverse())


def thing(value: Any, optional: bool = False) -> Thing:
    """An object; every object of another kind is wrong in its place."""
    family = type(value).__module__.split(".")[1]
    others = tuple(x for x in KINDS if type(x).__module__.split(".")[1] != family)
    return Thing(value, optional, others=others)


# problems
call(
    qm.Quadratic,
    eigenvalues=spectrum,
    error=Reals(error),
    basis=Reals(np.eye(3), True),
    minimizer=Reals(np.zeros(3), shape_matters=False),
    floor=Reals(0.0, shape_matters=False),
    active=Flag(False),
)
call(
    qm.Quadratic,
    "Quadratic (weights)",
    eigenvalues=spectrum,
    error=Reals(np.sqrt(2 / lam)),
    weights=Reals(np.ones(3), True, least=0.0),
)
call(
    qm.Quadratic,
    "Quadratic (hessian)",
    eigenvalues=spectrum,
    error=Reals(error),
    basis=Reals(np.eye(3), True),
    hessian=Reals(np.diag(lam), True),
)
call(
    qm.Quadratic.from_spectrum, eigenvalues=Reals(lam, least=1e-9, shape_matters=False), seed=seed()
)
call(
    qm.Quadratic.from_spectrum,
    "Quadratic.from_spectrum (error)",
    eigenvalues=spectrum,
    error=Reals(error),
    active=Flag(False),
)
call(
    qm.Quadratic.from_spectrum,
    "Quadratic.from_spectrum (weights)",
    eigenvalues=spectrum,
    weights=Reals(np.ones(3), least=0.0),
)
call(
    qm.Quadratic.from_matrix,
    hessian=Reals(H),
    start=Reals(error),
    minimizer=Reals(np.zeros(3), True),
    floor=Reals(0.0, shape_matters=False),
    active=Flag(False),
)
call(
    qm.Quadratic.from_system,
    hessian=Reals(H),
    b=Reals(error),
    start=Reals(np.zeros(3), True),
    active=Flag(False),
)
call(
    qm.Quadratic.from_design,
    X=Reals(X, allowed=("one too many", "one too few")),
    y=Reals(y),
    ridge=nonnegative(0.1),
)
call(qm.Quadratic.random, d=Count(3), seed=seed(), tasks=Count(2, optional=True))
call(
    qm.Quadratic.stack,
    problems=Argument(
        [quadratic, quadratic],
        extra=(
            ("empty", []),
            ("one", quadratic),
            ("number", 3),
            ("none in it", [quadratic, None]),
            ("text", "abc"),
            ("of other sizes", [quadratic, qm.Quadratic.random(2, seed=0)]),
            ("of other kinds", [quadratic, ridge]),
        ),
    ),
)
call(qm.LeastSquares.from_data, X=Reals(X), y=Reals(y), validation=Pair((X2, y2), optional=True))
call(
    qm.LeastSquares.draw,
    n=Count(8),
    d=Count(3),
    sigma=nonnegative(0.5),
    norm=nonnegative(1.0),
    seed=seed(),
    tasks=Count(2, optional=True),
    validation=Count(4, least=0),
)
call(
    qm.LeastSquares,
    eigenvalues=spectrum,
    signal=Reals(error),
    noise=Reals(error),
    residual=nonnegative(0.1),
    null_signal=nonnegative(0.2),
    samples=Count(8),
    dimension=Count(4),
    sigma=nonnegative(0.5),
    known=Flag(True),
)
call(drawn.at_sigma, "LeastSquares.at_sigma", sigma=nonnegative(0.5))
call(
    qm.AveragedLeastSquares.of,
    eigenvalues=Reals(lam, least=0.0, shape_matters=False),
    n=Count(8),
    d=Count(3),
    sigma=nonnegative(0.5),
    norm=nonnegative(1.0),
)
call(
    qm.AveragedLeastSquares,
    eigenvalues=spectrum,
    signal=Reals(lam, least=0.0),
    noise=Reals(lam, least=0.0),
    null_signal=nonnegative(0.1),
    noise_floor=nonnegative(0.2),
    sigma=nonnegative(0.5),
    exact_steps=Count(4, optional=True),
)
for record in (drawn, qm.MarchenkoPastur.of(0.5, 0.5, 4)):
    call(record.outer, f"{type(record).__name__}.outer", name=Word("train"))
operated = qm.OperatorQuadratic.from_error(H, error, 3)
for problem in (noisy, stream, sampled):
    call(
        lambda rng, problem=problem: problem.noisy_gradient(error, rng),
        f"{type(problem).__name__}.noisy_gradient",
        rng=Thing(np.random.default_rng(0), others=KINDS),
    )
call(operated.leading, "OperatorQuadratic.leading", modes=Count(2))
call(operated.estimate, "OperatorQuadratic.estimate", quantity=Function(lambda p: float(p.floor)))
call(
    qm.MarchenkoPastur.of,
    aspect=positive(0.5),
    sigma=nonnegative(0.5),
    steps=Count(5),
    norm=nonnegative(1.0),
)
call(
    qm.OperatorQuadratic.from_error,
    operator=Reals(H, allowed=("sparse",)),
    error=Reals(error),
    modes=Count(3),
    minimizer=Reals(np.zeros(3), True),
    floor=Number(0.0),
    eps=Number(1e-7, low=0.0, high=0.01, open_="lh", optional=True),
    reorthogonalize=Flag(True),
)
call(
    qm.OperatorQuadratic.from_system,
    operator=Reals(H, allowed=("sparse",)),
    b=Reals(error),
    modes=Count(3),
    start=Reals(np.zeros(3), True),
    floor=Number(float(-error @ np.linalg.solve(H, error) / 2), optional=True),
)
call(
    qm.OperatorQuadratic.from_design,
    X=Reals(X, allowed=("sparse",)),
    y=Reals(y),
    modes=Count(3),
    ridge=nonnegative(0.1),
    start=Reals(np.zeros(3), True),
    tolerance=positive(1e-12),
)
call(
    qm.NoisyQuadratic,
    eigenvalues=spectrum,
    error=Reals(error),
    noise=Reals([0.1, 0.2, 0.3], least=0.0),
)
call(
    qm.NoisyQuadratic.from_matrix,
    hessian=Reals(H),
    start=Reals(error),
    noise=Reals(0.1 * np.eye(3)),
)
call(
    qm.StreamingGaussian.from_spectrum,
    eigenvalues=spectrum,
    error=Reals(error),
    sigma=nonnegative(0.1),
)
call(qm.StreamingGaussian.from_covariance, S=Reals(H), error=Reals(error), sigma=nonnegative(0.1))
call(
    qm.SampledRows,
    X=Reals(X),
    y=Reals(y),
    validation=Pair((X2, y2), optional=True),
    truth=Reals(np.ones(3), True),
    initial=Reals(np.zeros(3), True),
)
for problem in (stream, sampled, noisy):
    kind = type(problem).__name__
    call(
        problem.expected,
        f"{kind}.expected",
        steps=Count(3),
        step_size=Reals(0.1, shape_matters=False, least=0.0),
        outer=Word("train"),
        order=Count(1, least=0, extra=(("three", 3),)),
    )
    call(
        problem.recursion,
        f"{kind}.recursion",
        steps=Count(3),
        step_size=nonnegative(0.1),
        outer=Word("train"),
        order=Count(1, least=0, extra=(("three", 3),)),
    )
    call(problem.diverges, f"{kind}.diverges", step_size=Reals(0.1, shape_matters=False, least=0.0))
    call(problem.floors, f"{kind}.floors", outer=Word("train"))
call(stream.steady_state, "StreamingGaussian.steady_state", step_size=nonnegative(0.1))
call(qm.Ridge, train=pair, validation=other)
call(
    qm.DataCleaning,
    train=pair,
    validation=other,
    rho=nonnegative(0.1),
    test=Pair((X2, y2), optional=True),
)
call(
    qm.DataCleaning.digits,
    noise=Number(0.5, low=0.0, high=1.0),
    seed=seed(),
    samples=Count(50),
    rho=nonnegative(0.1),
)
call(qm.TaskWeights, tasks=Pairs([(X, y), (X2, y2)]), validation=pair, rho=nonnegative(0.1))
# any number of hyperparameters
CROSS = Reals(np.ones((3, 2)), allowed=("one too many", "one too few"))
call(
    qm.Coupled,
    hessian=Reals(H),
    cross=CROSS,
    linear=Reals(error),
    outer_hessian=Reals(np.eye(3)),
    outer_linear=Reals(error),
    start=Reals(np.zeros(3), True),
    outer_constant=Number(0.0),
)
call(
    qm.Coupled.random,
    eigenvalues=Reals(lam, least=1e-9, shape_matters=False),
    h=Count(2),
    seed=seed(),
)
call(
    qm.LogCosh,
    features=Reals(np.eye(3)),
    scale=Reals(np.ones(3), least=0.0),
    mu=positive(0.2),
    cross=CROSS,
    linear=Reals(error),
    outer_hessian=Reals(np.eye(3)),
    outer_linear=Reals(error),
    start=Reals(np.zeros(3)),
)
call(qm.LogCosh.random, P=Count(3), h=Count(2), seed=seed(), mu=positive(0.2))
call(
    qm.AuxiliaryTasks,
    main=pair,
    tasks=Pairs([(X, y), (X2, y2)]),
    auxiliary=other,
    rho=nonnegative(0.1),
    softplus=Flag(False),
)
call(
    qm.AuxiliaryTasks.draw,
    d=Count(3),
    samples=Count(8),
    sigma=Reals(0.5, shape_matters=False, least=0.0),
    unrelatedness=Reals([0.1, 1.0], shape_matters=False, least=0.0),
    seed=seed(),
    shared=Flag(False),
    held_out=Count(4, least=0),
    covariance=Reals(np.ones(3), True),
    opposite=Flag(False),
    fixed=Flag(False),
    rho=nonnegative(0.1),
    softplus=Flag(False),
)
call(
    qm.AuxiliaryTasks.diabetes,
    held_out=Count(100),
    main=Count(60),
    seed=seed(),
    rho=nonnegative(0.1),
)
call(
    qm.AuxiliaryTasks.linnerud, held_out=Count(8), main=Count(12), seed=seed(), rho=nonnegative(0.1)
)
call(auxiliary.weights, "AuxiliaryTasks.weights", alpha=Reals(np.ones(2)))
call(
    auxiliary.critical_weight,
    "AuxiliaryTasks.critical_weight",
    step_size=positive(0.1),
    direction=Reals(np.ones(2), True, least=0.0),
)
for problem in (ridge, cleaning, weights, coupled, curved, auxiliary):
    h = problem.hyperparameters
    call(problem.at, f"{type(problem).__name__}.at", alpha=Reals(np.full(h, 0.5)))

# optimizers
for cls in (qm.GradientDescent, qm.StochasticGradientDescent):
    call(cls, steps=Count(5), step_size=positive(0.1, optional=True))
for cls in (qm.HeavyBall, qm.Nesterov):
    call(
        cls,
        steps=Count(5),
        step_size=positive(0.1, optional=True),
        momentum=Number(0.5, True, low=0.0, high=1.0, open_="h"),
    )
call(qm.Schedule, steps=Count(3))
call(qm.ConjugateGradientSolver, steps=Count(3))
call(
    qm.Minibatches,
    steps=Count(3),
    batches=Thing([[0, 1], [2]]),
    step_size=Reals([0.1, 0.2], shape_matters=False, least=0.0),
)
call(
    qm.DampedNewton,
    steps=Count(5),
    step_size=positive(0.5, optional=True),
    damping=Number(0.1, True, low=0.0),
)
bound = Number(0.5, True, low=0.0)
call(qm.ChebyshevIteration, steps=Count(5), smallest=bound, largest=Number(2.0, True, low=0.0))
fraction = Number(0.5, True, low=0.0, high=1.0, open_="h")
call(
    qm.DecoupledDecay,
    steps=Count(5),
    step_size=positive(0.5, optional=True),
    momentum=fraction,
    decay=fraction,
)
call(qm.L2Decay, optimizer=Thing(fixed), decay=Number(0.1, True, low=0.0))
call(qm.JacobiPreconditioned, optimizer=Thing(fixed))
call(qm.Preconditioned, optimizer=Thing(fixed), matrix=Reals(np.eye(2), least=0.0))
step = qm.LinearStep([[1.5, -0.5], [1, 0]], [-0.1, 0])
call(qm.LinearStep, mixing=Reals([[1.5, -0.5], [1, 0]]), gains=Reals([-0.1, 0.0]))
call(
    qm.LinearTransition,
    step=Thing(step),
    rest=Reals([1.0, 1.0]),
    step_size=positive(0.1, optional=True),
    ridge=nonnegative(0.0),
)
rate = Number(0.5, low=0.0, high=1.0, open_="h")
size = Number(0.01, low=0.0)
given = {"steps": Count(5), "step_size": positive(0.1), "epsilon": size, "root_epsilon": size}
call(qm.Adagrad, **given)
call(qm.RmsProp, **given, beta2=rate)
call(qm.InnerAdam, **given, beta1=rate, beta2=rate)
call(qm.AdamW, **given, beta1=rate, beta2=rate, weight_decay=size)
call(
    qm.HeavyBall(5).stable,
    "HeavyBall.stable",
    eigenvalues=Reals(lam, shape_matters=False),
    theta=Reals([0.1, 0.5], allowed=("too deep",)),
)

# objectives of step sizes
for cls in (qm.NaiveObjective, qm.LogObjective, qm.RootObjective, qm.MeanLogObjective):
    call(cls, problem=thing(quadratic), optimizer=thing(descent), pooled=Flag(False))
for cls in (qm.TrainByTrain, qm.TrainByValidation, qm.PopulationRisk):
    call(
        cls,
        problem=thing(squares if cls is not qm.PopulationRisk else drawn),
        optimizer=thing(descent),
        pooled=Flag(True),
        truncation=positive(40.0, optional=True),
    )
OBJECTIVES = {
    "NaiveObjective": qm.NaiveObjective(quadratic, descent),
    "LogObjective": log,
    "RootObjective": qm.RootObjective(quadratic, descent),
    "MeanLogObjective": qm.MeanLogObjective(qm.Quadratic.random(3, seed=0, tasks=2), descent),
    "TrainByTrain": qm.TrainByTrain(squares, descent),
    "TrainByValidation": qm.TrainByValidation(squares, descent),
    "PopulationRisk": qm.PopulationRisk(drawn, descent),
    "LogObjective of a stream": qm.LogObjective(stream, noisy_descent),
    "LogObjective of a schedule": qm.LogObjective(quadratic, schedule),
    "LogObjective of heavy ball": qm.LogObjective(quadratic, heavy),
    "NaiveObjective of heavy ball": qm.NaiveObjective(quadratic, qm.HeavyBall(5, momentum=0.5)),
}
ORDER = Count(1, least=0, extra=(("three", 3), ("minus one", -1)))
for name, objective in OBJECTIVES.items():
    k = objective.optimizer.shape
    negative = ("an entry below",) if "schedule" in name else ()  # schedules may step back
    theta = Reals(
        np.full(k, 0.125), shape_matters=bool(k), least=0.0, allowed=(*negative, "too deep")
    )
    for method in ("__call__", "gradient", "value_and_gradient", "curvature", "scan"):
        if hasattr(objective, method) and (method != "curvature" or "stream" not in name):
            call(getattr(objective, method), f"{name}.{method}", theta=theta)
    one = Reals(
        np.full(k, 0.125),
        least=0.0,
        allowed=negative,
        extra=(("two of them", np.full((2, *k), 0.125)),),
    )
    call(objective.definition, f"{name}.definition", theta=one, order=ORDER)
    if "stream" not in name and name not in ("MeanLogObjective", "TrainByValidation"):
        call(
            objective.exactly,
            f"{name}.exactly",
            theta=theta,
            order=ORDER,
            kind=Word("float64"),
            digits=Count(20),
        )
for name in ("LogObjective of heavy ball", "NaiveObjective of heavy ball"):
    call(OBJECTIVES[name].minimum, f"{name}.minimum", boxes=Count(10, True, least=0))
call(
    qm.HeavyBall(5, momentum=0.5).minimum,
    "HeavyBall.minimum",
    eigenvalues=spectrum,
    weights=Reals(np.ones(3), least=0.0),
    boxes=Count(10, True, least=0),
)
call(OBJECTIVES["TrainByValidation"].scanned, "TrainByValidation.scanned", rounds=Count(1))

# hypergradients
call(
    qm.OuterLoss,
    problem=thing(ridge),
    optimizer=Thing(
        fixed,
        others=(
            *KINDS,
            heavy,
            schedule,
            qm.HeavyBall(5, 0.1, 0.9),
            qm.Nesterov(5, 0.1, 0.9),
            qm.StochasticGradientDescent(5, 0.1),
        ),
    ),
)
for problem in (ridge, cleaning, weights, coupled, curved):
    loss, kind = qm.OuterLoss(problem, fixed), type(problem).__name__
    alpha = Reals(np.full(problem.hyperparameters, 0.5))
    for method in (
        "__call__",
        "gradient",
        "signed_gradient",
        "trained",
        "definition",
        "implicit",
        "diverges",
        "largest_step_size",
    ):
        if problem is curved and method in ("signed_gradient", "implicit"):
            continue
        more = (
            {"start": Reals(problem.start, optional=True)}
            if method in ("__call__", "gradient", "trained")
            else {}
        )
        call(getattr(loss, method), f"OuterLoss of {kind}.{method}", alpha=alpha, **more)
joint = qm.JointLoss(ridge, heavy)
call(qm.JointLoss, problem=thing(ridge), optimizer=thing(heavy))
for method in ("__call__", "gradient", "curvature", "trained", "value_and_gradient"):
    call(getattr(joint, method), f"JointLoss.{method}", theta=Reals([0.2, 0.3, 0.5]))
call(joint.own_curvature, "JointLoss.own_curvature", theta=Reals([0.2, 0.3, 0.5]))
call(
    qm.joint_descent,
    loss=thing(joint),
    start=Reals([0.2, 0.3, 0.5]),
    method=Word("newton"),
    steps=Count(2, least=0),
    tolerance=Number(1e-10, low=0.0),
)
call(
    joint.definition,
    "JointLoss.definition",
    theta=Reals([0.2, 0.3, 0.5]),
    order=ORDER,
    kind=Word("float64"),
    digits=Count(20),
)
call(
    qm.OuterLoss(ridge, qm.InnerAdam(3, 0.1)).sensitivities,
    "OuterLoss.sensitivities",
    alpha=Reals([0.5]),
    start=Reals(ridge.start, optional=True),
)
call(
    qm.hypergradient,
    objective=thing(outer),
    theta=Reals([0.5]),
    estimator=thing(qm.Reverse()),
    start=Reals(ridge.start, optional=True),
    digits=Count(20),
)
call(
    lambda objective, theta: qm.compare(objective, theta, [qm.Reverse()]),
    "compare",
    objective=thing(outer),
    theta=Reals([0.5]),
)
call(
    qm.advise,
    outer=thing(outer),
    alpha=Reals([0.5]),
    error=Number(0.1, low=0.0, high=1.0, open_="lh"),
    target=Word("unrolled"),
    memory=Count(10, True),
    low=positive(0.1),
    high=positive(10.0),
    expected=Flag(False),
    start=Reals(ridge.start, optional=True),
)
call(
    qm.advise,
    "advise (kappa)",
    outer=thing(outer),
    alpha=Reals([0.5]),
    error=Number(0.1, low=0.0, high=1.0, open_="lh"),
    kappa=Number(100.0, True, low=1.0),
)
call(
    qm.certified,
    outer=thing(outer),
    alpha=Reals([0.5]),
    estimator=thing(qm.Implicit()),
    start=Reals(ridge.start, optional=True),
)
call(
    ridge.check,
    "Ridge.check",
    alpha=Reals([0.5]),
    w=Reals(ridge.start, optional=True),
    seed=seed(),
)
call(
    qm.hypergradient,
    "hypergradient of a step size",
    objective=thing(log),
    theta=Reals(0.5, shape_matters=False, least=0.0),
    estimator=thing(qm.Reverse(dtype="float32")),
    digits=Count(20),
)
for name in ("greedy", "optimal"):
    call(getattr(qm.short_horizon, name), problem=thing(noisy), steps=Count(3))
for name in ("greedy_rate", "optimal_rate"):
    call(getattr(qm.short_horizon, name), problem=thing(noisy))
call(
    qm.short_horizon.after,
    problem=thing(noisy),
    step_sizes=AnyNumbers(np.array([0.1, 0.2]), least=0.0),
)
naive = qm.NaiveObjective(quadratic, qm.GradientDescent(3))
call(qm.EvolutionStrategies, sigma=positive(0.1), antithetic=Flag(True))
for cls in (qm.PersistentEvolution, qm.SingleEvolution):
    call(cls, sigma=positive(0.1), window=Count(3), loss=Word("sum"))
call(qm.NoiseReuse, sigma=positive(0.1), window=Count(3), persistent=Flag(False))
call(qm.TruncatedEvolution, sigma=positive(0.1), window=Count(3), states=Word("own"))
call(qm.SampledReverse, K=Count(3, True))
call(qm.WindowedReverse, window=Count(3))
call(qm.SimultaneousPerturbation, step=positive(0.1))
call(
    qm.conformance.check_stochastic,
    function=Function(lambda g, random: 0.0),
    reference=thing(qm.EvolutionStrategies(0.1)),
    draws=Count(100, least=100),
    seed=seed(),
    false_alarm=Number(1e-3, low=1e-12, high=1.0, open_="h"),
    vectorized=Flag(False),
)
call(
    lambda objective: qm.conformance.StochasticCase("mine", objective, 0.5),
    "conformance.StochasticCase",
    objective=thing(naive),
)
call(
    qm.moments,
    objective=thing(naive),
    theta=Number(0.5, low=0.0),
    estimator=thing(qm.EvolutionStrategies(0.1)),
)
call(
    qm.draws,
    objective=thing(naive),
    theta=Number(0.5, low=0.0),
    estimator=thing(qm.EvolutionStrategies(0.1)),
    count=Count(3),
    seed=seed(),
)
sums = {
    "hessians": Reals([[[1.0]], [[2.0]]]),
    "linear": Reals([[1.0], [0.5]]),
    "hessian_slopes": Reals([[[[1.0]]], [[[1.0]]]]),
    "linear_slopes": Reals([[[0.0]], [[0.0]]]),
    "outer_hessians": Reals([[[1.0]]]),
    "outer_linear": Reals([[1.0]]),
}
sampled_run: dict[str, Argument] = {
    "steps": Count(2),
    "step_size": positive(0.25),
    "start": Reals([0.0], optional=True),
    "batch": Count(1, extra=(("more than the data", 3),)),
    "replace": Flag(False),
}
call(qm.SampledBilevel, **sums, **sampled_run)
call(
    qm.SampledBilevel.ridge,
    X=Reals([[1.0], [2.0]]),
    y=Reals([1.0, 0.5]),
    X_outer=Reals([[1.0], [3.0]]),
    y_outer=Reals([1.0, 2.0]),
    **sampled_run,
)
call(
    qm.SampledBilevel.at,
    problem=thing(ridge),
    alpha=Reals([0.5]),
    steps=Count(2),
    step_size=positive(0.25),
    batch=Count(1),
    replace=Flag(True),
)
sampled_loss = qm.SampledBilevel.ridge(
    [[1.0], [2.0]], [1.0, 0.5], [[1.0]], [1.0], steps=2, step_size=0.25
)
series: dict[str, Argument] = {
    "batch": Count(1),
    "step_size": positive(0.2, optional=True),
    "replace": Flag(False),
}
call(
    qm.MinibatchNeumann,
    products=Count(2, least=0),
    reuse=Flag(True),
    **series | {"batch": Count(1, allowed=("list",))},
)
call(qm.LinearSystemSgd, steps=Count(2, least=0), **series)
call(qm.RandomLengthNeumann, terms=Count(3), **series)
call(qm.SampledOneStep, step_size=positive(0.2, optional=True))
call(qm.UnrolledSgd)
call(qm.Penalty, strength=positive(10.0), shared=Flag(True))
call(
    qm.enumerate_draws,
    objective=thing(sampled_loss),
    alpha=Reals([0.5]),
    estimator=thing(qm.MinibatchNeumann(1)),
    most=Count(20),
)
call(
    qm.SampledTape,
    objective=thing(sampled_loss),
    alpha=Reals([0.5]),
    choose=Function(lambda n: 0),
)
for cls in (
    qm.ClosedForm,
    qm.DrMad,
    qm.Forward,
    qm.Implicit,
    qm.MatrixDiscount,
    qm.OneStep,
    qm.RenormalisedReverse,
    qm.Reverse,
    qm.StopGradient,
):
    call(cls, dtype=Word("float64"))
call(qm.ConjugateGradient, budget=Count(3, extra=(("one", 1),)), dtype=Word("float64"))
call(
    qm.ChebyshevInverse,
    budget=Count(3),
    low=positive(0.5),
    high=positive(2.0),
    dtype=Word("float64"),
)
call(qm.DiagonalInverse, probes=Count(3, optional=True), seed=seed(), dtype=Word("float64"))
call(
    qm.KroneckerInverse,
    outputs=Count(2),
    ridge=nonnegative(0.5),
    damping=Word("factored"),
    tau=positive(1.0),
    seed=seed(),
    dtype=Word("float64"),
)
call(
    qm.MomentumDiscount,
    curvature=positive(1.0),
    momentum=Number(0.5, low=0.0, high=1.0, open_="h"),
    dtype=Word("float64"),
)
call(
    qm.NystromInverse,
    rank=Count(2),
    shift=positive(0.5),
    sketch=Word("gaussian"),
    seed=seed(),
    dtype=Word("float64"),
)
call(
    qm.NystromConjugateGradient,
    rank=Count(2),
    budget=Count(5),
    shift=nonnegative(0.5),
    sketch=Word("gaussian"),
    seed=seed(),
    dtype=Word("float64"),
)
call(qm.Surrogate, degree=Count(3, least=0), dtype=Word("float64"))
call(qm.Neumann, order=Count(3, least=0), estimates=Count(1), dtype=Word("float64"))
call(qm.Truncated, K=Count(3), dtype=Word("float64"))
for cls in (qm.Discounted, qm.FixedGradient):
    call(cls, gamma=Number(0.9, low=0.0, high=1.0), dtype=Word("float64"))
call(
    qm.HyperDistill, gamma=Number(0.9, low=0.0, high=1.0), theta=Number(1.0), dtype=Word("float64")
)

# descents
call(
    qm.Adam,
    step=positive(0.1),
    beta1=Number(0.9, low=0.0, high=1.0, open_="h"),
    beta2=Number(0.999, low=0.0, high=1.0, open_="h"),
    epsilon=positive(1e-8),
)
call(qm.Gradient, step=positive(0.1))


def first(function: Callable[..., Iterator[Any]]) -> Callable[..., Any]:
    """The first two results of what goes on without end."""
    return lambda **given: list(islice(function(**given), 2))


call(
    first(qm.bilevel_descent),
    "bilevel_descent",
    loss=thing(outer),
    alpha=Reals([0.5]),
    estimator=thing(qm.Reverse()),
    rule=Thing(qm.Gradient(0.1), others=KINDS),
    warm=Flag(True),
    lower=Number(0.0, optional=True),
    schedule=Argument(
        (5,),
        extra=(("text", "abc"), ("number", 5), ("zero", (0,)), ("half", (2.5,)), ("true", (True,))),
    ),
    exact=Flag(False),
    unstable=Flag(False),
    state=Thing(None, True, others=KINDS),
)
call(
    first(qm.meta_descent),
    "meta_descent",
    objective=thing(log),
    start=Reals(0.1, shape_matters=False, least=0.0),
    scale=Reals(1.0, shape_matters=False, least=0.0, extra=(("zero", 0.0),)),
)
call(
    qm.iteration_bound,
    objective=thing(log),
    start=nonnegative(0.1),
    scale=positive(10.0),
    epsilon=positive(0.1),
)
call(
    qm.descend,
    objective=thing(qm.LogObjective(quadratic, qm.Schedule(steps=2))),
    start=Reals([0.5, 1.5], least=0.0),
    method=Word("BFGS"),
    iterations=Count(500),
)
call(qm.bilevel.online, steps=Count(5), estimates=Count(2, extra=(("more than steps", 6),)))
call(
    first(qm.auxiliary.joint_training),
    "auxiliary.joint_training",
    problem=thing(auxiliary),
    phi=Reals(np.ones(2)),
    step=positive(0.05),
    optimizer=Thing(qm.GradientDescent(1, 0.1), True, others=(*KINDS, heavy)),
    start=Reals(np.zeros(3), optional=True),
)
call(qm.auxiliary.grid_search, problem=thing(auxiliary), points=Count(3))
call(qm.optimal_weights.outer_loss, problem=thing(auxiliary), alpha=Reals(np.ones(2)))
call(qm.optimal_weights.curvature, problem=thing(auxiliary), phi=Reals(np.ones(2)))
shared = qm.AuxiliaryTasks.draw(d=3, samples=8, sigma=0.5, unrelatedness=[0.1, 1.0], shared=True)
call(qm.optimal_weights.simplex_minimum, problem=thing(shared))
call(qm.optimal_weights.local_minima, problem=thing(auxiliary), starts=Count(2), seed=seed())

# closed forms, in any arithmetic
GAMMA = Number(0.9, low=0.0, high=1.0, open_="h", any_arithmetic=True)
scales = qm.discount.Scales(mu=0.5, L=2.0, eta=0.25, gamma=0.75, steps=5)


def exact(value: float, low: float = 0.0, open_: str = "l") -> Number:
    """A number above 0 in any arithmetic."""
    return Number(value, low=low, open_=open_, any_arithmetic=True)


call(
    qm.discount.Scales,
    mu=exact(0.5),
    L=exact(2.0),
    eta=exact(0.25),
    gamma=GAMMA,
    steps=Count(5),
    **{name: exact(0.5, open_="") for name in ("L2", "R", "G", "B", "H_w", "M_b")},
)
modes = {
    "eigenvalues": AnyNumbers(lam, least=1e-9),
    "cross": AnyNumbers(np.ones((3, 2))),
    "gradient": AnyNumbers(error),
}
call(
    qm.discount.bias,
    **modes,
    outer_hessian=AnyNumbers(np.eye(3)),
    error=AnyNumbers(error),
    eta=AnyNumbers(0.25),
    gamma=AnyNumbers(0.9),
    steps=Count(5),
)
call(qm.discount.transient, z=AnyNumbers(0.5), gamma=AnyNumbers(0.9), steps=Count(5))
call(
    qm.discount.largest_transient,
    low=exact(0.1, open_=""),
    high=exact(0.5, open_=""),
    gamma=exact(0.9, open_=""),
    steps=Count(5),
    halvings=Count(5),
)
for function in (
    qm.discount.bias_bound_quadratic,
    qm.discount.bias_bound_quadratic_inner_simple,
    qm.discount.bias_bound_quadratic_inner,
    qm.discount.bias_bound_any_curvature,
    qm.discount.bias_bound_lipschitz_hessian,
    qm.discount.bias_bound_minimal_repair,
    qm.discount.bias_bound_matrix_discount,
    qm.discount.floor,
    qm.discount.tightness,
):
    call(function, x=Thing(scales, others=KINDS))
call(qm.discount.bias_bound_as_printed, x=Thing(scales, others=KINDS), reading=Word("step"))
call(qm.discount.printed_bracket, q=AnyNumbers(0.5), steps=Count(5))
call(qm.discount.limit_bias, **modes, eta=exact(0.25), gamma=GAMMA)
call(
    qm.discount.minimax_gamma,
    eta=exact(0.25),
    mu=exact(0.5),
    L=exact(2.0),
    steps=Count(5, optional=True),
    relative=Flag(False),
)
call(qm.discount.best_gamma, **modes, eta=exact(0.25), steps=Count(5, optional=True))
call(qm.filters.implicit, lam=AnyNumbers(lam, least=1e-9))
call(qm.filters.unrolled, lam=AnyNumbers(lam), eta=AnyNumbers(0.25), steps=Count(5))
for function in (qm.filters.neumann, qm.filters.neumann_residual):
    call(function, lam=AnyNumbers(lam), nu=AnyNumbers(0.25), order=Count(3, least=0))
call(
    qm.filters.discounted,
    lam=AnyNumbers(lam),
    eta=AnyNumbers(0.25),
    gamma=AnyNumbers(0.9),
    steps=Count(5),
)
call(qm.filters.conjugate_gradients, lam=spectrum, v=Reals(error), products=Count(3))
call(
    qm.filters.preconditioned,
    lam=spectrum,
    v=Reals(error),
    products=Count(2),
    rank=Count(2),
    shift=exact(0.25, open_=""),
)
call(qm.filters.unrolled_residual, lam=AnyNumbers(lam), eta=AnyNumbers(0.25), steps=Count(5))
for function in (qm.filters.momentum, qm.filters.momentum_residual):
    call(
        function,
        lam=AnyNumbers(lam),
        eta=AnyNumbers(0.25),
        beta=exact(0.5, low=-np.inf),
        steps=Count(5),
    )
call(qm.solves.chebyshev, kappa=Number(100.0, low=1.0), products=Count(3))
sampled_setting = {"x": exact(0.05), "nu": exact(2.0, open_="")}
sampled_arrays = {"x": AnyNumbers(0.05, least=1e-9), "nu": AnyNumbers(2.0, least=0.0)}
call(qm.sampled_solves.series, **sampled_arrays, products=Count(5, least=0))
call(qm.sampled_solves.series_limit, **sampled_setting)
call(qm.sampled_solves.random_length, **sampled_arrays, terms=Count(5))
call(qm.sampled_solves.random_length_law, t=Number(1.5, low=0.0, open_="l"))
call(
    qm.sampled_solves.penalty,
    strength=exact(10.0),
    **sampled_setting,
    coupling=exact(1.0, open_=""),
    noise=exact(1.0, open_=""),
    target=exact(1.0),
)
loop_setting = {
    "x": AnyNumbers(0.05, least=1e-9),
    "nu": AnyNumbers(2.0, least=0.0),
    "coupling": AnyNumbers(1.0, least=0.0),
    "noise": AnyNumbers(0.5, least=0.0),
}
target = AnyNumbers(1.0, least=1e-9)
beginning = {"start": AnyNumbers(1.0, least=0.0), "steps": Count(5, least=0)}
call(
    qm.single_loop.inner_error,
    **{name: loop_setting[name] for name in ("x", "nu", "noise")},
    **beginning,
)
inner_run = qm.single_loop.inner_error(0.05, 2.0, 0.5, 1.0, 5)
series_found = qm.sampled_solves.series(0.05, 2.0, 5)
call(
    qm.single_loop.after_inner,
    solve=Thing(series_found, others=KINDS),
    inner=Thing(inner_run, others=KINDS),
    coupling=loop_setting["coupling"],
    target=target,
)
call(qm.single_loop.beside_inner, **loop_setting, **beginning, target=target, shared=Flag(True))
call(
    qm.single_loop.beside_limit,
    x=exact(0.05),
    nu=exact(2.0, open_=""),
    coupling=loop_setting["coupling"],
    noise=loop_setting["noise"],
    target=target,
    shared=Flag(True),
)
call(
    qm.single_loop.penalty_error,
    strength=AnyNumbers(10.0, least=1e-9),
    **loop_setting,
    **beginning,
    target=target,
)
call(qm.single_loop.mean_limit, rho=Number(0.5, low=0.0, high=2.0, open_="lh"))
relative = Number(2.0, low=0.0)
call(
    qm.single_loop.mean_square_limit,
    rho=Number(0.2, low=0.0, open_="l"),
    nu=relative,
    shared=Flag(True),
)
tiny = Number(0.05, low=0.0, open_="l")
call(
    qm.single_loop.IsotropicLoop,
    rho=tiny,
    gamma=tiny,
    coupling=tiny,
    nu=relative,
    ridge=relative,
    shared=Flag(True),
)
call(
    qm.single_loop.IsotropicLoop(0.1, 0.05, 2.0, 2.0, ridge=0.5).steady_state,
    centre=relative,
    noise=relative,
)
loop_arrays = {
    "hessians": AnyNumbers(np.array([[[0.5]], [[1.5]]])),
    "crossed": AnyNumbers(np.array([[[0.5]], [[1.5]]])),
    "linear": AnyNumbers(np.array([[0.25], [-0.5]])),
    "outer_hessians": AnyNumbers(np.array([[[1.0]], [[2.0]]])),
    "outer_linear": AnyNumbers(np.array([[1.0], [-1.0]])),
    "direct_hessians": AnyNumbers(np.array([[[0.5]], [[0.5]]]), optional=True),
    "direct_linear": AnyNumbers(np.array([[0.5], [0.5]]), optional=True),
}
step = exact(0.1)
call(qm.single_loop.SingleLoop, **loop_arrays, rho=step, gamma=step, shared=Flag(True))
loop = qm.single_loop.SingleLoop(**{n: a.value for n, a in loop_arrays.items()}, rho=0.1, gamma=0.1)
call(loop.moments, "SingleLoop.moments", steps=Count(3, least=0), start=AnyNumbers(np.zeros(3)))
share = Number(0.1, low=0.0, high=1.0, open_="lh")
call(qm.solves.chebyshev_products, kappa=Number(100.0, low=1.0), error=share)
call(qm.solves.neumann_products, rate=Number(0.9, low=0.0, high=1.0, open_="h"), error=share)
call(
    qm.solves.cut_error, rates=Reals([0.5, 0.9], shape_matters=False), steps=Count(9), kept=Count(2)
)
rate = Number(0.5, low=-1.0, high=1.0, open_="lh")
call(qm.solves.cut_sum, slow=rate, fast=rate, steps=Count(9), kept=Count(2))
call(qm.solves.kept_least, slow=rate)
for function in (qm.filters.chebyshev, qm.filters.chebyshev_residual):
    call(
        function,
        lam=AnyNumbers(lam),
        low=exact(0.5),
        high=exact(2.0),
        budget=Count(3),
    )
for function in (qm.filters.minimax, qm.filters.minimax_instance):
    call(function, low=exact(0.5), high=exact(2.0), budget=Count(3))
call(qm.filters.chebyshev_series, steps=Count(9), degree=Count(3, least=0))
call(
    qm.filters.surrogate,
    lam=AnyNumbers(lam),
    eta=AnyNumbers(0.25),
    steps=Count(9),
    degree=Count(3, least=0),
)
for function in (qm.filters.nystrom, qm.filters.nystrom_residual):
    call(function, lam=AnyNumbers(lam), rank=Count(2), shift=exact(0.25))
for function in (qm.filters.kronecker, qm.filters.kronecker_residual):
    call(
        function,
        c=AnyNumbers(lam, least=0.0),
        a=AnyNumbers(lam, least=0.0),
        ridge=exact(0.25),
        tau=exact(1.0),
    )
for function in (
    qm.gradient_flow.setting,
    qm.gradient_flow.optimal_time,
    qm.gradient_flow.ridge_risk,
):
    call(function, aspect=positive(0.5), noise=nonnegative(0.5))
call(qm.gradient_flow.kernel, aspect=positive(0.5), u=Reals(1.0, shape_matters=False, least=0.0))
call(qm.gradient_flow.flow_risk, aspect=positive(0.5), noise=nonnegative(0.5), tau=nonnegative(1.0))
call(qm.phases.train_by_train_risk, nu=positive(0.5), noise=nonnegative(0.5))
call(qm.phases.worse_than_zero, nu=positive(0.5))
call(qm.phases.same_size, nu=positive(0.5), ratio=Number(2.0, low=1.0, open_="l"))
for function in (qm.phases.fair_split, qm.phases.fair_split_flow):
    call(function, nu=positive(0.5), fraction=Number(0.5, low=0.0, high=1.0, open_="lh"))
call(qm.schedules.constant, step_size=nonnegative(0.1), steps=Count(5))
call(qm.schedules.chebyshev, mu=positive(0.5), L=positive(2.0), steps=Count(5))
call(qm.schedules.lebedev_finogenov, steps=Count(8))
call(
    qm.schedules.growth,
    schedule=Reals([0.1, 0.2], shape_matters=False),
    eigenvalues=Reals(lam, shape_matters=False),
)
call(qm.schedules.chebyshev_instance, mu=positive(0.5), L=positive(2.0), nodes=Count(5))
for function in (
    qm.spectra.linear,
    qm.spectra.geometric,
    qm.spectra.power_law,
    qm.spectra.two_clusters,
    qm.spectra.chebyshev,
):
    call(function, mu=positive(0.5), L=positive(2.0), d=Count(4))
call(
    qm.spectra.power_law,
    "spectra.power_law (exponent)",
    mu=positive(0.5),
    L=positive(2.0),
    d=Count(4),
    exponent=positive(1.0),
)
call(
    qm.spectra.two_clusters,
    "spectra.two_clusters (width)",
    mu=positive(0.5),
    L=positive(2.0),
    d=Count(4),
    width=Number(0.05, low=0.0, high=1.0),
)
call(lambda d: qm.spectra.rotation(d, np.random.default_rng(0)), "spectra.rotation (d)", d=Count(3))
call(
    lambda rng: qm.spectra.rotation(3, rng),
    "spectra.rotation (rng)",
    rng=Thing(np.random.default_rng(0), others=KINDS),
)
call(qm.spectra.marchenko_pastur, aspect=positive(0.5), nodes=Count(5))
call(
    qm.task_risk.TaskRisk,
    grams=Reals(np.stack([np.eye(3)] * 2)),
    variances=Reals([0.1, 0.2], least=0.0),
    offsets=Reals(np.array([[0.0, 0.0, 0.0], [1.0, 0.0, 0.0]])),
    truth=Reals(np.ones(3)),
    covariance=Reals(np.eye(3)),
    rho=nonnegative(0.1),
)
call(
    qm.task_risk.gauss_markov,
    samples=Reals([8.0, 9.0], shape_matters=False),
    sigma=Reals([0.5, 0.5], shape_matters=False, least=0.0),
)
call(
    qm.task_risk.variance,
    samples=Reals([8.0, 9.0], shape_matters=False),
    d=Count(3),
    sigma=Reals([0.5, 0.5], shape_matters=False, least=0.0),
    fixed=Flag(False),
)
call(
    qm.task_risk.SharedInputs,
    variances=Reals([0.1, 0.2], least=0.0),
    overlaps=Reals(np.eye(1), shape_matters=False),
)
call(
    qm.failure_horizon,
    problem=thing(quadratic),
    step_size=nonnegative(0.9),
    dtype=Word("float32"),
    limit=Count(100),
)
call(
    qm.run_protocol,
    n=Count(4),
    d=Count(3),
    sigmas=Reals([0.5], shape_matters=False, least=0.0),
    steps=Count(2),
    tasks=Count(2),
    test_tasks=Count(2),
    grid=Reals([0.1, 0.2], shape_matters=False, least=0.0),
    norm=nonnegative(1.0),
    seed=seed(),
    reading=Word("retrain"),
    fraction=Number(0.5, low=0.0, high=1.0, open_="lh"),
    truncation=positive(40.0, optional=True),
    fresh=Flag(False),
)

# numbers
call(qm.SignLog.of, x=AnyNumbers([1.0, -2.0]))
call(
    qm.SignLog,
    sign=Reals([1.0, -1.0], shape_matters=False),
    log=Reals([0.5, 0.25], shape_matters=False),
)
call(qm.SignLog.of([1.0, 2.0]).dot, "SignLog.dot", other=AnyNumbers([1.0, 2.0]))
ENDS = ("minus inf", "minus inf, list", "inf", "inf, list")  # an interval may reach to infinity
call(
    qm.Interval,
    lower=AnyNumbers([1.0, -2.0], allowed=ENDS),
    upper=AnyNumbers([1.5, 2.0], allowed=ENDS),
)
call(qm.Interval.of, x=AnyNumbers([1.0, -2.0]))
call(
    qm.Interval.of([1.0, 2.0]).contains,
    "Interval.contains",
    x=AnyNumbers([1.0, 2.0], allowed=(*ENDS, "nan", "nan, list")),
)
call(
    lambda formula, x, kind, digits: qm.evaluate(formula, x, kind=kind, digits=digits),
    "evaluate",
    formula=Function(abs),
    x=AnyNumbers([1.0, 2.0]),
    kind=Word("float64"),
    digits=Count(20),
)

# statements, sweeps
call(qm.members, family=Word("problems"))
call(qm.claim, name=Word("wang2021_naive_lower_bound"))
call(qm.pmap, fn=Function(abs), points=Argument([1, 2], extra=(("number", 3),)), where=Count(1))
call(
    qm.task_mean,
    fn=Function(lambda tasks: np.array(tasks, dtype=float)),
    tasks=Count(4),
    block=Count(2),
    where=Count(1),
)
call(qm.sweep.workers, where=Count(2))

LEFT_OUT = {
    "check": "computes for seconds; its argument is that of claim",
    "instances": "takes a claim of this package, whose fields it reads",
    "worst": "takes a claim of this package, whose fields it reads",
    "certificate": "takes a verdict of this package",
    "recheck": "refuses what is no certificate: the forgeries have a suite of their own",
    "ledger": "takes nothing",
    **dict.fromkeys(
        (
            "Advice",
            "Certified",
            "Comparison",
            "Draws",
            "Enumeration",
            "Failure",
            "Horizon",
            "Hypergradient",
            "Ledger",
            "LogLoss",
            "Moments",
            "Response",
            "AffineResponse",
            "Modes",
            "Verdict",
        ),
        "a result, which the package makes and nobody else",
    ),
    **dict.fromkeys(
        ("Box", "Form", "Parameter"), "part of a claim, which the check of a claim reads"
    ),
    "Places": "folders, which the harness looks into",
    "QuadraticInnerLoss": "made by the problem, which checks alpha",
}
"""Public names that are not fuzzed here. Nor are the products of problems (gradient, hvp, mixed
...), which loops call at every step, in any arithmetic, and which check nothing.
"""
