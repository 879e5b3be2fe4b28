"""Weights learned on the training loss itself: they vanish if the tasks are noisy, and need not if
they are not.
"""

from collections.abc import Iterable, Iterator, Mapping
from math import ceil
from typing import Any

import numpy as np

from quadmeta._types import Array
from quadmeta.claims.families.collapse import SIGNED, TASKS, Tasks, diagonal, least
from quadmeta.claims.navon2021 import SOURCE
from quadmeta.claims.reductions.learned import learned_weights
from quadmeta.verification.box import Box
from quadmeta.verification.claim import Claim, Form
from quadmeta.verification.finding import arrays
from quadmeta.verification.parameters import STEP_SIZE, STEPS, Instance, Parameter, Quantity, Values


class Navon2021TrivialSolution(Claim):
    """Descent of the training loss in weights and parameters: phi_k <- max(0, phi_k - beta
    ell_k(w_t)).

    w_t takes a gradient step on L_T(., phi) with step eta at the same time;
    c_k = min ell_k, mu_0 = lambda_min(A_0). The note says of clipped descent in phi that it must
    end at phi = 0. Read as above, on the training loss, it lacks a condition, noise: the losses of
    noiseless tasks that agree with the main one are summable. Compared are a lower bound of lim
    phi_1, (3) from the state after T exact steps on, and 0. Repaired, for the first of K tasks: (1)
    if c_1 > 0, phi_1 = 0 after at most ceil(phi_1/(beta c_1)) steps, whatever w_t does.
    (2) V(phi) = min_w L_T is concave with the derivatives ell_k(w_*(phi)) >= 0, and for K = 1 that
    of V does not increase in phi, so that the flow reaches 0 by the time phi/ell_1(w_*(phi)). (3)
    If c_k = 0 and b_k = b_0 for all k and eta lambda_max(H) <= 1, phi_1 never falls by more than
    beta lambda_max(A_1) |w_0 - b_0|^2 / (2 eta mu_0 (2 - eta mu_0)): a smaller beta leaves it
    positive for ever.

    Proof (repaired). (1) ell_1 >= c_1. (2) A minimum of functions affine in phi is concave, its
    derivative is that of the minimising one, and for K = 1 that of a concave function does not
    increase. (3) The weights only fall, so mu_0 I <= H(phi_t) <= I/eta and
    |w_t - b_0| <= (1 - eta mu_0)^t |w_0 - b_0|; beta sum ell_1 is at most a geometric series.
    """

    reference = "Note on Navon et al. 2021, on the trivial solution"
    source = SOURCE
    standing = "sentence"
    strength = "upper"
    draws = 100
    forms = {
        "reading": Form(
            r"\phi_k\leftarrow\max(0,\phi_k-\beta\ell_k(w_t))\implies\phi_k\to0",
            "refuted",
            "exact",
            "noiseless tasks that agree with the main one keep their weights",
            fault="condition missing",
        ),
        "repaired": Form(
            r"t_0\le\lceil\phi_1/(\beta c_1)\rceil;\quad V(\phi')\le "
            r"V(\phi)+(\phi'-\phi)^\top\ell(w_*"
            r"(\phi));\quad b_k=b_0,c_k=0:\ "
            r"\phi_1(0)-\phi_1(\infty)\le\tfrac{\beta\lambda_{\max}(A_1)R^2}"
            r"{2\eta\mu_0(2-\eta\mu_0)}",
            "holds",
            "proof + exact",
            "noise, or the exact condition for its absence",
            proved=True,
            attained=True,
        ),
    }
    domain = {
        **TASKS,
        "noise": Parameter("c_k", axis="K", reach=3),
        "other": Parameter(r"\phi'_k", axis="K", reach=4),
        "w1": SIGNED,
        "w2": SIGNED,
        "eta": STEP_SIZE,
        "beta": Parameter(r"\beta", open=True, reach=2),
        "steps": STEPS,
    }

    def assumptions(self, x: Values, form: str) -> Mapping[str, Any]:
        """0 < eta <= 1/lambda_max(H(phi(0))), and (as read) tasks not yet solved at w_0, (1) a
        noisy one.
        """
        tasks = Tasks.of(x)
        room = least(diagonal(1, 1) - x["eta"] * tasks.hessian(x["weights"]))
        start = np.array([x["w1"], x["w2"]], dtype=object)
        if form == "reading":
            own = {"ell_k(w_0) > 0": min(tasks.loss(k + 1, start) for k in range(len(x["x"])))}
        else:
            own = {"c_1 > 0": x["noise"][0]}
        return {"eta > 0": x["eta"], "eta lambda_max(H) <= 1": room, **own}

    def prepare(self, x: Instance) -> Instance:
        """Few steps, since the digits double with each: beta >= phi_1/(4 c_1); eta within its
        range.
        """
        H = Tasks.of(arrays(x)).hessian(x["weights"])
        if least(diagonal(1, 1) - x["eta"] * H) >= 0:
            eta = x["eta"]
        else:
            eta = 1 / (H[0, 0] + H[1, 1])
        if x["noise"][0]:
            beta = max(x["beta"], x["weights"][0] / x["noise"][0] / 4)
        else:
            beta = x["beta"]
        return {**x, "eta": eta, "beta": beta, "steps": min(x["steps"], 4)}

    def sides(self, x: Values, form: str) -> tuple[Any, Any]:
        """Lower bound of the limit and 0; or steps, values, slopes and falls with their bounds."""
        eta = x["eta"]
        beta = x["beta"]
        start = np.array([x["w1"], x["w2"]], dtype=object)
        noisy = Tasks.of(x)._replace(c=np.array([0, *x["noise"]], dtype=object))
        clean = noisy._replace(b=0 * noisy.b, c=0 * noisy.c)
        top = max(x["low"][0], x["high"][0]) ** 2
        mu = min(x["p"], x["q"]) ** 2
        phi = x["weights"]
        other = x["other"]
        reach = beta * top / (2 * eta * mu * (2 - eta * mu))
        if form == "reading":
            path = descent(noisy, start, phi, eta, beta)
            w, last = [next(path) for _ in range(x["steps"] + 1)][-1]
            agree = not any(x["noise"]) and not any(x["x"]) and not any(x["y"])
            return last[0] - reach * (w @ w) if agree else 0 * beta, 0 * beta
        bound = ceil(phi[0] / (beta * noisy.c[1]))
        hit = next(
            t
            for t, (_, f) in enumerate(descent(noisy, start, phi, eta, beta))
            if f[0] == 0 or t > bound
        )
        w = noisy.solution(phi)
        slopes = [noisy.loss(k + 1, w) for k in range(len(phi))]
        single = noisy._replace(A=noisy.A[:2], b=noisy.b[:2])
        far, near = (single.loss(1, single.solution(f)) for f in (phi[:1], phi[:1] / 2))
        path = descent(clean, start, phi, eta, beta)
        fall = phi[0] - [next(path)[1][0] for _ in range(x["steps"] + 1)][-1]
        return (
            np.array([hit, value(noisy, other), far, fall]),
            np.array(
                [bound, value(noisy, phi) + (other - phi) @ slopes, near, reach * (start @ start)]
            ),
        )

    def cases(self, form: str) -> Iterable[Mapping[str, Any]]:
        """One dimension in effect: solved in one step; and a task so light that its whole loss is
        spent at once.
        """
        base = {
            "p": 1,
            "q": 1,
            "low": (1,),
            "high": (1,),
            "turn": (0,),
            "x": (0,),
            "y": (0,),
            "weights": (1,),
            "noise": (0,),
            "other": (2,),
            "w1": 1,
            "w2": 0,
            "eta": "1/2",
            "beta": 1,
            "steps": 2,
        }
        if form == "reading":
            yield base
        else:
            yield {**base, "noise": ("1/2",), "w1": 0}
            yield {
                **base,
                "noise": (1,),
                "low": ("1/10000",),
                "high": ("1/10000",),
                "eta": "100000000/100000001",
            }
            yield {**base, "noise": (1,), "x": (1,), "y": (2,), "high": (2,), "eta": "1/5"}

    def without(self, assumption: str) -> Iterable[Mapping[str, Any]]:
        """A step that overshoots."""
        yield {
            **next(iter(self.cases("repaired"))),
            "w1": 1,
            "eta": 3,
            "beta": "1/100",
            "noise": (50,),
        }

    def boxes(self, form: str) -> Iterable[Box]:
        """(2) and (3); (1) compares counts."""
        if form == "repaired":
            return learned_weights()
        return ()


def descent(
    tasks: Tasks, w: Array, phi: Array, eta: Quantity, beta: Quantity
) -> Iterator[tuple[Array, Array]]:
    """(w_t, phi(t)) for t = 0, 1, ..."""
    while True:
        yield w, phi
        w, phi = (
            w - eta * (tasks.hessian(phi) @ (w - tasks.solution(phi))),
            np.array(
                [max(0 * f, f - beta * tasks.loss(k, w)) for k, f in enumerate(phi, 1)],
                dtype=object,
            ),
        )


def value(tasks: Tasks, phi: Array) -> Any:
    """V(phi) = min_w L_T(w, phi)."""
    w = tasks.solution(phi)
    return tasks.loss(0, w) + sum(f * tasks.loss(k + 1, w) for k, f in enumerate(phi))
