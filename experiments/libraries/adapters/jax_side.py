"""JAX, jaxopt, optimistix, optax and gradhpo, each imported when it is called."""

from collections.abc import Callable
from functools import partial
from typing import Any

from quadmeta.conformance import Given

Array = Any
STEPS_REACHED = "maximum number of steps was reached"


def prepare() -> None:
    """Double precision, as every library here asks for."""
    import jax

    jax.config.update("jax_enable_x64", True)


def _descend(g: Given, alpha: Array) -> Array:
    """w_T of plain gradient descent, through every feature of a case."""
    import jax

    gradient = jax.grad(g.inner)
    w = g.w if g.start is None else g.start(alpha)
    before = w
    for size in g.step_sizes:
        step = gradient(w, alpha)
        if g.precondition is not None:
            step = g.precondition @ step
        ahead = w - size * step + g.momentum * (w - before)
        before = w
        w = ahead
    return w


def reverse(g: Given) -> Array:
    """``jax.grad`` of the outer loss of the run."""
    import jax

    return jax.grad(lambda a: g.outer(_descend(g, a), a))(g.alpha)


def forward(g: Given) -> Array:
    """``jax.jacfwd`` of the same."""
    import jax

    return jax.jacfwd(lambda a: g.outer(_descend(g, a), a))(g.alpha)


def optax_unrolled(g: Given) -> Array:
    """``jax.grad`` through steps of ``optax.sgd`` with momentum, or of ``optax.adam``."""
    import jax
    import optax

    if g.adam is None:
        optimizer = optax.sgd(g.step_size, momentum=g.momentum or None)
    else:
        optimizer = optax.adam(
            g.adam["step_size"],
            b1=g.adam["first"],
            b2=g.adam["second"],
            eps=g.adam["epsilon"],
            eps_root=g.adam["root"],
        )

    def outer(alpha: Array) -> Array:
        w = g.w
        state = optimizer.init(w)
        for _ in range(g.steps):
            updates, state = optimizer.update(jax.grad(g.inner)(w, alpha), state)
            w = optax.apply_updates(w, updates)
        return g.outer(w, alpha)

    return jax.grad(outer)(g.alpha)


def jaxopt_unrolled(**options: bool) -> Callable[[Given], Array]:
    """GradientDescent, unrolled, with as many steps as asked; ``options`` say whether it is
    accelerated, as it is by default.
    """

    def unrolled(g: Given) -> Array:
        import jax
        import jaxopt

        descent = jaxopt.GradientDescent(
            g.inner,
            stepsize=g.step_size,
            maxiter=g.steps,
            tol=0.0,
            implicit_diff=False,
            unroll=True,
            jit=False,
            **options,
        )
        return jax.grad(lambda a: g.outer(descent.run(g.w, a).params, a))(g.alpha)

    return unrolled


def jaxopt_root(solver: str, **options: float) -> Callable[[Given], Array]:
    """``custom_root`` at the minimum that is handed over, with a linear solver by name."""

    def implicit(g: Given) -> Array:
        import jax
        from jaxopt import implicit_diff, linear_solve

        solve = partial(getattr(linear_solve, solver), **options)
        root = implicit_diff.custom_root(jax.grad(g.inner), solve=solve)
        minimum = root(lambda _, a: g.w)
        return jax.grad(lambda a: g.outer(minimum(None, a), a))(g.alpha)

    return implicit


def _at_its_end(g: Given, run: Callable[[Array], Array]) -> tuple[Array, Array]:
    """The hypergradient through a solver's ``run``, and where that ended."""
    import jax

    def outer(alpha: Array) -> tuple[Array, Array]:
        w = run(alpha)
        return g.outer(w, alpha), w

    found: tuple[Array, Array] = jax.grad(outer, has_aux=True)(g.alpha)
    return found


def jaxopt_solved(g: Given) -> tuple[Array, Array]:
    """GradientDescent with implicit differentiation, all settings at their defaults."""
    import jaxopt

    return _jaxopt_descent(g, jaxopt.GradientDescent(g.inner))


def jaxopt_solved_tight(g: Given) -> tuple[Array, Array]:
    """The same with a tight tolerance, the right step size and enough steps."""
    import jaxopt

    descent = jaxopt.GradientDescent(
        g.inner, stepsize=1 / g.L, acceleration=False, tol=1e-12, maxiter=500_000
    )
    return _jaxopt_descent(g, descent)


def _jaxopt_descent(g: Given, descent: Any) -> tuple[Array, Array]:
    from jax import numpy as jnp

    return _at_its_end(g, lambda a: descent.run(jnp.zeros_like(g.w), a).params)


def optimistix_bfgs(tolerance: float, steps: int) -> Callable[[Given], tuple[Array, Array]]:
    """BFGS with the implicit adjoint, which is its default."""
    return _minimised(lambda g, optx: optx.BFGS(tolerance, tolerance), steps)


def optimistix_descent(tolerance: float, steps: int) -> Callable[[Given], tuple[Array, Array]]:
    """GradientDescent at the step size 1 / L with the implicit adjoint."""
    return _minimised(lambda g, optx: optx.GradientDescent(1 / g.L, tolerance, tolerance), steps)


def _minimised(
    solver: Callable[[Given, Any], Any], steps: int
) -> Callable[[Given], tuple[Array, Array]]:
    """Raises where the steps do not suffice, as the library does unless told not to."""

    def solved(g: Given) -> tuple[Array, Array]:
        import optimistix as optx
        from jax import numpy as jnp

        def run(a: Array) -> Array:
            start = jnp.zeros_like(g.w)
            return optx.minimise(g.inner, solver(g, optx), start, args=a, max_steps=steps).value

        try:
            return _at_its_end(g, run)
        except RuntimeError as error:
            # the library says so in the middle of a long message
            if STEPS_REACHED in str(error):
                raise RuntimeError(STEPS_REACHED) from error
            raise

    return solved


def gradhpo_greedy(g: Given) -> Array:
    """GreedyOptimizer: discounted single steps."""
    import gradhpo
    import optax

    greedy = gradhpo.GreedyOptimizer(
        optax.sgd(g.step_size), optax.sgd(0.1), unroll_steps=g.steps, gamma=g.gamma
    )
    state = greedy.init(g.w, g.alpha)
    return greedy.compute_hypergradient(
        state, None, None, lambda w, a, _: g.inner(w, a), lambda w, a, _: g.outer(w, a)
    )
