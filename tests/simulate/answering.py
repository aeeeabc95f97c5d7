"""A network that answers at every timestep, small enough to be run again and again."""

from __future__ import annotations

from pathlib import Path

from lifsim.simulate.result import Result

T = 3


def written(folder: Path) -> Path:
    """Its file in `folder`: two convolutions of one map, a pool and a classifier."""
    file = folder / "small.yaml"
    file.write_text(
        f"""
name: small
timesteps: {T}
input: {{shape: [2, 6, 6], encoding: event}}
layers:
  - {{name: conv1, op: conv, out: 4, kernel: 3, padding: 1}}
  - {{name: lif1, op: lif}}
  - {{name: conv2, op: conv, out: 4, kernel: 3, padding: 1}}
  - {{name: lif2, op: lif}}
  - {{name: pool, op: max_pool, kernel: 2}}
  - {{name: fc, op: linear, out: 3}}
spikes:
  source: rates
  rates: {{conv1: [0.2, 0.4, 0.1], conv2: 0.3, fc: 0.2}}
  provenance: made for this test
  measured: true
"""
    )
    return file


def assert_same_work(early: Result, shorter: Result, timesteps: int) -> None:
    """Images that exit after `timesteps` move and compute what a network of so many timesteps does."""
    for ours, theirs in zip(early.records, shorter.records, strict=True):
        assert ours.counts.dram_bytes == theirs.counts.dram_bytes
        assert ours.counts.ops.macs_dense == theirs.counts.ops.macs_dense
        assert ours.counts.ops.lif_updates == theirs.counts.ops.lif_updates
        assert ours.counts.cycles == theirs.counts.cycles
        assert ours.counts.registers == theirs.counts.registers
        assert ours.counts.sram_accesses == theirs.counts.sram_accesses
        assert len(ours.counts.timesteps) == timesteps
