"""A network that answers at every timestep, small enough to be run again and again."""

from __future__ import annotations

from pathlib import Path

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
