"""Network optimisers: numerical trouble can be removed where the network is homogeneous; the log's
gradient has poles in the parameters.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from quadmeta._types import Array
from quadmeta.claims.families.auxiliary import ANY, slope
from quadmeta.claims.families.formulas import binary_scale, scaled
from quadmeta.claims.talk2021 import SOURCE
from quadmeta.verification.claim import Claim, Form
from quadmeta.verification.parameters import STEPS, Parameter, Quantity, Values

ERROR = Parameter("e_i", low=None, axis="d", reach=3)


class Talk2021OpenNetworkOptimizers(Claim):
    """Can explosion, vanishing and numerical trouble be alleviated for neural network optimisers?
    Open, in general.

    Stated, on quadratics, for the smallest such network, without bias, on each entry of the
    gradient g = H e: e <- e - x relu(g) + y relu(-g), G = log f(e_T)/T. Numerical trouble, yes:
    divide each state e_t by a power of two, and reverse mode b_T = grad G,
    b_t = (I - H D_t) b_{t+1} on these states, D_t = x or y by the sign of g, gives exactly dG/dx
    and dG/dy, with <b_t, e_t> = 2/T at every t. So for every optimiser whose step is positively
    homogeneous in the state. A bounded gradient, no: for two modes with e_1 > 0 > e_2,
    x = (1 - h)/lambda_1 and y = 1/lambda_2, dG/dx = -2 lambda_1/h for every T, while gradient
    descent (x = y) has a bound (``derived_log_gradient_bound``). This is a pole in the parameter,
    the same at every T, next to F = 0; explosion, which is exponential in T, it is not. With
    momentum the gradient grows like T (``derived_heavy_ball_unbounded_gradient``).

    Proof (stated). The step is linear, e_{t+1} = (I - D_t H) e_t, while no entry of g changes
    sign; dividing e_t by c divides e_T by c and changes log f(e_T) by a constant. log f is
    homogeneous of degree 2, so <grad log f, e_T> = 2, and <b_t, e_t> = <b_{t+1}, e_{t+1}>. Two
    modes: f(e_T) = lambda_1 c^2 h^(2T)/2, h = 1 - x lambda_1.
    """

    reference = "Ge 2021, talk; open question 1"
    source = SOURCE
    standing = "question"
    strength = "identity"
    draws = 50
    forms = {
        "printed": Form(
            r"\text{explosion, vanishing and numerical trouble of network optimisers can be "
            r"alleviated}",
            "undecided",
            "none",
            "an open question: neither network nor measure is given",
            testable=False,
        ),
        "stated": Form(
            r"e\leftarrow e-x(He)_++y(-He)_+:\text{ renormalised reverse mode}=\nabla_{x,y}G,\ "
            r"\langle b_t"
            r",e_t\rangle=\tfrac2T;\quad\sup|\partial_xG|=\infty",
            "holds",
            "proof + exact",
            "renormalising suits every homogeneous step; the log's gradient has a pole at every T",
            proved=True,
        ),
    }
    domain = {
        "s": Parameter("s_i", axis="d", reach=3),
        "p": ANY,
        "error": ERROR,
        "rise": Parameter("x", reach=2),
        "fall": Parameter("y", reach=2),
        "gap": Parameter("h", open=True, high=Fraction(1)),
        "steps": STEPS,
    }

    def assumptions(self, x: Values, form: str) -> Mapping[str, Any]:
        """Off the kinks of the network, and a loss that has a logarithm."""
        H = np.diag(x["s"]) + np.outer(x["p"], x["p"])
        e = x["error"]
        kink = []
        for _ in range(x["steps"]):
            kink += list(abs(H @ e))
            e = e - _slopes(H @ e, x["rise"], x["fall"]) * (H @ e)
        return {"g_i != 0": min(kink), "F > 0": e @ H @ e}

    def sides(self, x: Values, form: str) -> tuple[Any, Any]:
        """Reverse mode and inner products; dual numbers through the plain run and 2/T; 2 modes,
        and -2 lambda_1/h.
        """
        H = np.diag(x["s"]) + np.outer(x["p"], x["p"])
        T = x["steps"]
        at = (x["rise"], x["fall"])
        plain = _loss(H, x["error"], T)
        exact = [slope(plain, at, k) / plain(at) / T for k in range(2)]
        states = [scaled(x["error"])]
        for _ in range(T):
            g = H @ states[-1]
            states.append(scaled(states[-1] - _slopes(g, *at) * g))
        b = 2 * (H @ states[T]) / (states[T] @ H @ states[T]) / T
        products = [b @ states[T]]
        found = [0 * x["rise"]] * 2
        for e in reversed(states[:T]):
            g = H @ e
            D = _slopes(g, *at)
            b = b / binary_scale(e - D * g)
            found = [found[0] - b @ (g * (g > 0)), found[1] - b @ (g * (g < 0))]
            b = b - H @ (D * b)
            products.append(b @ e)
        first = 1 + max(x["s"])
        two = np.diag([first, 2 * first])
        point = ((1 - x["gap"]) / first, 1 / (2 * first))
        pair = _loss(two, np.array([1 + 0 * first, -1 + 0 * first]), T)
        return (
            np.array([*found, *products, slope(pair, point, 0) / pair(point) / T]),
            np.array([*exact, *[Fraction(2, T)] * (T + 1), -2 * first / x["gap"]]),
        )

    def cases(self, form: str) -> Iterable[Mapping[str, Any]]:
        """Signs that change on the way, of a matrix that is not diagonal."""
        yield {
            "s": (1, 0),
            "p": (1, 1),
            "error": (2, -3),
            "rise": "1/2",
            "fall": "3/4",
            "gap": "1/100",
            "steps": 4,
        }
        yield {
            "s": (1,),
            "p": (0,),
            "error": (1,),
            "rise": 3,
            "fall": "1/3",
            "gap": "1/2",
            "steps": 5,
        }


def _slopes(g: Array, rise: Quantity, fall: Quantity) -> Array:
    """The slope of the network at each entry of the gradient."""
    return np.array([rise if entry > 0 else fall for entry in g], dtype=object)


def _loss(H: Array, start: Quantity, T: int) -> Callable[[Sequence[Any]], Any]:
    """f(e_T) as a function of (x, y), on the linear piece of the run."""

    def value(at: Sequence[Any]) -> Any:
        e = start
        here = start
        for _ in range(T):
            rising = H @ here > 0
            e = e - np.array([at[0] if up else at[1] for up in rising], dtype=object) * (H @ e)
            here = np.array([getattr(entry, "value", entry) for entry in e], dtype=object)
        return e @ H @ e / 2

    return value
