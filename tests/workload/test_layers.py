"""Does each weight layer own what runs behind it, and store and read exactly what crosses to another layer?"""

from __future__ import annotations

import pytest

from lifsim.errors import InputError
from lifsim.model.members import any_of
from tests.workload.building import network


def hand_over(net) -> dict[str, tuple[list[str], list[str]]]:
    """Per layer the names of its outputs and residuals."""
    return {
        layer.name: ([tensor.name for tensor in layer.outputs], [tensor.name for tensor in layer.residuals])
        for layer in net.layers
    }


def test_pooled_spikes_are_what_is_stored():
    net = network("""
        - {name: conv1, op: conv, out: 2, kernel: 1}
        - {name: lif1, op: lif}
        - {name: pool1, op: max_pool, kernel: 2}
        - {name: fc, op: linear, out: 3}""")
    assert hand_over(net) == {"conv1": (["pool1"], []), "fc": (["fc"], [])}
    assert net.layers[0].lif_elements == 2 * 8 * 8


def test_a_map_read_before_and_behind_its_pool_is_stored_twice():
    net = network("""
        - {name: conv1, op: conv, out: 2, kernel: 1}
        - {name: lif1, op: lif}
        - {name: pool1, op: max_pool, kernel: 2}
        - {name: conv2, op: conv, out: 2, kernel: 1}
        - {name: conv3, op: conv, input: lif1, out: 2, kernel: 2, stride: 2}
        - {name: sum, op: add, inputs: [conv2, conv3]}""")
    assert hand_over(net) == {"conv1": (["lif1", "pool1"], []), "conv2": (["conv2"], []), "conv3": (["sum"], ["conv2"])}


RESNET = """
    - {name: stem, op: conv, out: 4, kernel: 3, padding: 1}
    - {name: lif0, op: lif}
    - {name: conv1, op: conv, out: 4, kernel: 3, padding: 1}
    - {name: lif1, op: lif}
    - {name: conv2, op: conv, out: 4, kernel: 3, padding: 1}
    - {name: add1, op: add, inputs: [conv2, lif0]}
    - {name: lif2, op: lif}
    - {name: conv3, op: conv, out: 8, kernel: 3, stride: 2, padding: 1}
    - {name: lif3, op: lif}
    - {name: conv4, op: conv, out: 8, kernel: 3, padding: 1}
    - {name: shortcut, op: conv, input: lif2, out: 8, kernel: 1, stride: 2}
    - {name: add2, op: add, inputs: [conv4, shortcut]}
    - {name: lif4, op: lif}
    - {name: fc, op: linear, out: 3}"""


def test_resnet_identity_reads_spikes_and_projection_stores_real_values():
    net = network(RESNET)
    assert hand_over(net) == {
        "stem": (["lif0"], []),
        "conv1": (["lif1"], []),
        "conv2": (["lif2"], ["lif0"]),
        "conv3": (["lif3"], []),
        "conv4": (["conv4"], []),
        "shortcut": (["lif4"], ["conv4"]),
        "fc": (["fc"], []),
    }
    by_name = {layer.name: layer for layer in net.layers}
    assert by_name["conv2"].residuals[0].is_spikes
    assert by_name["conv4"].outputs[0].levels is None
    assert by_name["conv4"].lif is None
    assert by_name["shortcut"].lif.name == "lif4"


def test_an_add_belongs_to_the_layer_that_is_executed_last_whatever_its_order_of_inputs():
    swapped = RESNET.replace("[conv4, shortcut]", "[shortcut, conv4]").replace("[conv2, lif0]", "[lif0, conv2]")
    assert hand_over(network(swapped)) == hand_over(network(RESNET))


def test_ms_resnet_adds_membranes_and_stores_both_the_sum_and_its_spikes():
    net = network("""
        - {name: stem, op: conv, out: 4, kernel: 3, padding: 1}
        - {name: lif1, op: lif}
        - {name: conv1, op: conv, out: 4, kernel: 3, padding: 1}
        - {name: lif2, op: lif}
        - {name: conv2, op: conv, out: 4, kernel: 3, padding: 1}
        - {name: add1, op: add, inputs: [conv2, stem]}
        - {name: lif3, op: lif}
        - {name: conv3, op: conv, out: 4, kernel: 3, padding: 1}
        - {name: add2, op: add, inputs: [conv3, add1]}
        - {name: lif4, op: lif}
        - {name: fc, op: linear, out: 3}""")
    assert hand_over(net) == {
        "stem": (["stem", "lif1"], []),
        "conv1": (["lif2"], []),
        "conv2": (["add1", "lif3"], ["stem"]),
        "conv3": (["lif4"], ["add1"]),
        "fc": (["fc"], []),
    }
    assert net.node("stem").output.timesteps == 1
    assert net.node("add1").output.timesteps == 4


def test_sew_resnet_adds_spikes_so_that_the_next_layer_reads_two_bits():
    net = network("""
        - {name: stem, op: conv, out: 4, kernel: 3, padding: 1}
        - {name: lif0, op: lif}
        - {name: conv1, op: conv, out: 4, kernel: 3, padding: 1}
        - {name: lif1, op: lif}
        - {name: conv2, op: conv, out: 4, kernel: 3, padding: 1}
        - {name: lif2, op: lif}
        - {name: add, op: add, inputs: [lif2, lif0]}
        - {name: fc, op: linear, out: 3}""")
    assert hand_over(net)["conv2"] == (["add"], ["lif0"])
    fc = net.layers[-1]
    assert (fc.input.levels, fc.input.bits(8), fc.multibit_input) == (2, 2, True)


def test_two_lifs_behind_one_layer_and_none_before_it_are_refused():
    with pytest.raises(InputError) as error:
        network("""
            - {name: encode, op: lif}
            - {name: conv1, op: conv, out: 2, kernel: 1}
            - {name: lif1, op: lif}
            - {name: lif2, op: lif}
            - {name: fc, op: linear, out: 3}""")
    encode, second = map(str, error.value.faults)
    assert f"layers.encode: encode must stand behind a layer of kind {any_of('layer')}" in encode
    assert "conv1 already drives lif1" in second
