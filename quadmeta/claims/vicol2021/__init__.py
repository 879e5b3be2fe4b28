"""The paper of Vicol, Metz and Sohl-Dickstein on persistent evolution strategies."""

from quadmeta.verification.citation import Citation

SOURCE = Citation(
    key="vicol2021",
    kind="paper",
    text=(
        "Vicol, P., Metz, L. and Sohl-Dickstein, J. Unbiased gradient estimation in unrolled "
        "computation graphs with persistent evolution strategies. ICML 2021, PMLR 139:10553-10563"
    ),
    where="https://arxiv.org/abs/2112.13835",
    about="",
)
