"""Bilevel problems by losses in JAX and PyTorch, where these are installed."""

import sys
from importlib import import_module

import numpy as np
import pytest

import quadmeta as qm
from tests.bilevel import ESTIMATORS
from tests.refusals import refused

# of what the libraries import, some of it late
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

NATIVE = qm.Coupled.random(np.linspace(0.1, 1, 6), h=3, seed=0)
ALPHA = np.array([0.3, -0.2, 0.5])


class Library:
    """What losses are written with."""

    def __init__(self, name):
        self.name = name
        pytest.importorskip(name, reason=f"{name} is not installed")
        if name == "jax":
            import_module("jax").config.update("jax_enable_x64", True)
            self.xp = import_module("jax.numpy")
            self.array = self.xp.asarray
        else:
            self.xp = import_module("torch")
            self.array = lambda values: self.xp.from_numpy(np.array(values))

    def problem(self, inner, outer, start=NATIVE.start, alpha=ALPHA):
        return qm.BilevelProblem.from_functions(inner, outer, start, alpha, library=self.name)

    def coupled(self):
        """The losses of NATIVE."""
        arrays = (NATIVE.hessian, NATIVE.cross, NATIVE.linear)
        H, C, b = map(self.array, arrays)
        H2, b2 = map(self.array, (NATIVE.outer_hessian, NATIVE.outer_linear[:, 0]))
        return (
            lambda w, alpha: w @ (H @ w) / 2 - w @ (b + C @ alpha),
            lambda w, alpha: w @ (H2 @ w) / 2 - b2 @ w,
        )


@pytest.fixture(params=["jax", "torch"], scope="module")
def library(request):
    return Library(request.param)


def test_estimates_are_those_of_the_class(library):
    problem = library.problem(*library.coupled())
    optimizer = qm.GradientDescent(steps=8, step_size=0.5)
    for estimator in ESTIMATORS:
        found = qm.hypergradient(qm.OuterLoss(problem, optimizer), ALPHA, estimator).value
        expected = qm.hypergradient(qm.OuterLoss(NATIVE, optimizer), ALPHA, estimator).value
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-15 * abs(expected).max())


def test_trees_direct_term_and_a_start_of_the_hyperparameters(library):
    """A small network against central differences of the whole run."""
    xp = library.xp
    rng = np.random.default_rng(0)
    x, y = map(library.array, (rng.standard_normal((8, 2)), rng.standard_normal(8)))
    first = library.array(rng.standard_normal((2, 3)))

    def misfit(w):
        return ((xp.tanh(x @ w["in"]) @ w["out"] - y) ** 2).mean()

    def inner(w, alpha):
        ridge = alpha["log ridge"]
        sizes = ridge[0].exp() if library.name == "torch" else xp.exp(ridge[0])
        return misfit(w) + sizes * (w["in"] ** 2).sum() + ridge[1] ** 2 * (w["out"] ** 2).sum()

    def outer(w, alpha):
        return misfit(w) + (alpha["log ridge"] ** 2).sum() / 10

    def start(alpha):
        return {"in": first * alpha["scale"], "out": first[0] + alpha["log ridge"][1]}

    alpha = {"log ridge": np.array([-1.0, 0.5]), "scale": np.array(0.7)}
    problem = library.problem(inner, outer, start, alpha)
    assert problem.weights(np.arange(9.0))["in"].shape == (2, 3)
    assert float(problem.settings(problem.alpha)["scale"]) == 0.7
    np.testing.assert_array_equal(problem.vector(alpha), problem.alpha)
    turned = dict(reversed(alpha.items()))
    np.testing.assert_array_equal(problem.vector(turned), problem.alpha)
    loss = qm.OuterLoss(problem, qm.GradientDescent(steps=5, step_size=0.1))
    step = 1e-5
    moved = step * np.eye(3)
    numeric = [(loss(problem.alpha + e) - loss(problem.alpha - e)) / (2 * step) for e in moved]
    for estimator in (qm.Reverse(), qm.Forward()):
        found = qm.hypergradient(loss, problem.alpha, estimator).value
        np.testing.assert_allclose(found, numeric, rtol=1e-7)


def test_what_is_no_loss_is_named(library):
    inner, outer = library.coupled()
    calls = []

    def random(w, alpha):
        calls.append(1)
        return inner(w, alpha) + len(calls)

    def single(w, alpha):
        found = inner(w, alpha)
        return found.float() if library.name == "torch" else found.astype("float32")

    for loss, message in {
        lambda w, alpha: w: r"inner returns shape \(6,\), it must be a scalar",
        lambda w, alpha: inner(w, alpha) / 0: "inner = (nan|-?inf) at the start",
        lambda w, alpha: w @ alpha: "inner fails with",
        single: "inner returns float32",
        random: "inner is random",
    }.items():
        with refused(message):
            library.problem(loss, outer)
    with refused("start holds .*float32"):
        library.problem(inner, outer, NATIVE.start.astype(np.float32))
    for alpha in (True, "abc", np.array([1j])):
        with refused("alpha holds .*, it must be float64"):
            library.problem(inner, outer, NATIVE.start, alpha)
    with refused("inner = 3"):
        library.problem(3, outer)


def test_jax_says_what_it_cannot_trace():
    library = Library("jax")
    inner, outer = library.coupled()
    kept = []

    def keeps(w, alpha):
        kept.append(w)
        return inner(kept[-2] if len(kept) > 3 else w, alpha)

    def branches(w, alpha):
        return inner(w, alpha) if w[0] > 0 else w @ w

    for loss, message in {
        lambda w, alpha: inner(np.asarray(w), alpha): "it leaves JAX for numpy",
        branches: "branches on a value",
        keeps: "keeps a traced array",
    }.items():
        with refused(message):
            library.problem(loss, outer)


def test_32_bits_of_jax_are_refused():
    library = Library("jax")
    jax = import_module("jax")
    jax.config.update("jax_enable_x64", False)
    try:
        with refused("computes in 32 bits: call jax.config.update"):
            library.problem(*library.coupled())
    finally:
        jax.config.update("jax_enable_x64", True)


def test_the_library_is_named():
    with refused("library = 'tensorflow' must be 'jax' or 'torch'"):
        qm.BilevelProblem.from_functions(abs, abs, [1.0], [1.0], library="tensorflow")


def test_a_library_that_is_missing_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(ModuleNotFoundError, match="library = 'torch' needs the package torch"):
        qm.BilevelProblem.from_functions(abs, abs, [1.0], [1.0], library="torch")


def test_what_is_detached_is_found_by_differences(library):
    inner, outer = library.coupled()
    if library.name == "jax":
        detach = import_module("jax").lax.stop_gradient
    else:
        detach = library.xp.Tensor.detach
    assert library.problem(inner, outer).check(ALPHA).passes
    for loss, names in {
        lambda w, alpha: inner(w, detach(alpha)): ["mixed"],
        lambda w, alpha: inner(w, alpha) + (w * detach(w)).sum(): ["gradient", "hvp"],
    }.items():
        found = library.problem(loss, outer).check(ALPHA)
        assert [check.name for check in found.failing] == names, found
    found = library.problem(inner, lambda w, alpha: outer(w, alpha) + detach(alpha).sum())
    assert [check.name for check in found.check(ALPHA).failing] == ["direct term"]
