"""A note on the talk of Ge about Wang, Yuan, Wu and Ge 2021: one statement a file."""

from quadmeta.verification.citation import Citation

SOURCE = Citation(
    key="talk2021",
    kind="note",
    text="Note in Chinese on a talk by Rong Ge (Duke University) on learning to learn, 2021",
    where="",
    about="a talk on Wang, Yuan, Wu and Ge 2021",
)
