"""A note on Navon, Achituve, Maron, Chechik and Fetaya 2021: one statement a file."""

from quadmeta.verification.citation import Citation

SOURCE = Citation(
    key="navon2021",
    kind="note",
    text=(
        "Note in Chinese on Navon, A., Achituve, I., Maron, H., Chechik, G. and Fetaya, E. "
        "Auxiliary learning by implicit differentiation. ICLR 2021"
    ),
    where="https://arxiv.org/abs/2007.02693",
    about="Navon et al. 2021",
)
