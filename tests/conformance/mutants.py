"""Random algebraic mutants of the reference implementations, put before the kit.

``python -m tests.conformance.mutants`` makes at least two hundred of them for each array library,
evaluates each in fractions to know whether it differs from the right value at all, and counts
those that the kit finds. ``--library jax`` takes every product from ``jax.grad`` of the losses.
"""

import argparse
import ast
import copy
import inspect
import random
import sys
from fractions import Fraction
from types import SimpleNamespace

import mpmath
import numpy as np

from quadmeta import conformance
from quadmeta.conformance import CASES, exact_value
from quadmeta.conformance.problem import DIGITS, ExactProblem
from tests.conformance import reference

KINDS = ("unrolled", "discounted", "neumann", "implicit")
SUPPORTS = {"unrolled": ("momentum", "schedule", "start", "preconditioner")}
_SIGNS = (ast.Add, ast.Sub)
_FACTORS = (ast.Mult, ast.Div)
_VECTORS = {
    "unrolled": ("adjoint", "later", "pulled", "product", "carried"),
    "discounted": ("gradient",),
    "neumann": ("term", "total"),
    "implicit": ("x", "residual", "direction", "product", "right"),
}


class _Mutation(ast.NodeTransformer):
    """Changes the node of one number, counted over those that can be changed."""

    def __init__(self, target, kind, rng):
        self.target = target
        self.seen = -1
        self.kind = kind
        self.rng = rng

    def _mine(self):
        self.seen += 1
        return self.seen == self.target

    def visit_BinOp(self, node):
        self.generic_visit(node)
        if not self._mine():
            return node
        kinds = _SIGNS if isinstance(node.op, _SIGNS) else _FACTORS
        change = self.rng.choice(("operator", "left", "right"))
        if change == "operator" or isinstance(node.op, ast.Pow):
            other = kinds[1] if isinstance(node.op, kinds[0]) else kinds[0]
            return ast.BinOp(node.left, other(), node.right)
        return node.left if change == "left" else node.right

    def visit_Constant(self, node):
        if not isinstance(node.value, int) or isinstance(node.value, bool) or not self._mine():
            return node
        return ast.Constant(self.rng.choice([k for k in (0, 1, 2) if k != node.value]))

    def visit_Name(self, node):
        names = _VECTORS[self.kind]
        loaded = isinstance(node.ctx, ast.Load) and node.id in names and len(names) > 1
        if not loaded or not self._mine():
            return node
        return ast.Name(self.rng.choice([name for name in names if name != node.id]), node.ctx)

    def visit_Subscript(self, node):
        self.generic_visit(node)
        if not self._mine():
            return node
        index = self.rng.choice(("earlier", "last", "first"))
        new = {
            "earlier": ast.BinOp(node.slice, ast.Sub(), ast.Constant(1)),
            "last": ast.UnaryOp(ast.USub(), ast.Constant(1)),
            "first": ast.Constant(0),
        }[index]
        return ast.Subscript(node.value, new, node.ctx)


def mutant(kind, seed):
    """(source, function) of one mutant: one change, or now and then two."""
    rng = random.Random(seed)
    tree = ast.parse(inspect.getsource(getattr(reference, kind)))
    for _ in range(rng.choice((1, 1, 1, 2))):
        counter = _Mutation(-1, kind, rng)
        counter.visit(copy.deepcopy(tree))
        tree = _Mutation(rng.randrange(counter.seen + 1), kind, rng).visit(tree)
    source = ast.unparse(ast.fix_missing_locations(tree))
    space = {}
    exec(compile(source, f"<mutant {kind} {seed}>", "exec"), space)
    return source, space[kind]


def handed(g):
    """What a reference needs beside the attributes of ``g``, in the library of ``g``."""
    P = g.precondition

    def start_product(adjoint):
        if g.start is None:
            return 0 * g.alpha
        zero = 0 * g.alpha
        units = g.xp.eye(len(g.alpha))
        columns = [g.start(unit) - g.start(zero) for unit in units]
        return g.xp.stack([column @ adjoint for column in columns])

    names = ("w", "alpha", "start", "step_sizes", "step_size", "steps", "momentum", "gamma")
    names += ("products", "iterations", "gradient", "hvp", "mixed", "outer_gradient", "direct")
    return SimpleNamespace(
        **{name: getattr(g, name) for name in names},
        push=lambda v: v if P is None else P @ v,
        pull=lambda v: v if P is None else P.T @ v,
        start_product=start_product,
        dot=lambda u, v: u.reshape(-1) @ v.reshape(-1),
        ended=1e-28,
    )


def handed_by_jax(g):
    """The same with every product by automatic differentiation of the two losses."""
    import jax

    gradient = jax.grad(g.inner)
    found = handed(g)
    found.gradient = gradient
    found.hvp = lambda w, a, v: jax.jvp(lambda x: gradient(x, a), (w,), (v,))[1]
    found.mixed = lambda w, a, v: jax.grad(lambda b: gradient(w, b).reshape(-1) @ v.reshape(-1))(a)
    found.outer_gradient = jax.grad(g.outer)
    found.direct = jax.grad(g.outer, argnums=1)
    return found


def exactly(case, kind):
    """The same in exact numbers."""
    p = ExactProblem(case)
    w = p.start
    if kind in ("implicit", "neumann"):
        w = p.minimum if kind == "implicit" else p.point
    return SimpleNamespace(
        w=w,
        alpha=p.alpha,
        start=None,
        step_sizes=p.step_sizes,
        step_size=p.step_sizes[0],
        steps=case.steps,
        momentum=p.momentum,
        gamma=p.scalar(case.gamma),
        products=case.products,
        iterations=case.size if case.iterations is None else case.iterations,
        gradient=lambda w, a: p.gradient(w),
        hvp=lambda w, a, v: p.hessian @ v,
        mixed=lambda w, a, v: p.jacobian(w) @ v,
        outer_gradient=lambda w, a: p.outer_gradient(w),
        direct=lambda w, a: p.direct(w),
        push=lambda v: p.preconditioner @ v,
        pull=lambda v: p.preconditioner.T @ v,
        start_product=lambda adjoint: p.start_slope.T @ adjoint,
        dot=lambda u, v: u @ v,
        ended=Fraction(1, 10**28) if not case.exponential else mpmath.mpf(10) ** -28,
    )


def short(kind):
    """The cases that mutants are tried on: those that fractions do in milliseconds."""
    able = SUPPORTS.get(kind, ())
    return [
        case
        for case in CASES
        if kind in case.kinds
        and case.needs <= set(able)
        and case.steps <= 10
        and case.products <= 10
        and not case.exponential
        and case.adam is None
    ]


def differs(function, kind, cases):
    """Whether the mutant is wrong, by more than 1e-6, on some case in exact numbers."""
    for case in cases:
        try:
            with mpmath.workdps(DIGITS):
                value = np.asarray(function(exactly(case, kind)), dtype=object)
                right = exact_value(case, kind)
                scale = max(abs(entry) for entry in right) or 1
                if value.shape != right.shape or any(
                    abs(a - b) > scale * Fraction(1, 10**6)
                    for a, b in zip(value, right, strict=True)
                ):
                    return True
        except Exception:  # a mutant may do anything, and not working is a difference
            return True
    return False


def found(function, kind, cases, library="numpy"):
    """Whether the kit notices the mutant."""
    prepare = handed_by_jax if library == "jax" else handed
    report = conformance.check(
        lambda g: function(prepare(g)),
        kind=kind,
        xp=library,
        supports=SUPPORTS.get(kind, ()),
        cases=[case.name for case in cases],
    )
    return not report.passes


def survivors(count, library, seed=0, cases_of=short):
    """(number that differ, sources of those that the kit calls right)."""
    wrong = 0
    missed = []
    for k in range(count):
        kind = KINDS[k % len(KINDS)]
        cases = cases_of(kind)
        source, function = mutant(kind, seed + k)
        with np.errstate(all="ignore"):
            if not differs(function, kind, cases):
                continue
            wrong += 1
            if not found(function, kind, cases, library):
                missed.append(source)
    return wrong, missed


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=400)
    parser.add_argument("--library", choices=("numpy", "jax"), default="numpy")
    options = parser.parse_args()
    cases_of = short
    if options.library == "jax":
        import jax

        jax.config.update("jax_enable_x64", True)

        def cases_of(kind):
            few = ("generic", "noncommuting", "direct_term", "schedule", "momentum_start")
            few += ("preconditioned_noncommuting", "one_step", "square_cross")
            return [case for case in short(kind) if case.name in few]

    wrong, missed = survivors(options.count, options.library, cases_of=cases_of)
    for source in missed:
        print(source, end="\n\n")
    share = 1 - len(missed) / wrong
    print(f"{options.library}: {options.count} mutants, {wrong} differ, {share:.1%} of them found")
    return 0 if wrong >= 200 and share >= 0.99 else 1


if __name__ == "__main__":
    sys.exit(main())
