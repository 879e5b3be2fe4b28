"""Exact meta-gradients and hypergradients on quadratic inner problems, with a verdict on every
printed statement.

Everything public is a name of this package: what to compute with, and the classes to derive one's
own problem, optimizer, objective, estimator or claim from. Names load on first use, so that
``import quadmeta`` costs nothing.
"""

from typing import TYPE_CHECKING

from quadmeta._version import __version__ as __version__

if TYPE_CHECKING:
    from quadmeta import (
        arithmetic as arithmetic,
        certificates as certificates,
        claims as claims,
        conformance as conformance,
        estimators as estimators,
        harness as harness,
        objectives as objectives,
        optimizers as optimizers,
        plotting as plotting,
        problems as problems,
        sampled as sampled,
        strategies as strategies,
        sweep as sweep,
        theory as theory,
        training as training,
        verification as verification,
    )
    from quadmeta._registry import members as members
    from quadmeta.arithmetic.exact import evaluate as evaluate
    from quadmeta.arithmetic.interval import Interval as Interval
    from quadmeta.arithmetic.signlog import SignLog as SignLog
    from quadmeta.certificates.recheck import recheck as recheck
    from quadmeta.estimators import (
        ChebyshevInverse as ChebyshevInverse,
        ClosedForm as ClosedForm,
        Comparison as Comparison,
        ConjugateGradient as ConjugateGradient,
        DiagonalInverse as DiagonalInverse,
        Discounted as Discounted,
        DrMad as DrMad,
        Estimator as Estimator,
        FixedGradient as FixedGradient,
        Forward as Forward,
        Horizon as Horizon,
        HyperDistill as HyperDistill,
        Hypergradient as Hypergradient,
        Implicit as Implicit,
        KroneckerInverse as KroneckerInverse,
        MatrixDiscount as MatrixDiscount,
        MomentumDiscount as MomentumDiscount,
        Neumann as Neumann,
        NystromConjugateGradient as NystromConjugateGradient,
        NystromInverse as NystromInverse,
        OneStep as OneStep,
        RenormalisedReverse as RenormalisedReverse,
        Reverse as Reverse,
        StopGradient as StopGradient,
        Surrogate as Surrogate,
        Tape as Tape,
        Truncated as Truncated,
        compare as compare,
        failure_horizon as failure_horizon,
        hypergradient as hypergradient,
    )
    from quadmeta.estimators.parts import horizons as horizons
    from quadmeta.harness.places import Places as Places
    from quadmeta.objectives import (
        JointLoss as JointLoss,
        LogObjective as LogObjective,
        MeanLogObjective as MeanLogObjective,
        NaiveObjective as NaiveObjective,
        Objective as Objective,
        OuterLoss as OuterLoss,
        PopulationRisk as PopulationRisk,
        RootObjective as RootObjective,
        TrainByTrain as TrainByTrain,
        TrainByValidation as TrainByValidation,
        TransformedObjective as TransformedObjective,
    )
    from quadmeta.optimizers import (
        Adagrad as Adagrad,
        AdamW as AdamW,
        AffineOptimizer as AffineOptimizer,
        AffineResponse as AffineResponse,
        ChebyshevIteration as ChebyshevIteration,
        ConjugateGradientSolver as ConjugateGradientSolver,
        DampedNewton as DampedNewton,
        DecoupledDecay as DecoupledDecay,
        GradientDescent as GradientDescent,
        GradientStep as GradientStep,
        HeavyBall as HeavyBall,
        InnerAdam as InnerAdam,
        JacobiPreconditioned as JacobiPreconditioned,
        L2Decay as L2Decay,
        LinearStep as LinearStep,
        LinearTransition as LinearTransition,
        LogLoss as LogLoss,
        Minibatches as Minibatches,
        Nesterov as Nesterov,
        Optimizer as Optimizer,
        PolynomialOptimizer as PolynomialOptimizer,
        Preconditioned as Preconditioned,
        Response as Response,
        RmsProp as RmsProp,
        Schedule as Schedule,
        StochasticGradientDescent as StochasticGradientDescent,
        Transition as Transition,
    )
    from quadmeta.problems import (
        AuxiliaryTasks as AuxiliaryTasks,
        AveragedLeastSquares as AveragedLeastSquares,
        BilevelProblem as BilevelProblem,
        Coupled as Coupled,
        DataCleaning as DataCleaning,
        InnerLoss as InnerLoss,
        LeastSquares as LeastSquares,
        LogCosh as LogCosh,
        MarchenkoPastur as MarchenkoPastur,
        Modes as Modes,
        NoisyQuadratic as NoisyQuadratic,
        OperatorQuadratic as OperatorQuadratic,
        Problem as Problem,
        Quadratic as Quadratic,
        QuadraticBilevel as QuadraticBilevel,
        QuadraticInnerLoss as QuadraticInnerLoss,
        QuadraticProblem as QuadraticProblem,
        RegressionProblem as RegressionProblem,
        Ridge as Ridge,
        SampledRows as SampledRows,
        StochasticProblem as StochasticProblem,
        StreamingGaussian as StreamingGaussian,
        TaskWeights as TaskWeights,
    )
    from quadmeta.sampled import (
        Draws as Draws,
        Enumeration as Enumeration,
        EvolutionStrategies as EvolutionStrategies,
        LinearSystemSgd as LinearSystemSgd,
        MinibatchNeumann as MinibatchNeumann,
        Moments as Moments,
        NoiseReuse as NoiseReuse,
        Penalty as Penalty,
        PersistentEvolution as PersistentEvolution,
        RandomLengthNeumann as RandomLengthNeumann,
        SampledBilevel as SampledBilevel,
        SampledEstimator as SampledEstimator,
        SampledHypergradient as SampledHypergradient,
        SampledOneStep as SampledOneStep,
        SampledReverse as SampledReverse,
        SampledTape as SampledTape,
        SimultaneousPerturbation as SimultaneousPerturbation,
        SingleEvolution as SingleEvolution,
        TruncatedEvolution as TruncatedEvolution,
        UnrolledSgd as UnrolledSgd,
        WindowedReverse as WindowedReverse,
        draws as draws,
        enumerate_draws as enumerate_draws,
        moments as moments,
    )
    from quadmeta.sweep import (
        ClusterError as ClusterError,
        Failure as Failure,
        WorkerKilled as WorkerKilled,
        pmap as pmap,
        task_mean as task_mean,
    )
    from quadmeta.theory import (
        discount as discount,
        filters as filters,
        gradient_flow as gradient_flow,
        phases as phases,
        sampled_solves as sampled_solves,
        single_loop as single_loop,
        solves as solves,
        spectra as spectra,
        task_risk as task_risk,
    )
    from quadmeta.training import (
        auxiliary as auxiliary,
        bilevel as bilevel,
        descent as descent,
        optimal_weights as optimal_weights,
        protocol as protocol,
        schedules as schedules,
        short_horizon as short_horizon,
    )
    from quadmeta.training.advice import (
        Advice as Advice,
        Certified as Certified,
        advise as advise,
        certified as certified,
    )
    from quadmeta.training.bilevel import (
        Adam as Adam,
        Gradient as Gradient,
        bilevel_descent as bilevel_descent,
    )
    from quadmeta.training.descent import (
        iteration_bound as iteration_bound,
        meta_descent as meta_descent,
    )
    from quadmeta.training.joint import joint_descent as joint_descent
    from quadmeta.training.protocol import run_protocol as run_protocol
    from quadmeta.training.schedules import descend as descend
    from quadmeta.verification.box import Box as Box
    from quadmeta.verification.certificate import certificate as certificate
    from quadmeta.verification.claim import Claim as Claim, Form as Form
    from quadmeta.verification.collection import claim as claim
    from quadmeta.verification.instances import instances as instances, worst as worst
    from quadmeta.verification.ledger import Ledger as Ledger, check as check, ledger as ledger
    from quadmeta.verification.parameters import Parameter as Parameter
    from quadmeta.verification.verdict import Verdict as Verdict
else:
    from importlib import import_module as _import

    from quadmeta._lazy import attach as _attach

    _FAMILIES = ("problems", "optimizers", "objectives", "estimators", "sampled")
    _PLACES = {
        "__version__": "quadmeta",
        "members": "quadmeta._registry",
        "evaluate": "quadmeta.arithmetic.exact",
        "Interval": "quadmeta.arithmetic.interval",
        "SignLog": "quadmeta.arithmetic.signlog",
        "recheck": "quadmeta.certificates.recheck",
        "Places": "quadmeta.harness.places",
        "ClusterError": "quadmeta.sweep",
        "Failure": "quadmeta.sweep",
        "WorkerKilled": "quadmeta.sweep",
        "pmap": "quadmeta.sweep",
        "task_mean": "quadmeta.sweep",
        "Advice": "quadmeta.training.advice",
        "Certified": "quadmeta.training.advice",
        "advise": "quadmeta.training.advice",
        "certified": "quadmeta.training.advice",
        "Adam": "quadmeta.training.bilevel",
        "Gradient": "quadmeta.training.bilevel",
        "bilevel_descent": "quadmeta.training.bilevel",
        "iteration_bound": "quadmeta.training.descent",
        "meta_descent": "quadmeta.training.descent",
        "joint_descent": "quadmeta.training.joint",
        "run_protocol": "quadmeta.training.protocol",
        "descend": "quadmeta.training.schedules",
        "Box": "quadmeta.verification.box",
        "certificate": "quadmeta.verification.certificate",
        "Claim": "quadmeta.verification.claim",
        "Form": "quadmeta.verification.claim",
        "instances": "quadmeta.verification.instances",
        "worst": "quadmeta.verification.instances",
        "Ledger": "quadmeta.verification.ledger",
        "check": "quadmeta.verification.ledger",
        "claim": "quadmeta.verification.collection",
        "ledger": "quadmeta.verification.ledger",
        "Parameter": "quadmeta.verification.parameters",
        "Verdict": "quadmeta.verification.verdict",
    }
    _MODULES = {
        "arithmetic": "quadmeta.arithmetic",
        "auxiliary": "quadmeta.training.auxiliary",
        "bilevel": "quadmeta.training.bilevel",
        "certificates": "quadmeta.certificates",
        "claims": "quadmeta.claims",
        "conformance": "quadmeta.conformance",
        "descent": "quadmeta.training.descent",
        "discount": "quadmeta.theory.discount",
        "estimators": "quadmeta.estimators",
        "filters": "quadmeta.theory.filters",
        "gradient_flow": "quadmeta.theory.gradient_flow",
        "harness": "quadmeta.harness",
        "horizons": "quadmeta.estimators.parts.horizons",
        "objectives": "quadmeta.objectives",
        "optimal_weights": "quadmeta.training.optimal_weights",
        "optimizers": "quadmeta.optimizers",
        "phases": "quadmeta.theory.phases",
        "plotting": "quadmeta.plotting",
        "problems": "quadmeta.problems",
        "protocol": "quadmeta.training.protocol",
        "sampled": "quadmeta.sampled",
        "schedules": "quadmeta.training.schedules",
        "sampled_solves": "quadmeta.theory.sampled_solves",
        "short_horizon": "quadmeta.training.short_horizon",
        "single_loop": "quadmeta.theory.single_loop",
        "solves": "quadmeta.theory.solves",
        "spectra": "quadmeta.theory.spectra",
        "strategies": "quadmeta.strategies",
        "sweep": "quadmeta.sweep",
        "task_risk": "quadmeta.theory.task_risk",
        "theory": "quadmeta.theory",
        "training": "quadmeta.training",
        "verification": "quadmeta.verification",
    }

    def _names():
        """{public name: module}: what the packages of the families name is public here as well."""
        packages = [f"quadmeta.{family}" for family in _FAMILIES]
        return _PLACES | {name: package for package in packages for name in dir(_import(package))}

    __getattr__, __dir__ = _attach(__name__, _names, _MODULES)
