"""Names for the types that signatures of quadmeta use, for annotations of one's own."""

from quadmeta._types import (
    Arithmetic as Arithmetic,
)
from quadmeta._types import (
    Array as Array,
)
from quadmeta._types import (
    Numbers as Numbers,
)
from quadmeta._types import (
    Scalar as Scalar,
)
from quadmeta._types import (
    Spectrum as Spectrum,
)
from quadmeta._types import (
    StepSizes as StepSizes,
)

__all__ = ["Arithmetic", "Array", "Numbers", "Scalar", "Spectrum", "StepSizes"]
