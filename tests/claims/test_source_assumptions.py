"""Every published instance meets what its source assumes, written down from the source.

The margins of a claim are code of the claim. Here the assumptions of each paper, note or set of
slides stand once more, in plain fractions, and nothing of the claims is imported: an instance of a
statement of the source that breaks one of them shows nothing about the source.
"""

import json
from fractions import Fraction as F

import pytest

import quadmeta as qm
from quadmeta.certificates.published import published

# what tests an assumption of the source breaks it on purpose
DROPPED = {
    "yakovlev2023_assumption_discount_range": "printed with a misprint: gamma has no upper limit",
    "yakovlev2023_assumption_injective_cross": "fewer hyperparameters than parameters",
    "yakovlev2023_assumption_cross_bound": "a ridge strength, whose mixed derivative has no bound",
}
# limits of random least squares: sigma and the ratio n/d are all there is, and positive by domain
LIMITS = {
    "wang2021_gap_decreases",
    "wang2021_large_sample",
    "wang2021_optimal_risk",
    "wang2021_small_sample_train",
    "wang2021_small_sample_validation",
}
# counts of products and outer gradients, of which the source assumes nothing
COUNTS = {
    "navon2021_grid_search",
    "navon2021_two_stage_cost",
    "yakovlev2023_comparable_cost",
    "yakovlev2023_no_additional_cost",
    "yakovlev2023_product_counts",
}


def read(value):
    if isinstance(value, list):
        return [read(entry) for entry in value]
    return F(value)


def spectrum(x):
    """Wang et al., setting: f(w) = w'Hw/2 with eigenvalues L >= ... >= mu > 0, from a w_0 that has
    a part along both ends.
    """
    lam = x["eigenvalues"]
    size = x.get("energy") or x.get("weights") or x.get("error")
    ends = (lam.index(max(lam)), lam.index(min(lam)))
    return {
        "H is positive definite": min(lam) > 0,
        "w_0 has a part along both ends": all(size[k] != 0 for k in ends),
        "T >= 1": x["steps"] >= 1 and x["steps"].denominator == 1,
    }


def theorem_3(x):
    """Also L > mu, and a unit start where the bound has no Omega."""
    lam = x["eigenvalues"]
    return {**spectrum(x), "L > mu": max(lam) > min(lam)}


def unit(x):
    return {**theorem_3(x), "|w_0| = 1": sum(x["energy"]) == 1}


def quadratic(x):
    """Slides, assumptions 1 to 6 for L_1 = w'Hw/2 - w'(b + C alpha), J = -C'."""
    lam = x["eigenvalues"]
    mu, L = min(lam), max(lam)
    eta, gamma = x["eta"], x["gamma"]
    out = {
        "1: L_1 is strongly convex": mu > 0,
        "3: 1 - eta L <= gamma <= 1 - eta mu": 1 - eta * L <= gamma <= 1 - eta * mu,
        "gamma in (0, 1)": 0 < gamma < 1,
        "6: J'J >= kappa I > 0": all(c != 0 for c in x["cross"]),
        "eta > 0": eta > 0,
    }
    # the bound's own floor has a gradient in the place of an outer loss
    if "L2" in x:
        out["1: mu <= H_2 <= L"] = mu <= x["mu2"] <= x["L2"] <= L
    return out


def along_lines(x):
    """The same for F'' = mu + sum_j clip(c_j + s_j u_j'w, 0, h_j) u_j u_j', J = -I."""
    eta, gamma, a_mu = x["eta"], x["gamma"], x["q"] ** 2
    mu = (1 - a_mu) / eta
    L = mu + sum(x["heights"])
    return {
        "1: mu > 0, every part of the Hessian is >= 0": mu > 0 and min(x["heights"]) >= 0,
        "1: mu <= H_2 <= L": mu <= x["L2"] <= L,
        "3: 1 - eta L <= gamma <= 1 - eta mu": 1 - eta * L <= gamma <= 1 - eta * mu,
        "gamma in (0, 1)": 0 < gamma < 1,
        "eta > 0": eta > 0,
    }


def neumann(x):
    return {"the Hessian is invertible": all(value != 0 for value in x["eigenvalues"])}


SOURCES = {
    "wang2021_backprop_intermediates": spectrum,
    "wang2021_naive_lower_bound": unit,
    "wang2021_naive_strictly_convex": theorem_3,
    "wang2021_naive_upper_bound": theorem_3,
    "wang2021_log_gradient_bound": unit,
    "wang2021_log_unique_minimizer": theorem_3,
    "talk2021_almost_all_step_sizes": spectrum,
    "talk2021_logarithm_idea": spectrum,
    "talk2021_meta_steps_converge": theorem_3,
    "talk2021_shared_parameter": spectrum,
    "yakovlev2023_bias_bound": along_lines,
    "yakovlev2023_bias_bound_step_size": along_lines,
    "yakovlev2023_bias_bound_cross": along_lines,
    "yakovlev2023_inner_optimizer": along_lines,
    "yakovlev2023_assumption_smooth_convex": quadratic,
    "yakovlev2023_asymptotic": quadratic,
    "yakovlev2023_asymptotic_warm_start": quadratic,
    "yakovlev2023_bound_floor": quadratic,
}


def bounded(x):
    """The note on Navon et al.: losses bounded from below, weights phi_k >= 0."""
    return {
        "phi >= 0": all(x[name] >= 0 for name in ("phi1", "phi2", "w1", "w2") if name in x),
        "losses are bounded from below": all(
            min(x[name]) >= 0 for name in ("s0", "s1", "s2", "sA", "low") if name in x
        ),
    }


def estimators(x):
    """The slides of methods with N + 1 terms and K estimates beside the assumptions."""
    return {**quadratic(x), "K >= 1": x["estimates"] >= 1}


def few_samples(x):
    """sigma > 0, and fewer samples than features, a part f of them for training."""
    return {
        "n < d": x["ratio"] < 1,
        "0 < f < 1": 0 < x["fraction"] < 1,
        "sigma > 0": x["noise"] > 0,
    }


def many_samples(x):
    return {"n > d": 0 < x["ridge"] < 1, "0 < f <= 1": 0 < x["fraction"] <= 1}


def equal_curvature(x):
    """L = mu by the form of the instance; the others as printed."""
    mu = (1 - x["q"] ** 2) / x["eta"]
    return {
        "1: mu > 0": mu > 0,
        "1: mu_2 <= L_2 <= L": x["mu2"] <= x["L2"] <= mu,
        "6: J'J >= kappa I > 0": all(c != 0 for c in x["cross"]),
    }


def fixed_start(x):
    """The start of the inner run does not depend on alpha."""
    return {"w_0 is fixed": all(entry == 0 for entry in x["drift"])}


def meta_descent(x):
    """Theorem 4: from a start eta_1 <= M, within any epsilon > 0."""
    return {
        **unit(x),
        "eta_1 <= M": 0 <= x["start"] <= x["largest_start"],
        "e > 0": x["epsilon"] > 0,
    }


SOURCES |= {
    "wang2021_meta_descent": meta_descent,
    "navon2021_implicit_function": bounded,
    "navon2021_implicit_hypergradient": bounded,
    "navon2021_newton_prop": bounded,
    "navon2021_sign_condition": bounded,
    "navon2021_trivial_solution": bounded,
    "navon2021_two_stage": bounded,
    "navon2021_neumann_scale": neumann,
    "navon2021_neumann_series": neumann,
    "talk2021_few_samples": few_samples,
    "talk2021_many_samples": many_samples,
    "yakovlev2023_equal_curvature": equal_curvature,
    "yakovlev2023_existing_methods": along_lines,
    "yakovlev2023_hypergradient_formula": fixed_start,
    "yakovlev2023_surpasses_existing": estimators,
}


def evolution(x):
    """An inner run in windows, a step size and a perturbation of it."""
    return {
        "the inner problem is quadratic and convex": min(x["eigenvalues"]) > 0,
        "sigma > 0": x["sigma"] > 0,
        "windows of at least one step": min(x["window"], x["windows"]) >= 1,
    }


SOURCES |= {
    "vicol2021_unbiased": evolution,
    "vicol2023_unbiased": evolution,
    "vicol2023_lower_than_pes": evolution,
}


FORMS = [
    (name, form)
    for name in qm.members("claims")
    for form in qm.claim(name).forms
    if qm.claim(name).source is not None
    and form in ("printed", "reading")
    and qm.claim(name).forms[form].how not in ("none", "sampled")
    and qm.claim(name).exact
]


def test_every_statement_of_a_source_has_its_assumptions():
    silent = [name for name, _ in FORMS if name not in {*SOURCES, *DROPPED, *COUNTS, *LIMITS}]
    assert silent == []


@pytest.mark.parametrize("name, form", FORMS)
def test_the_recorded_instance_meets_them(name, form):
    found = json.loads(published()[f"{name}.{form}"].read_text(encoding="utf-8"))
    if name not in SOURCES or "instance" not in found:
        return
    x = {key: read(value) for key, value in found["instance"].items()}
    broken = [what for what, met in SOURCES[name](x).items() if not met]
    assert broken == [], f"{name}, {form} breaks of its source: {broken}"


@pytest.mark.parametrize(
    "name, form, change, broken",
    [
        ("yakovlev2023_bound_floor", "reading", {"cross": ["0", "1"]}, "6: J'J >= kappa I > 0"),
        ("yakovlev2023_asymptotic", "reading", {"gamma": "99/100"}, "3: 1 - eta L"),
        ("wang2021_naive_lower_bound", "printed", {"energy": ["1", "1"]}, "|w_0| = 1"),
        ("talk2021_few_samples", "printed", {"ratio": "2"}, "n < d"),
    ],
)
def test_an_instance_that_breaks_one_is_noticed(name, form, change, broken):
    found = json.loads(published()[f"{name}.{form}"].read_text(encoding="utf-8"))
    x = {key: read(value) for key, value in {**found["instance"], **change}.items()}
    assert [what for what, met in SOURCES[name](x).items() if not met][0].startswith(broken)
