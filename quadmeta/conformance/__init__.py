"""Is my hypergradient right? Anyone's code, or a public library's, against exact answers.

``check`` runs a code on small bilevel problems whose hypergradients are known exactly, and says
case by case whether it is right, right for the approximation it documents, not converged, or
wrong, and which mistake explains what it returned. ``check_stochastic`` does the same for draws of
a stochastic estimator. ``parametrize`` and ``assert_conforms`` put the cases into another project's
tests.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from quadmeta.conformance.board import Scoreboard as Scoreboard, scoreboard as scoreboard
    from quadmeta.conformance.case import Case as Case
    from quadmeta.conformance.cases import CASES as CASES
    from quadmeta.conformance.given import Given as Given
    from quadmeta.conformance.kinds import KINDS as KINDS
    from quadmeta.conformance.match import Match as Match
    from quadmeta.conformance.mistakes.catalog import (
        Fingerprint as Fingerprint,
        fingerprints as fingerprints,
    )
    from quadmeta.conformance.report import Report as Report
    from quadmeta.conformance.rounding import tolerance as tolerance
    from quadmeta.conformance.running import check as check
    from quadmeta.conformance.selection import FEATURES as FEATURES
    from quadmeta.conformance.stochastic.case import (
        STOCHASTIC_CASES as STOCHASTIC_CASES,
        StochasticCase as StochasticCase,
    )
    from quadmeta.conformance.stochastic.running import check_stochastic as check_stochastic
    from quadmeta.conformance.testing import (
        OneCase as OneCase,
        assert_conforms as assert_conforms,
        parametrize as parametrize,
    )
    from quadmeta.conformance.values import exact_value as exact_value
    from quadmeta.conformance.verdict import (
        NotApplicable as NotApplicable,
        Result as Result,
        Verdict as Verdict,
    )
else:
    from quadmeta._lazy import attach

    __getattr__, __dir__ = attach(
        __name__,
        {
            "CASES": "quadmeta.conformance.cases",
            "Case": "quadmeta.conformance.case",
            "FEATURES": "quadmeta.conformance.selection",
            "Fingerprint": "quadmeta.conformance.mistakes.catalog",
            "Given": "quadmeta.conformance.given",
            "KINDS": "quadmeta.conformance.kinds",
            "Match": "quadmeta.conformance.match",
            "NotApplicable": "quadmeta.conformance.verdict",
            "OneCase": "quadmeta.conformance.testing",
            "Report": "quadmeta.conformance.report",
            "Result": "quadmeta.conformance.verdict",
            "Verdict": "quadmeta.conformance.verdict",
            "STOCHASTIC_CASES": "quadmeta.conformance.stochastic.case",
            "StochasticCase": "quadmeta.conformance.stochastic.case",
            "check_stochastic": "quadmeta.conformance.stochastic.running",
            "check": "quadmeta.conformance.running",
            "assert_conforms": "quadmeta.conformance.testing",
            "exact_value": "quadmeta.conformance.values",
            "fingerprints": "quadmeta.conformance.mistakes.catalog",
            "Scoreboard": "quadmeta.conformance.board",
            "scoreboard": "quadmeta.conformance.board",
            "parametrize": "quadmeta.conformance.testing",
            "tolerance": "quadmeta.conformance.rounding",
        },
    )
