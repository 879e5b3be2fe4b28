"""Inner optimizers: one a file. They know eigenvalues only, never a problem.

A method of one's own is a subclass of :class:`PolynomialOptimizer`.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from quadmeta.optimizers.adagrad import Adagrad as Adagrad
    from quadmeta.optimizers.adam_w import AdamW as AdamW
    from quadmeta.optimizers.chebyshev_iteration import ChebyshevIteration as ChebyshevIteration
    from quadmeta.optimizers.conjugate_gradient_solver import (
        ConjugateGradientSolver as ConjugateGradientSolver,
    )
    from quadmeta.optimizers.damped_newton import DampedNewton as DampedNewton
    from quadmeta.optimizers.decoupled_decay import DecoupledDecay as DecoupledDecay
    from quadmeta.optimizers.gradient_descent import GradientDescent as GradientDescent
    from quadmeta.optimizers.heavy_ball import HeavyBall as HeavyBall
    from quadmeta.optimizers.inner_adam import InnerAdam as InnerAdam
    from quadmeta.optimizers.jacobi_preconditioned import (
        JacobiPreconditioned as JacobiPreconditioned,
    )
    from quadmeta.optimizers.l2_decay import L2Decay as L2Decay
    from quadmeta.optimizers.minibatches import Minibatches as Minibatches
    from quadmeta.optimizers.nesterov import Nesterov as Nesterov
    from quadmeta.optimizers.parts.along.affine import (
        AffineOptimizer as AffineOptimizer,
        AffineResponse as AffineResponse,
    )
    from quadmeta.optimizers.parts.base import (
        LogLoss as LogLoss,
        Optimizer as Optimizer,
        PolynomialOptimizer as PolynomialOptimizer,
        Response as Response,
    )
    from quadmeta.optimizers.parts.linear_transition import (
        LinearStep as LinearStep,
        LinearTransition as LinearTransition,
    )
    from quadmeta.optimizers.parts.transition import (
        GradientStep as GradientStep,
        Transition as Transition,
    )
    from quadmeta.optimizers.preconditioned import Preconditioned as Preconditioned
    from quadmeta.optimizers.rms_prop import RmsProp as RmsProp
    from quadmeta.optimizers.schedule import Schedule as Schedule
    from quadmeta.optimizers.stochastic_gradient_descent import (
        StochasticGradientDescent as StochasticGradientDescent,
    )
else:
    from quadmeta._registry import family

    _SHARED = {
        "Optimizer": "parts.base",
        "PolynomialOptimizer": "parts.base",
        "LogLoss": "parts.base",
        "Response": "parts.base",
        "AffineOptimizer": "parts.along.affine",
        "AffineResponse": "parts.along.affine",
        "Transition": "parts.transition",
        "GradientStep": "parts.transition",
        "LinearStep": "parts.linear_transition",
        "LinearTransition": "parts.linear_transition",
    }
    __getattr__, __dir__ = family("optimizers", _SHARED)
