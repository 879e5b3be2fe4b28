"""Estimators of a meta-gradient: one a file. They see a tape and nothing else."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from quadmeta.estimators.chebyshev_inverse import ChebyshevInverse as ChebyshevInverse
    from quadmeta.estimators.closed_form import ClosedForm as ClosedForm
    from quadmeta.estimators.conjugate_gradient import ConjugateGradient as ConjugateGradient
    from quadmeta.estimators.diagonal_inverse import DiagonalInverse as DiagonalInverse
    from quadmeta.estimators.discounted import Discounted as Discounted
    from quadmeta.estimators.dr_mad import DrMad as DrMad
    from quadmeta.estimators.fixed_gradient import FixedGradient as FixedGradient
    from quadmeta.estimators.forward import Forward as Forward
    from quadmeta.estimators.hyper_distill import HyperDistill as HyperDistill
    from quadmeta.estimators.implicit import Implicit as Implicit
    from quadmeta.estimators.kronecker_inverse import KroneckerInverse as KroneckerInverse
    from quadmeta.estimators.matrix_discount import MatrixDiscount as MatrixDiscount
    from quadmeta.estimators.momentum_discount import MomentumDiscount as MomentumDiscount
    from quadmeta.estimators.neumann import Neumann as Neumann
    from quadmeta.estimators.nystrom_conjugate_gradient import (
        NystromConjugateGradient as NystromConjugateGradient,
    )
    from quadmeta.estimators.nystrom_inverse import NystromInverse as NystromInverse
    from quadmeta.estimators.one_step import OneStep as OneStep
    from quadmeta.estimators.parts.base import (
        Estimator as Estimator,
        Hypergradient as Hypergradient,
        hypergradient as hypergradient,
    )
    from quadmeta.estimators.parts.comparison import (
        Comparison as Comparison,
        compare as compare,
    )
    from quadmeta.estimators.parts.horizons import (
        Horizon as Horizon,
        failure_horizon as failure_horizon,
    )
    from quadmeta.estimators.renormalised_reverse import RenormalisedReverse as RenormalisedReverse
    from quadmeta.estimators.reverse import Reverse as Reverse
    from quadmeta.estimators.stop_gradient import StopGradient as StopGradient
    from quadmeta.estimators.surrogate import Surrogate as Surrogate
    from quadmeta.estimators.truncated import Truncated as Truncated
    from quadmeta.objectives.parts.tape import Tape as Tape
else:
    from quadmeta._registry import family

    _SHARED = {
        "Estimator": "parts.base",
        "Hypergradient": "parts.base",
        "hypergradient": "parts.base",
        "Comparison": "parts.comparison",
        "compare": "parts.comparison",
        "Tape": "parts.base",
        "Horizon": "parts.horizons",
        "failure_horizon": "parts.horizons",
    }
    __getattr__, __dir__ = family("estimators", _SHARED)
