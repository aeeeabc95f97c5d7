"""Does a run say what its gradients that are zero are taken from, and what others would change?"""

from __future__ import annotations

import re

import pytest

import lifsim
from lifsim.config.workload import load_workload
from lifsim.units import format_si

IDEAL = "dram.model=ideal"


def trained(membrane: float, firing: float, *overrides: str) -> lifsim.Result:
    section = f"{{membrane_gradient_sparsity: {membrane}, firing_gradient_sparsity: {firing}, provenance: me}}"
    settings = (IDEAL, f"training={section}", *overrides)
    return lifsim.run(workload="lenet5_mnist", mode="training", batch=1, overrides=settings)


def said(result: lifsim.Result) -> str:
    return next((note for note in result.notes if note.startswith("of these ")), "")


@pytest.mark.parametrize(("membrane", "firing"), [(0.7, 0.6), (0.0, 0.0), (0.25, 0.8)])
def test_half_and_twice_are_what_runs_with_half_and_twice_spend(membrane: float, firing: float) -> None:
    """Of the shares that are not zero, at most all."""
    note, energy = said(trained(membrane, firing)), trained(membrane, firing).totals.energy_pj.total.total
    for word, factor in (("half", 0.5), ("twice", 2.0)):
        others = (max(0.0, 1 - factor * (1 - zeros)) for zeros in (membrane, firing))
        change = trained(*others).totals.energy_pj.total.total - energy
        way = f"{'more' if change > 0 else 'less'} with {word} as many"
        found = re.search(rf"([\d.]+ [a-z]?J) {way}", note)
        if change == 0:
            assert found is None
        else:
            assert found is not None
            assert found[1] == format_si(abs(change) * 1e-12, "J")
    assert format_si(energy * 1e-12, "J") in note


def test_an_array_without_gates_spends_the_same() -> None:
    """But for the multiplier of its gradient units."""
    note = said(trained(0.5, 1.0, "array.sparsity=none"))
    assert "the same however many are zero" in note


def test_what_was_measured_leaves_nothing_open() -> None:
    result = lifsim.run(workload="lenet5_mnist", mode="training", batch=1, overrides=(IDEAL,))
    assert said(result) == ""
    assert any("gradients are zero (measured): Measured with lifsim gradients" in note for note in result.notes)


def test_a_network_that_says_nothing_has_no_zeros() -> None:
    gradients = load_workload("satasim_bntt").gradients
    assert (gradients.membrane_sparsity, gradients.firing_sparsity, gradients.measured) == (0, 0, False)
