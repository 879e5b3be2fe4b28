"""PyTorch, higher, TorchOpt and betty-ml. What is imported here is imported when it is called."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from quadmeta.conformance import Given

Array = Any


def prepare() -> None:
    """One thread: the problems are tiny."""
    import torch

    torch.set_num_threads(1)


def backward(g: Given) -> Array:
    """``torch.autograd`` through a loop of gradient descent, through every feature of a case."""
    import torch

    alpha = g.alpha.clone().requires_grad_(True)
    w = g.w.clone() if g.start is None else g.start(alpha)
    w.requires_grad_(True)
    before = w
    for size in g.step_sizes:
        (step,) = torch.autograd.grad(g.inner(w, alpha), w, create_graph=True)
        if g.precondition is not None:
            step = g.precondition @ step
        ahead = w - size * step + g.momentum * (w - before)
        before = w
        w = ahead
    return torch.autograd.grad(g.outer(w, alpha), alpha)[0]


def higher_sgd(g: Given) -> Array:
    """``innerloop_ctx`` of higher around torch's SGD."""
    import higher
    import torch

    model = _model(g)
    alpha = g.alpha.clone().requires_grad_(True)
    sgd = torch.optim.SGD(model.parameters(), lr=g.step_size, momentum=g.momentum)
    with higher.innerloop_ctx(model, sgd) as (run, descent):
        for _ in range(g.steps):
            descent.step(g.inner(run(), alpha))
        return torch.autograd.grad(g.outer(run(), alpha), alpha)[0]


def torchopt_sgd(g: Given) -> Array:
    """MetaSGD of TorchOpt."""
    import torch
    import torchopt

    model = _model(g)
    alpha = g.alpha.clone().requires_grad_(True)
    descent = torchopt.MetaSGD(model, lr=g.step_size, momentum=g.momentum)
    for _ in range(g.steps):
        descent.step(g.inner(model(), alpha))
    return torch.autograd.grad(g.outer(model(), alpha), alpha)[0]


def torchopt_root(solver: str, **options: float) -> Callable[[Given], Array]:
    """``custom_root`` of TorchOpt at the minimum, with a linear solver by name."""

    def implicit(g: Given) -> Array:
        import torch
        import torchopt

        root = torchopt.diff.implicit.custom_root(
            lambda w, a: torch.func.grad(g.inner)(w, a),
            argnums=1,
            solve=getattr(torchopt.linear_solve, solver)(**options),
        )
        solve = root(lambda w, a: g.w.clone())
        alpha = g.alpha.clone().requires_grad_(True)
        found = g.outer(solve(g.w.clone(), alpha), alpha)
        return torch.autograd.grad(found, alpha)[0]

    return implicit


def betty_neumann(g: Given) -> Array:
    """The Neumann series of betty-ml."""
    from betty.hypergradient.neumann import neumann

    settings = SimpleNamespace(neumann_iterations=g.products, neumann_alpha=g.step_size)
    return _betty(neumann, g, settings)


def betty_cg(g: Given) -> Array:
    """The conjugate gradients of betty-ml, as many steps as there are weights."""
    from betty.hypergradient.cg import cg

    return _betty(cg, g, SimpleNamespace(cg_iterations=g.w.numel(), cg_alpha=1.0))


def _betty(method: Callable[..., Any], g: Given, settings: SimpleNamespace) -> Array:
    """A method of betty-ml between two levels; the direct term is added, as its engine does."""
    import torch

    w = torch.nn.Parameter(g.w.clone())
    alpha = torch.nn.Parameter(g.alpha.clone())
    lower = SimpleNamespace(
        paths=[],
        config=settings,
        cur_batch=None,
        training_step_exec=lambda batch: g.inner(w, alpha),
        trainable_parameters=lambda: [w],
        parameters=lambda: [w],
    )
    upper = SimpleNamespace(trainable_parameters=lambda: [alpha])
    slope, direct = torch.autograd.grad(g.outer(w, alpha), [w, alpha], allow_unused=True)
    (found,) = method([slope], lower, upper)
    return found if direct is None else found + direct


def _model(g: Given) -> Array:
    """A module whose only parameter is w, which is what it returns."""
    import torch

    class Weights(torch.nn.Module):  # type: ignore[misc]
        """The weights of a case."""

        def __init__(self) -> None:
            super().__init__()
            self.w = torch.nn.Parameter(g.w.clone())

        def forward(self) -> Array:
            """What they are."""
            return self.w

    return Weights()
