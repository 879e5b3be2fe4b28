"""Names for the types that signatures of quadmeta use, for annotations of one's own."""

from quadmeta._types import (
    Arithmetic as Arithmetic,
    Array as Array,
    Numbers as Numbers,
    Scalar as Scalar,
    Spectrum as Spectrum,
    StepSizes as StepSizes,
)

__all__ = ["Arithmetic", "Array", "Numbers", "Scalar", "Spectrum", "StepSizes"]
