"""Does `extends` give the other network with the keys set, and blame the file and line that is at fault?"""

from __future__ import annotations

import pytest

from lifsim.config.workload import load_workload, read_workload
from lifsim.errors import InputError

BASE = """\
name: base
timesteps: 4
input: {shape: [3, 8, 8]}
layers:
  - {name: conv1, op: conv, out: 8, kernel: 3}
  - {name: lif1, op: lif}
  - {name: fc, op: linear, out: 10}
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "base.yaml").write_text(BASE)
    return tmp_path


def write(folder, name, text):
    path = folder / f"{name}.yaml"
    path.write_text(text)
    return str(path)


def faults(path, overrides=()):
    with pytest.raises(InputError) as error:
        load_workload(path, overrides)
    return [str(fault) for fault in error.value.faults]


def test_settings_reach_into_the_other_file_and_top_level_keys_replace_its_own(folder):
    middle = "name: middle\nextends: base\nset: {layers.fc.out: 20, layers.lif1.group: a}\ntimesteps: 6\n"
    write(folder, "middle", middle)
    path = write(folder, "top", "name: top\nextends: middle\nset: {layers.fc: {name: last, op: linear, out: 5}}\n")
    network = load_workload(path)
    assert (network.name, network.timesteps) == ("top", 6)
    assert network.layers[-1].name == "last"
    assert network.layers[-1].filters == 5
    assert network.lifs[0].group == "a"


def test_the_merged_document_loads_again_by_itself(folder):
    path = write(folder, "top", "name: top\nextends: base\nset: {layers.fc.out: 20}\n")
    data = read_workload(path).data
    assert "extends" not in data
    assert "set" not in data
    assert data["layers"][2]["out"] == 20


def test_each_fault_names_the_file_and_line_it_stands_in(folder):
    path = write(folder, "top", "name: top\nextends: base\nset:\n  layers.fc.out: -1\n  layers.conv1.kernel: 99\n")
    first, second = faults(path)
    assert "top.yaml:4:3 layers.fc.out: -1 must be >= 1" in first
    assert "top.yaml:5:3 layers.conv1.kernel: [99, 99] must fit into the padded map" in second
    (folder / "base.yaml").write_text(BASE.replace("out: 8", "out: 0"))
    both = faults(path)
    assert len(both) == 3
    assert any("base.yaml:5:" in fault for fault in both)
    assert any("top.yaml:4:3" in fault for fault in both)


def test_an_override_comes_last(folder):
    path = write(folder, "top", "name: top\nextends: base\nset: {layers.fc.out: 20}\n")
    assert load_workload(path, ["layers.fc.out=30"]).layers[-1].filters == 30


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name: top\nextends: bsae\n", "top.yaml:2:1 extends: 'bsae' must be a file or a shipped workload"),
        ("name: top\nextends: top\n", "must not lead back to itself: top extends top"),
        ("name: top\nextends: 3\n", "3 must be the name of a workload"),
        ("name: top\nextends: base\nset: 3\n", "3 must be a mapping of keys to values"),
        ("name: top\nextends: base\nset: {layers.fcc.out: 3}\n", "did you mean 'fc'?"),
        ("name: top\nextends: base\nset: {layers..out: 3}\n", "'' must be the name of an entry of layers"),
        ("name: top\nextends: base\nset: {timesteps.x: 3}\n", "must be a mapping to have the key 'x'"),
        ("name: top\nextends: base\nset: {timestep: 3}\n", "is not a known key; did you mean 'timesteps'?"),
        ("name: top\nname: top\nextends: base\n", "must be given once"),
    ],
)
def test_what_leads_nowhere_is_refused(folder, text, message):
    path = write(folder, "top", text)
    assert any(message in fault for fault in faults(path)), faults(path)


def test_a_circle_of_two_files_is_refused(folder):
    path = write(folder, "one", "name: one\nextends: two\n")
    write(folder, "two", "name: two\nextends: one\n")
    (fault,) = faults(path)
    assert "two.yaml:2:1" in fault
    assert "one extends two extends one" in fault
