"""Do SATA_Sim's files become the networks and machines that they describe, and bad ones a list of faults?"""

from __future__ import annotations

from pathlib import Path

import pytest

from lifsim.accounting.satasim.counting import count_layers
from lifsim.cli.main import main
from lifsim.config.arch import load_arch
from lifsim.config.document import Document, Mark, parse_document
from lifsim.config.workload import load_workload, network_of
from lifsim.errors import InputError
from lifsim.interchange.satasim import arch_from_satasim, unique_names, workload_from_satasim


def layer(name: str, size: str, kernel: str, channels: int, filters: int, stride: int = 1) -> str:
    (height, width), (rows, cols) = size.split("x"), kernel.split("x")
    return (
        f"  - name: {name}\n    attributes: {{IFMAP Height: {height}, IFMAP Width: {width}, Filter Height: {rows}, "
        f"Filter Width: {cols}, Channels: {channels}, Num Filter: {filters}, Strides: {stride}}}\n"
    )


HEAD = "General:\n  timestep: 4\n  sparsity: 0.85\nLayers:\n"


def convert(text: str) -> dict[str, object]:
    return workload_from_satasim(parse_document(text, "w.yaml"), "net").data


def test_layers_keep_their_own_maps_and_get_padding_where_the_filter_is_wide() -> None:
    text = (
        HEAD
        + layer("Conv1", "8x10", "3x1", 2, 4)
        + layer("Conv1", "8x8", "1x1", 6, 5, 2)
        + layer("FC", "2x2", "2x2", 3, 7)
    )
    data = convert(text)
    network = network_of(Document("w", data, {(): Mark("w")}))
    shapes = [(each.name, each.kind, each.in_shape, each.out_shape, each.padding) for each in network.layers]
    assert shapes == [
        ("Conv1", "conv", (2, 8, 10), (4, 8, 10), (1, 0)),
        ("Conv1_2", "conv", (6, 8, 8), (5, 4, 4), (0, 0)),
        ("FC", "linear", (12, 1, 1), (7, 1, 1), (0, 0)),
    ]
    assert network.timesteps == 4
    assert set(network.spikes.rates.values()) == {(0.15,)}
    assert [lif.output.shape for lif in network.lifs] == [(4, 8, 10), (5, 4, 4), (7,)]


def test_every_fault_of_a_workload_is_told_with_its_place() -> None:
    text = HEAD.replace("0.85", "85") + layer("Conv1", "2x8", "3x3", 0, 4).replace("Strides", "Stride")
    with pytest.raises(InputError) as error:
        convert(text)
    faults = [str(fault) for fault in error.value.faults]
    assert faults == [
        "w.yaml:3:3 General.sparsity: 85 must be <= 1",
        "w.yaml:6:5 Layers.Conv1.attributes.Strides: must be given",
        "w.yaml:6:86 Layers.Conv1.attributes.Channels: 0 must be >= 1",
        "w.yaml:6:114 Layers.Conv1.attributes.Stride: is not a known key; did you mean 'Strides'?",
    ]


def test_a_filter_must_lie_within_its_map() -> None:
    with pytest.raises(InputError, match=r"Filter Height: 3 must be <= IFMAP Height 2"):
        convert(HEAD + layer("Conv1", "2x8", "3x3", 3, 4))


def test_names_become_unique_names_of_layers() -> None:
    assert unique_names(["a b", "a_b", "1", "input", "A_B"]) == ["a_b", "a_b_2", "layer_1", "input_2", "A_B_3"]


ARCH = """
architecture:
  name: tiny
  dataflow: sata
  clock-frequency: 200
  subtree:
    - name: PE-array
      class: pe-array
      attributes: {width: 4, height: 2}
      subtree:
        - name: PE-compute
          class: pe-compute
          local:
            - {name: r, class: compute, act-tag: spike-mac, attributes: {kernel: adder, width: 8, gated: n, count: 1}}
            - {name: r, class: compute, act-tag: my-lif, attributes: {kernel: register, width: 4, gated: y, count: 2}}
        - name: PE-mem
          class: pe-mem
          local:
            - name: SPAD
              class: memory
              act-tag: spad
              attributes: {kernel: registerfiles, width: 8, size-bytes: 9, gated: n, count: 2}
    - name: GLBs
      class: glbs
      local:
        - name: w
          class: memory
          act-tag: glb-weight
          attributes: {kernel: sram, width: 32, size-bytes: 4096, bank: 2}
        - name: i
          class: memory
          act-tag: glb-ifmap
          attributes: {kernel: sram, width: 16, size-bytes: 2048, bank: 1}
    - name: DRAMs
      class: dram
      local:
        - name: d
          class: memory
          act-tag: dram
          attributes: {kernel: dram, width: 128, size-bytes: 536870912, bank: 16}
"""


def arch_of(text: str, dram_nj: float | None = None) -> dict[str, object]:
    return arch_from_satasim(parse_document(text, "a.yaml"), "tiny", dram_nj).data


def test_an_architecture_keeps_its_array_parts_buffers_and_version() -> None:
    old = arch_of(ARCH)
    assert old["array"] == {"rows": 2, "cols": 4, "dataflow": "sata", "sparsity": "gate"}
    assert old["clock_hz"] == "200MHz"
    parts = [(c["name"], c["tag"], c["kernel"], c["width_bits"], c["count"], c["idle"]) for c in old["components"]]
    assert parts == [
        ("r", "spike_mac", "adder", 8, 1, "toggles"),
        ("r_2", "lif", "register", 4, 2, "clock_gated"),
        ("SPAD", "spad", "register", 8, 18, "toggles"),
    ]
    assert old["buffers"]["spike_out"] == {"size_bytes": 2048, "banks": 1, "port_bits": 128}
    assert old["satasim"] == {"psum_times_t": False, "linear_as_3x3": False}
    newer = ARCH.replace(
        "clock-frequency: 200", "clock-frequency: 200\n  act-prec: 2\n  weight-prec: 8\n  output-prec: 4"
    )
    version = {"psum_times_t": True, "linear_as_3x3": False, "act_bits": 2, "weight_bits": 8, "output_bits": 4}
    assert arch_of(newer)["satasim"] == version


NEWER = ARCH.replace("clock-frequency: 200", "clock-frequency: 400\n  act-prec: 1\n  weight-prec: 8\n  output-prec: 1")


def test_linear_layers_have_as_many_operations_as_todays_sata_sim_counts(tmp_path: Path) -> None:
    """Its branch for FC: filters x channels x T of the ones, filters x T updates."""
    text = "General: {timestep: 100, sparsity: 0.9}\nLayers:\n"
    text += layer("FC1", "1x1", "1x1", 64, 32) + layer("FC2", "1x1", "1x1", 32, 10)
    (tmp_path / "w.yaml").write_text(text)
    (tmp_path / "a.yaml").write_text(NEWER)
    net, machine = tmp_path / "net.yaml", tmp_path / "machine.yaml"
    files = [
        str(tmp_path / "w.yaml"),
        "--arch",
        str(tmp_path / "a.yaml"),
        "--out",
        str(net),
        "--out-arch",
        str(machine),
    ]
    assert main(["import", "satasim", *files]) == 0
    ops = [each.ops for each in count_layers(load_workload(str(net)), load_arch(str(machine)))]
    ones = 1 - 0.9  # not 0.1, as SATA_Sim computes
    assert sum(each.macs_effective for each in ops) == int(32 * 64 * 100 * ones + 10 * 32 * 100 * ones)
    assert sum(each.lif_updates for each in ops) == 100 * (32 + 10)


def test_tags_that_sata_sim_does_not_tell_apart_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    part = "            - {name: r, class: compute, act-tag: my-lif, attributes: "
    text = NEWER.replace(part, part.replace("my-lif", "li") + "{kernel: adder, width: 8, gated: y, count: 1}}\n" + part)
    text = text.replace("act-tag: spike-mac", "act-tag: relu")
    (tmp_path / "w.yaml").write_text(HEAD + layer("Conv1", "8x8", "3x3", 3, 4))
    (tmp_path / "a.yaml").write_text(text)
    files = [str(tmp_path / "w.yaml"), "--arch", str(tmp_path / "a.yaml"), "--out", str(tmp_path / "net.yaml")]
    assert main(["import", "satasim", *files]) == 0
    told = [line for line in capsys.readouterr().err.splitlines() if "act-tag" in line]
    assert [line.partition("local.")[2].partition(" is paid")[0] for line in told] == [
        "r.act-tag: 'relu'", "1.act-tag: 'li'",
    ]  # fmt: skip
    assert all("paid by multiply-accumulates (spike_mac)" in line for line in told)


def test_known_tags_are_not_told_and_layers_that_sata_sim_counts_otherwise_are() -> None:
    known = arch_from_satasim(parse_document(NEWER, "a.yaml"), "tiny")
    assert [note.message.partition(",")[0] for note in known.notes] == ["linear layers have an output per filter"]
    text = HEAD + layer("Conv1", "8x8", "3x3", 3, 4) + layer("layer2", "8x8", "3x3", 4, 4)
    text += layer("FC3", "8x8", "1x1", 4, 4) + layer("FC4", "2x2", "2x2", 4, 4) + layer("FC5", "1x1", "1x1", 4, 4)
    notes = [str(note) for note in workload_from_satasim(parse_document(text, "w.yaml"), "net").notes]
    assert [note.partition("name: ")[2] for note in notes] == [
        "'layer2' has neither Conv nor FC in it: SATA_Sim counts no operations of it",
        "'FC3' is linear in SATA_Sim, a convolution here: its filter does not cover the map",
        "'FC4' reads 4 inputs in SATA_Sim, the whole map here",
    ]


def test_a_machine_without_neurons_is_refused_at_its_place() -> None:
    """As SATA_Sim's own of Eyeriss, whose tags are mac, relu and spad."""
    with pytest.raises(InputError, match=r"a.yaml:\d+:\d+ architecture.subtree: must have a component .* 'lif'"):
        arch_of(ARCH.replace("my-lif", "relu"))


def test_another_dram_needs_its_energy() -> None:
    other = ARCH.replace("width: 128", "width: 64")
    with pytest.raises(InputError, match="read energy in nJ must be given"):
        arch_of(other)
    assert arch_of(other, 0.8)["dram"]["energy_pj_per_bit"] == 100.0


def test_every_fault_of_an_architecture_is_told() -> None:
    text = ARCH.replace("class: glbs", "class: glb").replace("width: 4, height: 2", "widht: 4, height: 0")
    text = text.replace("gated: y", "gated: yes").replace("dataflow: sata", "dataflow: os")
    with pytest.raises(InputError) as error:
        arch_of(text)
    faults = [str(fault).partition(" ")[2] for fault in error.value.faults]
    assert faults == [
        "architecture.dataflow: 'os' must be sata",
        "architecture.subtree.PE-array.attributes.width: must be given",
        "architecture.subtree.PE-array.attributes.widht: is not a known key; did you mean 'width'?",
        "architecture.subtree.PE-array.attributes.height: 0 must be >= 1",
        "architecture.subtree.PE-array.subtree.PE-compute.local.1.attributes.gated: 'yes' must be one of y, n",
        "architecture.subtree.GLBs.class: 'glb' must be one of pe-array, glbs, dram; did you mean 'glbs'?",
    ]


def test_the_published_files_become_the_shipped_ones(figures: Path, tmp_path: Path) -> None:
    folder, out, out_arch = figures / "satasim_bntt", tmp_path / "net.yaml", tmp_path / "machine.yaml"
    workload, arch = str(folder / "workload.yaml"), str(folder / "arch.yaml")
    assert main(["import", "satasim", workload, "--arch", arch, "--out", str(out), "--out-arch", str(out_arch)]) == 0
    assert main(["check", str(out), str(out_arch)]) == 0
    assert load_workload(str(out)).layers == load_workload("satasim_bntt").layers
    assert load_workload(str(out)).spikes.rates == load_workload("satasim_bntt").spikes.rates
    imported, shipped = load_arch(str(out_arch)), load_arch("sata128_satasim")
    told = {"name", "description", "components", "dram", "satasim"}
    assert imported.model_dump(exclude=told) == shipped.model_dump(exclude=told)
    as_published = {"linear_as_3x3": True}
    assert imported.satasim.model_dump() | as_published == shipped.satasim.model_dump()
    assert imported.dram.energy_pj_per_bit == shipped.dram.energy_pj_per_bit


def test_nothing_is_written_unless_all_is_good(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good, bad, out = tmp_path / "w.yaml", tmp_path / "a.yaml", tmp_path / "net.yaml"
    good.write_text(HEAD + layer("Conv1", "8x8", "3x3", 3, 4))
    bad.write_text("architecture: 3\n")
    out.write_text("kept")
    assert main(["import", "satasim", str(good), "--arch", str(bad), "--out", str(out)]) == 2
    assert "a.yaml:1:1 architecture: 3 must be a mapping of keys" in capsys.readouterr().err
    assert out.read_text() == "kept"
    assert main(["import", "satasim", str(good), "--out", str(out), "--force"]) == 0
    assert main(["check", str(out)]) == 0
