"""Does `lifsim check` list the keys of the operation at hand, and blame the key that is wrong?"""

from __future__ import annotations

from pathlib import Path

import pytest

from lifsim.cli.main import main
from lifsim.model.members import any_of

NETWORK = """\
name: small
timesteps: 2
input: {{shape: [3, 8, 8], encoding: direct, bits: 8}}
layers:
  - {{name: c1, {conv}}}
  - {{name: l1, {lif}}}
  - {{name: fc, op: linear, out: 10}}
spikes: {{source: rates, provenance: x, rates: {{{rates}: 0.5, fc: 0.5}}}}
"""


def _told(tmp_path: Path, capsys: pytest.CaptureFixture[str], **parts: str) -> str:
    given = {"conv": "op: conv, out: 4, kernel: 3", "lif": "op: lif", "rates": "c1"} | parts
    (tmp_path / "net.yaml").write_text(NETWORK.format_map(given), encoding="utf-8")
    assert main(["check", str(tmp_path / "net.yaml")]) == 2
    return capsys.readouterr().err.strip()


def test_the_keys_of_the_operation_at_hand_are_listed_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = _told(tmp_path, capsys, conv="op: conv, out: 4, kernel: 3, dilation: 2")
    assert "layers.c1.dilation: is not a known key" in told
    keys = "name, input, bias, batch_norm, in_shape, op, out, kernel, stride, padding, groups, depthwise"
    assert told.partition("; valid: ")[2] == keys


def test_keys_of_other_operations_are_not_offered(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = _told(tmp_path, capsys, lif="op: lif, kernel: 3")
    assert told.endswith("layers.l1.kernel: is not a known key; valid: name, input, op, group, share, neuron")


def test_a_key_that_names_no_layer_is_blamed_and_not_its_value(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = _told(tmp_path, capsys, rates='"conv 1"')
    assert f"spikes.rates.conv 1: must be a layer of kind {any_of('layer')}; did you mean 'c1'?" in told
    assert "0.5" not in told


def test_a_wrong_operation_does_not_hide_the_wrong_keys_of_its_layer(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = _told(tmp_path, capsys, conv="op: cnv, out: 0, kernel: 3, dilation: 2").splitlines()
    assert any("layers.c1.op: 'cnv' must be one of" in line and "did you mean 'conv'" in line for line in told)
    assert any("layers.c1.out: 0 must be >= 1" in line for line in told)
    assert any("layers.c1.dilation: is not a known key; valid: name" in line for line in told)


def test_of_a_layer_that_could_be_any_only_keys_that_none_has_are_wrong(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = _told(tmp_path, capsys, conv="op: whatever, out: 4, inputs: [input, input], p: 0.5").splitlines()
    assert any("layers.c1.op: 'whatever' must be one of conv, linear" in line for line in told)
    assert any("layers.c1.p: is not a known key" in line for line in told)
    assert len(told) == 2
