"""A note on Navon, Achituve, Maron, Chechik and Fetaya 2021, the first version of the paper and the
code of its authors: one statement a file.
"""

from quadmeta.verification.citation import Citation

SOURCE = Citation(
    key="navon2021",
    kind="note",
    text="Note in Chinese on the paper of Navon et al. 2021",
    where="",
    about=(
        "Navon, A., Achituve, I., Maron, H., Chechik, G. and Fetaya, E. Auxiliary learning by "
        "implicit differentiation. ICLR 2021, https://arxiv.org/abs/2007.02693"
    ),
)
PAPER = Citation(
    key="navon2021",
    kind="paper",
    text=(
        "Navon, A., Achituve, I., Maron, H., Chechik, G. and Fetaya, E. Auxiliary learning by "
        "implicit differentiation. arXiv 2007.02693, version 1, 2020"
    ),
    where="https://arxiv.org/abs/2007.02693v1",
)
CODE = Citation(
    key="navon2021",
    kind="code",
    text="AuxiLearn, the code that Navon et al. released: Hypergrad in auxilearn/implicit_diff.py",
    where=(
        "https://github.com/AvivNavon/AuxiLearn/blob/17495d6c064718606ccf3a97d9c244eea084633f/"
        "auxilearn/implicit_diff.py"
    ),
)
