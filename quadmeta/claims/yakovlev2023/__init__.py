"""The slides of Yakovlev, Bakhteev and Strijov: one statement a file."""

from quadmeta.verification.citation import Citation

SOURCE = Citation(
    key="yakovlev2023",
    kind="slides",
    text=(
        "Yakovlev, K. D., Bakhteev, O. Yu. and Strijov, V. V. Search of consistent neural networks "
        "in multi-domain learning (in Russian). Slides, MIPT 2023"
    ),
    where=(
        "https://github.com/Konstantin-Iakovlev/HyperOpt/blob/"
        "f92d9ecb9e56488103d64538e0dc1614d35287cc/slides/main.pdf"
    ),
    about="",
)
