"""Exact meta-gradients and hypergradients on quadratic inner problems, with a verdict on every
printed statement.

Everything public is a name of this package: what to compute with, and the classes to derive one's
own problem, optimizer, objective, estimator or claim from. Names load on first use, so that
``import quadmeta`` costs nothing.
"""

from typing import TYPE_CHECKING

from quadmeta._version import __version__ as __version__

if TYPE_CHECKING:
    from quadmeta import arithmetic as arithmetic
    from quadmeta import certificates as certificates
    from quadmeta import claims as claims
    from quadmeta import estimators as estimators
    from quadmeta import harness as harness
    from quadmeta import objectives as objectives
    from quadmeta import optimizers as optimizers
    from quadmeta import plotting as plotting
    from quadmeta import problems as problems
    from quadmeta import strategies as strategies
    from quadmeta import sweep as sweep
    from quadmeta import theory as theory
    from quadmeta import training as training
    from quadmeta import verification as verification
    from quadmeta._registry import members as members
    from quadmeta.arithmetic.exact import evaluate as evaluate
    from quadmeta.arithmetic.interval import Interval as Interval
    from quadmeta.arithmetic.signlog import SignLog as SignLog
    from quadmeta.certificates.recheck import recheck as recheck
    from quadmeta.estimators import ClosedForm as ClosedForm
    from quadmeta.estimators import ConjugateGradient as ConjugateGradient
    from quadmeta.estimators import Discounted as Discounted
    from quadmeta.estimators import DrMad as DrMad
    from quadmeta.estimators import Estimator as Estimator
    from quadmeta.estimators import FixedGradient as FixedGradient
    from quadmeta.estimators import Forward as Forward
    from quadmeta.estimators import Horizon as Horizon
    from quadmeta.estimators import HyperDistill as HyperDistill
    from quadmeta.estimators import Hypergradient as Hypergradient
    from quadmeta.estimators import Implicit as Implicit
    from quadmeta.estimators import MatrixDiscount as MatrixDiscount
    from quadmeta.estimators import Neumann as Neumann
    from quadmeta.estimators import OneStep as OneStep
    from quadmeta.estimators import RenormalisedReverse as RenormalisedReverse
    from quadmeta.estimators import Reverse as Reverse
    from quadmeta.estimators import StopGradient as StopGradient
    from quadmeta.estimators import Tape as Tape
    from quadmeta.estimators import Truncated as Truncated
    from quadmeta.estimators import failure_horizon as failure_horizon
    from quadmeta.estimators import hypergradient as hypergradient
    from quadmeta.estimators.parts import horizons as horizons
    from quadmeta.harness.places import Places as Places
    from quadmeta.objectives import LogObjective as LogObjective
    from quadmeta.objectives import MeanLogObjective as MeanLogObjective
    from quadmeta.objectives import NaiveObjective as NaiveObjective
    from quadmeta.objectives import Objective as Objective
    from quadmeta.objectives import OuterLoss as OuterLoss
    from quadmeta.objectives import PopulationRisk as PopulationRisk
    from quadmeta.objectives import RootObjective as RootObjective
    from quadmeta.objectives import TrainByTrain as TrainByTrain
    from quadmeta.objectives import TrainByValidation as TrainByValidation
    from quadmeta.objectives import TransformedObjective as TransformedObjective
    from quadmeta.optimizers import GradientDescent as GradientDescent
    from quadmeta.optimizers import HeavyBall as HeavyBall
    from quadmeta.optimizers import LogLoss as LogLoss
    from quadmeta.optimizers import Nesterov as Nesterov
    from quadmeta.optimizers import Optimizer as Optimizer
    from quadmeta.optimizers import PolynomialOptimizer as PolynomialOptimizer
    from quadmeta.optimizers import Schedule as Schedule
    from quadmeta.optimizers import StochasticGradientDescent as StochasticGradientDescent
    from quadmeta.problems import AuxiliaryTasks as AuxiliaryTasks
    from quadmeta.problems import AveragedLeastSquares as AveragedLeastSquares
    from quadmeta.problems import BilevelProblem as BilevelProblem
    from quadmeta.problems import Coupled as Coupled
    from quadmeta.problems import DataCleaning as DataCleaning
    from quadmeta.problems import InnerLoss as InnerLoss
    from quadmeta.problems import LeastSquares as LeastSquares
    from quadmeta.problems import LogCosh as LogCosh
    from quadmeta.problems import MarchenkoPastur as MarchenkoPastur
    from quadmeta.problems import Modes as Modes
    from quadmeta.problems import NoisyQuadratic as NoisyQuadratic
    from quadmeta.problems import OperatorQuadratic as OperatorQuadratic
    from quadmeta.problems import Problem as Problem
    from quadmeta.problems import Quadratic as Quadratic
    from quadmeta.problems import QuadraticBilevel as QuadraticBilevel
    from quadmeta.problems import QuadraticInnerLoss as QuadraticInnerLoss
    from quadmeta.problems import QuadraticProblem as QuadraticProblem
    from quadmeta.problems import RegressionProblem as RegressionProblem
    from quadmeta.problems import Ridge as Ridge
    from quadmeta.problems import SampledRows as SampledRows
    from quadmeta.problems import StochasticProblem as StochasticProblem
    from quadmeta.problems import StreamingGaussian as StreamingGaussian
    from quadmeta.problems import TaskWeights as TaskWeights
    from quadmeta.sweep import ClusterError as ClusterError
    from quadmeta.sweep import Failure as Failure
    from quadmeta.sweep import WorkerKilled as WorkerKilled
    from quadmeta.sweep import pmap as pmap
    from quadmeta.theory import discount as discount
    from quadmeta.theory import filters as filters
    from quadmeta.theory import gradient_flow as gradient_flow
    from quadmeta.theory import phases as phases
    from quadmeta.theory import spectra as spectra
    from quadmeta.theory import task_risk as task_risk
    from quadmeta.training import auxiliary as auxiliary
    from quadmeta.training import bilevel as bilevel
    from quadmeta.training import descent as descent
    from quadmeta.training import optimal_weights as optimal_weights
    from quadmeta.training import protocol as protocol
    from quadmeta.training import schedules as schedules
    from quadmeta.training.bilevel import Adam as Adam
    from quadmeta.training.bilevel import Gradient as Gradient
    from quadmeta.training.bilevel import bilevel_descent as bilevel_descent
    from quadmeta.training.descent import iteration_bound as iteration_bound
    from quadmeta.training.descent import meta_descent as meta_descent
    from quadmeta.training.protocol import run_protocol as run_protocol
    from quadmeta.training.schedules import descend as descend
    from quadmeta.verification.box import Box as Box
    from quadmeta.verification.certificate import certificate as certificate
    from quadmeta.verification.claim import Claim as Claim
    from quadmeta.verification.claim import Form as Form
    from quadmeta.verification.collection import claim as claim
    from quadmeta.verification.instances import instances as instances
    from quadmeta.verification.instances import worst as worst
    from quadmeta.verification.ledger import Ledger as Ledger
    from quadmeta.verification.ledger import check as check
    from quadmeta.verification.ledger import ledger as ledger
    from quadmeta.verification.parameters import Parameter as Parameter
    from quadmeta.verification.verdict import Verdict as Verdict
else:
    from importlib import import_module as _import

    from quadmeta._lazy import attach as _attach

    _FAMILIES = ("problems", "optimizers", "objectives", "estimators")
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
        "Adam": "quadmeta.training.bilevel",
        "Gradient": "quadmeta.training.bilevel",
        "bilevel_descent": "quadmeta.training.bilevel",
        "iteration_bound": "quadmeta.training.descent",
        "meta_descent": "quadmeta.training.descent",
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
        "schedules": "quadmeta.training.schedules",
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
