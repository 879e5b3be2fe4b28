"""The engine of verdicts: what a claim is, how it is searched, decided, certified and kept in a
ledger.

It knows no statement: claims come from any package.

Examples
--------
A step of size 2/(L + mu) contracts every mode by at most (L - mu)/(L + mu):

>>> import quadmeta as qm
>>> from quadmeta.verification import EIGENVALUES, Claim, Form
>>> class Contraction(Claim):
...     reference = "textbook"
...     strength = "tight"
...     forms = {"printed": Form(r"|1 - 2 \\lambda_i/(L + \\mu)| \\le (L - \\mu)/(L + \\mu)")}
...     domain = {"eigenvalues": EIGENVALUES}
...
...     def sides(self, x, form):
...         lam = x["eigenvalues"]
...         both = lam.max() + lam.min()
...         return abs(1 - 2 * lam / both).max(), (lam.max() - lam.min()) / both
...
>>> qm.check(Contraction)
Verdict(contraction, printed: consistent, exact, 200 instances)

With 1/L in the place of 2/(L + mu) that is false, and the smallest instance that says so is found:

>>> class Short(Contraction):
...     def sides(self, x, form):
...         lam = x["eigenvalues"]
...         return (1 - lam / lam.max()).max(), super().sides(x, form)[1]
...
>>> verdict = qm.check(Short)
>>> print("\\n".join(verdict.lines()))
short, as printed: REFUTED (exact)
  instance: eigenvalues = (2, 1)
  lhs = 1/2
  relation: <=
  rhs = 1/3
  instances: 4
>>> qm.recheck(qm.certificate(verdict))
['instance: 15 steps with fractions, 1 comparisons lhs <= rhs, 0 assumptions: as stated']
"""

from quadmeta.verification.box import Box, Coverage, Reduced
from quadmeta.verification.certificate import compare
from quadmeta.verification.citation import Citation
from quadmeta.verification.claim import Claim, Form
from quadmeta.verification.collection import collect
from quadmeta.verification.finding import Finding, examine
from quadmeta.verification.instances import strategy
from quadmeta.verification.ledger import Ledger, Row
from quadmeta.verification.needed import drop
from quadmeta.verification.parameters import (
    EIGENVALUES,
    ENERGY,
    STEP_SIZE,
    STEPS,
    WEIGHTS,
    Instance,
    Parameter,
    Values,
)
from quadmeta.verification.strength import strength
from quadmeta.verification.verdict import Verdict

# check, claim, certificate, instances, ledger and worst are functions of quadmeta itself: most of
# these words are modules here
__all__ = [
    "EIGENVALUES",
    "ENERGY",
    "STEPS",
    "STEP_SIZE",
    "WEIGHTS",
    "Box",
    "Citation",
    "Claim",
    "Coverage",
    "Finding",
    "Form",
    "Instance",
    "Ledger",
    "Parameter",
    "Reduced",
    "Row",
    "Values",
    "Verdict",
    "collect",
    "compare",
    "drop",
    "examine",
    "strategy",
    "strength",
]
