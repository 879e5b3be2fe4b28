"""The paper of Wang, Yuan, Wu and Ge on tuning a step size: one statement a file."""

from quadmeta.verification.citation import Citation

SOURCE = Citation(
    key="wang2021",
    kind="paper",
    text=(
        "Wang, X., Yuan, S., Wu, C. and Ge, R. Guarantees for tuning the step size using a "
        "learning-to-learn approach. ICML 2021, PMLR 139:10981-10990; theorems are numbered as in "
        "the version submitted to ICLR 2021, https://openreview.net/forum?id=xFYXLlpIyPQ"
    ),
    where="https://proceedings.mlr.press/v139/wang21ac.html",
    about="",
)
