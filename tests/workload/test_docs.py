"""Does the example in the documentation load?"""

from __future__ import annotations

import re
from pathlib import Path

from lifsim.config.document import parse_document
from lifsim.config.workload import network_of


def test_the_documented_example_is_a_network():
    text = (Path(__file__).parents[2] / "docs" / "workloads.md").read_text(encoding="utf-8")
    example = re.search(r"```yaml\n(name: small\n.*?)```", text, re.DOTALL)
    network = network_of(parse_document(example[1], "docs/workloads.md"))
    assert [layer.name for layer in network.layers] == ["conv1", "conv2", "fc"]
    assert network.layers[1].residuals[0].name == "lif1"
