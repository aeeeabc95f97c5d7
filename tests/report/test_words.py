"""Are counts, energies and what is kept told in whole words, each in one way?"""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

import lifsim
from lifsim.accounting.energy import LifUpdatePj
from lifsim.keeping import KEEPINGS
from lifsim.report.beside_table import _change
from lifsim.report.explain.beside import Beside
from lifsim.report.quantities import text_of
from lifsim.schedule.chain_notes import chain_notes

IDEAL = ["dram.model=ideal"]


def test_an_energy_has_one_form_everywhere() -> None:
    assert text_of(4112.3, "pJ each") == text_of(4112.3, "pJ") == "4.112 nJ"
    assert str(LifUpdatePj(0.25, 4112.3, 4112.3, 1.5)) == (
        "0.25 pJ work, 4.112 nJ all in (idle toggling 4.112 nJ, clock-gated 1.5 pJ)"
    )
    assert (
        Beside("energy", 4112.3, 8224.6, 4112.3, "pJ").text
        == "energy 4.112 nJ; none alike 8.225 nJ (-50.0 %), none as it is 4.112 nJ (=)"
    )
    assert Beside("time", 4112, 4112, 4112, "cycles").text.startswith("time 4,112 cycles; none alike 4,112 (=)")


def test_none_is_a_sharing_and_nothing_a_dash() -> None:
    assert _change(0, 0) == "-"
    assert _change(3, 0) == "new"


def test_one_layer_is_no_layers() -> None:
    ran = lifsim.run("sata128", "lenet5_mnist", "channel2", overrides=IDEAL)
    assert ran.plan is not None
    (first,) = [group for group in ran.plan.groups if group.first == 0]
    said = " ".join(chain_notes(replace(ran.plan, groups=(first,)), ran.sharing))
    assert re.search(r"1 layer has them whole in a fold|folds of 1 layer alternate", said)


@pytest.mark.parametrize(
    ("bptt", "sharing", "bits", "said"),
    [
        ("stored", "none", 16, "stored: u' of every call of every timestep is kept for the backward pass"),
        ("reversed", "none", 8, "reversed: calls are undone from the last state, with the bits that each call forgets"),
        ("reversed", "none", 32, "reversed: calls are undone from the last state, and from copies of it"),
        ("recomputed", "none", 16, "recomputed: u runs forward again, and nothing is kept between the passes"),
        ("recomputed", "layer+channel2", 16, "recomputed: u runs forward again, and nothing is kept"),
    ],
)
def test_what_is_kept_is_a_sentence(bptt: str, sharing: str, bits: int, said: str) -> None:
    keys = [*IDEAL, f"precision.membrane_bits={bits}", "precision.psum_bits=32"]
    ran = lifsim.run(None, "lenet5_mnist", sharing, mode="training", bptt=bptt, batch=1, overrides=keys)
    (note,) = [note for note in ran.notes if note.startswith(f"membranes of {bits} bits are ")]
    assert said in note
    assert "here:" not in note


def test_sets_that_keep_different_things_are_told_so() -> None:
    assert KEEPINGS["reversed"].sentence("bits and copies").endswith("of each set of membranes what is less")
    assert KEEPINGS["reversed"].sentence("no more").endswith("nothing else is kept")
    assert "copies of the states with which timesteps begin" in KEEPINGS["recomputed"].sentence("copies")
