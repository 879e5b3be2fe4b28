"""How many Lanczos steps are taken, and how: what all constructors of a Gauss rule are told."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from quadmeta._types import Array, Scalar
from quadmeta._validate import flag, function, natural, number, shaped
from quadmeta.problems.parts.gauss_rule import Bounds, Quantity
from quadmeta.problems.parts.lanczos import lanczos
from quadmeta.problems.parts.operator import Product
from quadmeta.problems.parts.settled import Problem, grow
from quadmeta.problems.parts.short_lanczos import short_lanczos


class LanczosOptions(NamedTuple):
    """What all constructors take, read before the first product is spent."""

    modes: int
    """The largest number of steps."""
    bounds: Bounds | None
    """(mu, L), where they are known."""
    quantity: Quantity | None
    """What is to settle."""
    tolerance: float
    """Of it, relative."""
    reorthogonalize: bool
    """Whether the vectors are stored."""

    @classmethod
    def read(
        cls,
        modes: int,
        bounds: Sequence[float] | None,
        quantity: Quantity | None,
        tolerance: Scalar,
        reorthogonalize: bool,
    ) -> "LanczosOptions":
        """The arguments of a constructor. Raises ValueError where one is wrong."""
        if quantity is not None:
            quantity = function("quantity", quantity, "a function of this problem, or None")
        ends = None
        if bounds is not None:
            mu, L = shaped("bounds", bounds, (2,), "(2,): (mu, L)").tolist()
            ends = (mu, L)
        return cls(
            natural("modes", modes),
            ends,
            quantity,
            number("tolerance", tolerance, above=0.0, remedy="pass a relative error"),
            flag("reorthogonalize", reorthogonalize),
        )

    def grow(
        self,
        build: Callable[[Array, Array], Problem],
        product: Product,
        start: Array,
        eps: float,
    ) -> Problem:
        """The problem after as many Lanczos steps from ``start`` as are asked for.

        ``build`` makes it from the diagonal of the Jacobi matrix and the entries beside it;
        ``eps`` is the precision of ``product``.
        """
        run = lanczos if self.reorthogonalize else short_lanczos
        steps = run(product, start, self.modes, eps)
        # a quantity is one of any problem, so that the type is not inferred
        found: Problem = grow(build, steps, self.modes, self.quantity, self.tolerance)
        return found
