"""Is every fault of a workload reported at once, where it stands?"""

from __future__ import annotations

import pytest

from lifsim.config.document import parse_document
from lifsim.config.overrides import override
from lifsim.config.workload import network_of
from lifsim.errors import InputError
from lifsim.model.members import any_of
from tests.workload.building import faults_of

HEAD = "name: t\ntimesteps: 4\ninput: {shape: [3, 8, 8]}\nlayers:\n"


def test_all_misfits_of_a_graph_are_reported_at_once_with_their_lines():
    faults = faults_of(
        HEAD
        + """\
  - {name: conv1, op: conv, out: 8, kernel: 3}
  - {name: lif1, op: lif}
  - {name: big, op: conv, input: lif1, out: 8, kernel: 9, padding: 1}
  - {name: uneven, op: conv, input: lif1, out: 9, kernel: 1, groups: 3}
  - {name: sum, op: add, inputs: [conv1, conv7]}
  - {name: other, op: avg_pool, input: lif1, output: [4, 4]}
  - {name: conv2, op: conv, input: lif1, out: 4, kernel: 1}
  - {name: shapes, op: add, inputs: [conv2, lif1]}
  - {name: conv1, op: linear, out: 3}
spikes:
  source: rates
  provenance: nowhere
  rates: {conv1: 0.5, convv2: 0.1, conv2: [0.1, 0.2]}
"""
    )
    expected = [
        ("7:5", "layers.big:", "must be read by a later layer"),
        ("7:", "layers.big.kernel", "[9, 9] must fit into the padded map [8, 8]"),
        ("8:", "layers.uneven.groups", "3 must divide the 8 input channels"),
        ("8:", "layers.uneven:", "must be read by a later layer"),
        ("9:", "layers.sum.inputs.1", "'conv7' must be a layer above; did you mean 'conv1'?"),
        ("9:", "layers.sum:", "must be read by a later layer"),
        ("10:", "layers.other.output", "[4, 4] must divide the map [6, 6]"),
        ("10:", "layers.other:", "must be read by a later layer"),
        ("12:", "layers.shapes.inputs", "must have one shape: conv2 [4, 6, 6], lif1 [8, 6, 6]"),
        ("13:", "layers.conv1.name", "'conv1' must be a name that no other layer has"),
        ("17:", "spikes.rates.convv2", f"must be a layer of kind {any_of('layer')}; did you mean 'conv2'?"),
        ("17:", "spikes.rates.conv2", "must have one rate, or 4, one per timestep; has 2"),
    ]
    for line, path, message in expected:
        assert any(f"test.yaml:{line}" in fault and path in fault and message in fault for fault in faults), message
    assert len(faults) == len(expected)


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        ("{name: a, op: conv, out: 8}", "layers.a.kernel: must be given"),
        ("{name: a, op: conv, kernel: 3}", "layers.a.out: must be given"),
        ("{name: a, op: convv, out: 8, kernel: 3}", "did you mean 'conv'?"),
        (
            "{name: a, op: conv, out: 8, kernel: 3, strid: 2}",
            "layers.a.strid: is not a known key; did you mean 'stride'?",
        ),
        ("{name: a, op: conv, out: 0, kernel: 3}", "layers.a.out: 0 must be >= 1"),
        ("{name: a, op: conv, out: 2.5, kernel: 3}", "layers.a.out: 2.5 must be a whole number"),
        ("{name: a, op: conv, out: 8, kernel: 0}", "must be a whole number from 1 to 4096 or a list of two"),
        ("{name: a, op: conv, out: 8, kernel: [3, 3, 3]}", "must be a whole number from 1 to 4096 or a list of two"),
        ("{name: a, op: conv, out: 8, kernel: 3, padding: -1}", "must be a whole number from 0 to 4096"),
        ("{name: a, op: conv, out: 8, kernel: 2, padding: same}", "'same' must go with odd kernels, not [2, 2]"),
        ("{name: a, op: conv, out: 8, kernel: 1, groups: 3}", "layers.a.groups: 3 must divide the 8 output channels"),
        ("{name: a, op: conv, depthwise: true, kernel: 1, groups: 3}", "must not be given with depthwise"),
        ("{name: a, op: conv, out: 8, kernel: 1, in_shape: [3, 4]}", "must be [channels, height, width]"),
        (
            "{name: a, op: conv, out: 8, kernel: 1, in_shape: [3, 4, 4], input: input}",
            "must not be given with in_shape",
        ),
        ("{name: 1, op: linear, out: 8}", "layers.0.name: 1 must be text"),
        ("{name: a.b, op: linear, out: 8}", "layers.0.name: 'a.b' must match"),
        ("{name: input, op: linear, out: 8}", "'input' must be a name that no other layer has"),
        ("{name: a, op: linear, out: 8, input: a}", "'a' must be a layer above"),
        ("{name: a, op: linear, out: 1048576, in_shape: [1048576]}", "must come to <= 4294967296 weights"),
        (
            "{name: a, op: conv, out: 1, kernel: 4096, padding: 2048, in_shape: [1, 4096, 4096]}",
            "a.kernel: [4096, 4096] at each of 4097 x 4097 outputs must come to <= 281474976710656 elements a channel",
        ),
        ("{name: a, op: conv, out: 1048576, kernel: 1, padding: 9}", "must have <= 268435456 elements"),
        ("{name: a, op: max_pool}", "exactly one of kernel and output must be given"),
        ("{name: a, op: max_pool, kernel: 2, padding: 2}", "must be <= half the kernel"),
        ("{name: a, op: max_pool, output: [1, 1], stride: 2}", "must stand without stride"),
        ("{name: a, op: add, inputs: [input]}", "must have at least 2 entries"),
        ("{name: a, op: time_mean}", "must read values of every timestep"),
    ],
)
def test_one_faulty_layer_is_refused_with_the_rule(layer, message):
    faults = faults_of(HEAD + f"  - {layer}\n")
    assert any(message in fault for fault in faults), faults
    assert all(fault.startswith("test.yaml:") for fault in faults)


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("timesteps=0", "0 must be >= 1"),
        ("timesteps=100000", "must be <= 1024"),
        ("input.shape=[3, 4]", "must be [channels, height, width]"),
        ("input.shape=[1048576, 1048576, 2]", "must have <= 268435456 elements"),
        ("input.encoding=direkt", "did you mean 'direct'?"),
        ("neuron.tau=1", "1 must be > 1"),
        ("neuron.reset=harder", "did you mean 'hard'?"),
        ("neuron={reset: hard, u_reset: 2}", "2 must be < threshold 1"),
        ("layers.lif1.neuron={reset: hard, u_reset: 2}", "u_reset 2 must be < threshold 1"),
        ("layers.fc.input=input", "must be read by a later layer"),
        ("layers=[]", "must have at least 1 entry"),
        ("layers=[{name: m, op: max_pool, kernel: 1}]", f"must have a layer of kind {any_of('layer')}"),
        ("spikes.rates={conv1: 1.5}", "1.5 must be <= 1"),
        ("spikes.rates={conv1: .nan}", "must be"),
        ("spikes={source: rates, rates: {}}", "must cover every layer that reads spikes; missing fc"),
        ("spikes={source: rates, rates: {fc: 0.1}}", "provenance: must say where the rates come from"),
    ],
)
def test_one_faulty_setting_is_refused_with_the_rule(setting, message):
    conv, lif = "{name: conv1, op: conv, out: 2, kernel: 1}", "{name: lif1, op: lif}"
    text = HEAD + f"  - {conv}\n  - {lif}\n  - {{name: fc, op: linear, out: 2}}\n"
    with pytest.raises(InputError) as error:
        network_of(override(parse_document(text, "test.yaml"), [setting]))
    assert any(message in str(fault) for fault in error.value.faults), error.value


def test_means_over_time_do_not_mix_with_timesteps_or_drive_neurons():
    faults = faults_of(
        HEAD
        + """\
  - {name: conv1, op: conv, out: 2, kernel: 1}
  - {name: lif1, op: lif}
  - {name: mean, op: time_mean}
  - {name: sum, op: add, inputs: [mean, lif1]}
  - {name: conv2, op: conv, out: 2, kernel: 1, input: mean}
  - {name: lif2, op: lif}
  - {name: sum2, op: add, inputs: [sum, lif2]}
"""
    )
    assert len(faults) == 2
    assert "must not mix means over time" in faults[0]
    assert "a LIF layer must read values of every timestep" in faults[1]


def test_sums_that_no_counter_holds_are_refused():
    doubling = "".join(f"  - {{name: a{i}, op: add, inputs: [a{i - 1}, a{i - 1}]}}\n" for i in range(1, 40))
    conv, lif, fc = "{name: conv, op: conv, out: 2, kernel: 1}", "{name: a0, op: lif}", "{name: fc, op: linear, out: 2}"
    (fault,) = faults_of(HEAD + f"  - {conv}\n  - {lif}\n{doubling}  - {fc}\n")
    assert "layers.a32: sums and averages of spikes must stay <= 2147483648" in fault


def test_a_faulty_input_shape_is_the_only_thing_blamed():
    text = HEAD.replace("[3, 8, 8]", "[3, 8]") + "  - {name: conv, op: conv, out: 2, kernel: 1}\n"
    (fault,) = faults_of(text)
    assert "test.yaml:3:" in fault
    assert "input.shape: [3, 8] must be [channels, height, width]" in fault
