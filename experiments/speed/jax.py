"""Routes of the speed table by jitted JAX in float64: unrolled and differentiated."""

from collections.abc import Callable
from typing import TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.scipy.linalg import cho_factor, cho_solve

from experiments.speed.route import Case, Inputs, Route, partly

Array: TypeAlias = jax.Array
jax.config.update("jax_enable_x64", True)


def routes(case: Case, given: Inputs) -> dict[str, Route]:
    """{route: how}."""
    workload = case["workload"]
    if workload == "W1":
        return {
            "jax": Route(_reverse(case, given)),
            "jax, forward": Route(_forwards(case, given)),
        }
    if workload == "W5":
        return {"jax": Route(_reverse(case, given))}
    if workload == "W2":
        return {
            "jax": partly(case, given, {"tasks": 10}, _grid),
            "jax, reverse": partly(case, given, {"tasks": 3}, _grid_reverse),
            "jax, in modes": partly(case, given, {"tasks": 10}, _modes),
        }
    if workload == "W3":
        steps = 20
        if case["d"] <= 100:
            steps = 10**5 // case["d"]
        return {"jax": partly(case, given, {"tasks": 1, "T": steps}, _sweep)}
    if workload == "W4":
        return {
            "jax": Route(_weights(case, given, False)),
            "jax, Gram first": Route(_weights(case, given, True)),
            "jax, implicit": Route(_implicit(given), target="implicit"),
            "jax, implicit by hand": Route(_by_hand(given), target="implicit"),
        }
    return {}


def _ready(function: Callable[..., Array], *arguments: Array) -> Callable[[], Array]:
    """Compiled ahead; the arguments are on the device, the result is waited for."""
    placed = [jnp.asarray(x) for x in arguments]
    compiled = jax.jit(function).lower(*placed).compile()
    return lambda: np.asarray(compiled(*placed))


def _objective(steps: Array, H: Array, w: Array) -> Array:
    """log f(w_T) / T by T steps of these sizes."""
    w, _ = lax.scan(lambda w, eta: (w - eta * (H @ w), None), w, steps)
    return jnp.log(w @ (H @ w) / 2) / len(steps)


def _loss(case: Case) -> Callable[..., Array]:
    """The objective of one step size, or of a schedule."""

    def loss(eta: Array, H: Array, w: Array) -> Array:
        return _objective(jnp.broadcast_to(eta, case["T"]), H, w)

    return loss


def _reverse(case: Case, given: Inputs) -> Callable[[], Array]:
    return _ready(jax.grad(_loss(case)), given["eta"], given["H"], given["w"])


def _forwards(case: Case, given: Inputs) -> Callable[[], Array]:
    """Forward mode of the recursion: the tangent of w is one more column."""
    return _ready(_forward(_loss(case)), given["eta"], given["H"], given["w"])


def _over(
    case: Case, given: Inputs, slope: Callable[..., Array], *data: Array
) -> Callable[[], Array]:
    """All step sizes at once, one task after the other."""

    def run(eta: Array, *data: Array) -> Array:
        return lax.map(lambda task: jax.vmap(slope, (0, *(None for _ in data)))(eta, *task), data).T

    return _ready(run, given["eta"], *data)


def _forward(function: Callable[..., Array]) -> Callable[..., Array]:
    return lambda eta, *data: jax.jvp(lambda x: function(x, *data), (eta,), (1.0,))[1]


def _grid(case: Case, given: Inputs) -> Callable[[], Array]:
    """Forward mode: matrix products with all step sizes as columns."""
    return _over(case, given, _forward(_loss(case)), given["H"], given["w"])


def _grid_reverse(case: Case, given: Inputs) -> Callable[[], Array]:
    return _over(case, given, jax.grad(_loss(case)), given["H"], given["w"])


def _modes(case: Case, given: Inputs) -> Callable[[], Array]:
    """Forward mode of the unrolled eigenmodes, their eigendecompositions not counted."""
    lam, Q = np.linalg.eigh(given["H"])

    def loss(eta: Array, lam: Array, w: Array) -> Array:
        w, _ = lax.scan(lambda w, _: (w - eta * lam * w, None), w, length=case["T"])
        return jnp.log((lam * w * w).sum() / 2) / case["T"]

    return _over(
        case, given, _forward(loss), lam, (np.swapaxes(Q, -1, -2) @ given["w"][..., None])[..., 0]
    )


def _sweep(case: Case, given: Inputs) -> Callable[[], Array]:
    """Forward mode at all step sizes as columns, one task after the other."""
    n = case["n"]
    d = case["d"]

    def losses(eta: Array, X: Array, y: Array, X2: Array, y2: Array) -> Array:
        W, _ = lax.scan(
            lambda W, _: (W - eta * (X.T @ (X @ W - y[:, None])) / n, None),
            jnp.zeros((d, len(eta))),
            length=case["T"],
        )
        return jnp.stack(
            [((A @ W - b[:, None]) ** 2).sum(axis=0) / (2 * n) for A, b in ((X, y), (X2, y2))]
        )

    def run(eta: Array, *data: Array) -> Array:
        def one(task: tuple[Array, ...]) -> Array:
            value, slope = jax.jvp(lambda x: losses(x, *task), (eta,), (jnp.ones_like(eta),))
            return jnp.stack([value[0], slope[0], value[1], slope[1]])

        return lax.map(one, data).mean(axis=0)

    return _ready(run, given["eta"], *(given[name] for name in ("X", "y", "X2", "y2")))


def _outer(given: Inputs, W: Array) -> Array:
    return ((given["X2"] @ W - given["Y2"]) ** 2).sum() / (2 * len(given["X2"]))


def _gram(given: Inputs, alpha: Array) -> tuple[Array, Array]:
    X = given["X"]
    Y = given["Y"]
    weighted = (jax.nn.sigmoid(alpha)[:, None] * X) / len(X)
    return X.T @ weighted + given["rho"] * jnp.eye(X.shape[1]), weighted.T @ Y


def _weights(case: Case, given: Inputs, gram: bool) -> Callable[[], Array]:
    """Reverse mode through training on the loss as it is written, or on its quadratic form."""
    X = given["X"]
    Y = given["Y"]
    eta = given["eta"]

    def loss(alpha: Array) -> Array:
        s = jax.nn.sigmoid(alpha)[:, None] / len(X)

        def as_written(W: Array, _: None) -> tuple[Array, None]:
            return W - eta * (X.T @ (s * (X @ W - Y)) + given["rho"] * W), None

        step = as_written
        if gram:
            H, B = _gram(given, alpha)

            def quadratic(W: Array, _: None) -> tuple[Array, None]:
                return W - eta * (H @ W - B), None

            step = quadratic
        W, _ = lax.scan(step, jnp.zeros((X.shape[1], Y.shape[1])), length=case["T"])
        return _outer(given, W)

    return _ready(jax.grad(loss), given["alpha"])


def _implicit(given: Inputs) -> Callable[[], Array]:
    """The dense solve, differentiated."""
    return _ready(
        jax.grad(lambda alpha: _outer(given, jnp.linalg.solve(*_gram(given, alpha)))),
        given["alpha"],
    )


def _by_hand(given: Inputs) -> Callable[[], Array]:
    """The formula of the implicit gradient, written out: both solves by one Cholesky factor."""
    H2 = given["X2"].T @ given["X2"] / len(given["X2"])
    B2 = given["X2"].T @ given["Y2"] / len(given["X2"])

    def gradient(alpha: Array) -> Array:
        H, B = _gram(given, alpha)
        factor = cho_factor(H)
        W = cho_solve(factor, B)
        V = cho_solve(factor, H2 @ W - B2)
        s = jax.nn.sigmoid(alpha)
        rows = ((given["X"] @ V) * (given["X"] @ W - given["Y"])).sum(axis=1)
        return -s * (1 - s) * rows / len(rows)

    return _ready(gradient, given["alpha"])
