"""Does the note on calibrated weights say of which neurons the rates are met?"""

from __future__ import annotations

from pathlib import Path

import pytest

import lifsim

NET = """
name: net
timesteps: 4
input: {shape: [4, 4, 4], encoding: rate}
layers:
- {name: query, op: conv, out: 4, kernel: 1}
- {name: query_lif, op: lif}
- {name: key, op: conv, input: input, out: 4, kernel: 1}
- {name: key_lif, op: lif}
PRODUCT
- {name: mixed_lif, op: lif, group: mixed, neuron: {threshold: 0.5}}
- {name: fc, op: linear, out: 2}
spikes: {source: rates, provenance: nobody, rates: RATES}
"""


@pytest.mark.parametrize(
    ("product", "rates", "said"),
    [
        (
            "- {name: mixed, op: matmul, inputs: [query_lif, key_lif], heads: 1, transpose_second: true}",
            '{query: 0.5, key: 0.5, mixed: 0.5, "mixed:second": 0.5, fc: 0.5}',
            "at the workload's rates, but for mixed_lif: products of two tensors have no weights to tune",
        ),
        ("- {name: mixed, op: conv, out: 4, kernel: 1}", "{query: 0.5, key: 0.5, mixed: 0.5, fc: 0.5}", "rates"),
    ],
)
def test_neurons_behind_a_product_of_tensors_are_named(product: str, rates: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "net.yaml"
    text = NET.replace("PRODUCT", product).replace("RATES", rates)
    if "matmul" not in product:
        text = text.replace("input: input, ", "")
    path.write_text(text)
    notes = lifsim.run("sata128", str(path), spikes="engine").notes
    (note,) = (note for note in notes if "calibrated weights" in note)
    assert note.endswith(said)
