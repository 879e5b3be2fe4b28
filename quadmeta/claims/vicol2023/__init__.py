"""The paper of Vicol, Kolter and Swersky on ES-Single."""

from quadmeta.verification.citation import Citation

SOURCE = Citation(
    key="vicol2023",
    kind="paper",
    text=(
        "Vicol, P., Kolter, Z. and Swersky, K. Low-variance gradient estimation in unrolled "
        "computation graphs with ES-Single. ICML 2023, PMLR 202:35084-35119"
    ),
    where="https://arxiv.org/abs/2304.11153",
    about="",
)
