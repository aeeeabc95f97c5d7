"""Does the arithmetic of an explanation evaluate to the figures of the run?"""

from __future__ import annotations

import math
import re
from typing import Any

import pytest

import lifsim
from lifsim.cli.main import main
from lifsim.errors import InputError
from lifsim.report.explain.layer import Explanation, explain

ARITHMETIC = re.compile(r"(?:[0-9]+|[-+*/() ]|ceil)+")
SMALL = ("buffers.membrane.size_bytes=4KiB", "buffers.weight.size_bytes=6KiB", "buffers.spike_out.size_bytes=1KiB")
FEW_PSUMS = "buffers.psum.size_bytes=1KiB"
TENSORS = {
    "weights": ("weights",),
    "spikes in": ("spikes_in",),
    "residual": ("residual",),
    "spikes out": ("spikes_out",),
    "membranes in": ("membrane_read",),
    "membranes out": ("membrane_write",),
    "psums": ("psum",),
}


def _evaluated(expression: str) -> int:
    assert ARITHMETIC.fullmatch(expression), expression
    return eval(expression, {"__builtins__": {}, "ceil": math.ceil})  # noqa: S307 - matched above


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"batch": 3, "overrides": SMALL},
        {"sharing": "layer", "batch": 3, "overrides": SMALL},
        {"sharing": "layer", "batch": 3, "chunk": 2, "schedule": "timestep", "overrides": SMALL},
        {"sharing": "channel2", "schedule": "timestep", "overrides": ("array.dataflow=ws", *SMALL)},
        {
            "sharing": "channel2",
            "overrides": ("array.dataflow=ws", "array.sparsity=none", "buffers.psum.size_bytes=1KiB"),
        },
        {"schedule": "timestep", "batch": 2, "overrides": ("array.dataflow=is", "buffers.psum.size_bytes=1KiB")},
        {"overrides": ("array.sparsity=skip", "array.dataflow=os", "lif.overlapped=true")},
        {"overrides": ("array.sparsity=skip",), "schedule": "timestep"},
        {"schedule": "auto", "sharing": "layer+channel4", "batch": 2},
    ],
)
@pytest.mark.parametrize("workload", ["resnet19_cifar10", "vgg9_cifar10", "mobilenet_cifar10"])
def test_every_line_evaluates_to_the_runs_figure(workload: str, settings: dict[str, Any]) -> None:
    result = lifsim.run(workload=workload, **settings)
    for record in result.records:
        explained = explain(result, record.counts.name)
        _check_layer(explained, record.counts.cycles, record.counts.dram_bytes)


def _check_layer(explained: Explanation, cycles: Any, moved: Any) -> None:
    lines = {line.quantity: line for line in explained.lines}
    for line in explained.lines:
        assert _evaluated(line.expression) == line.value, line
    for quantity, cycle_count in (("array", cycles.array), ("fill_drain", cycles.fill_drain), ("cycles", cycles.total)):
        assert lines[quantity].value == cycle_count
    assert lines["lif"].value == cycles.lif if "lif" in lines else cycles.lif == 0
    for quantity, names in TENSORS.items():
        amount = lines[quantity].value if quantity in lines else 0
        assert amount == sum(getattr(moved, name) for name in names), quantity
    assert lines["DRAM"].value == moved.total


def test_it_is_some_twenty_lines_that_name_what_they_are_made_of(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "--sharing", "layer", "--layer", "conv9"]) == 0
    out = capsys.readouterr().out
    assert 10 <= len(out.splitlines()) <= 22
    assert "conv8 to conv10 timestep by timestep" in out
    assert "weights = 512*4608 + 3*(512*4608 - 0) = 9,437,184 bytes" in out


def test_a_layer_that_is_not_there_and_figures_that_are_not_lifsims_are_refused() -> None:
    result = lifsim.run(workload="lenet5_mnist")
    with pytest.raises(InputError, match="did you mean 'conv1'"):
        explain(result, "conf1")
    with pytest.raises(InputError, match="accounting: 'satasim' must be lifsim"):
        explain(lifsim.run(arch="sata128_satasim", workload="satasim_bntt"), "Conv1")
