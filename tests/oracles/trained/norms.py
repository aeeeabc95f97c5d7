"""Sums that wait for the statistics of their batch norm, and the two passes of its way back."""

from __future__ import annotations

from dataclasses import dataclass

from tests.oracles.trained.forward import product, spilled, working_psums
from tests.oracles.trained.nest import Came
from tests.oracles.trained.plain import Layer, Run, Tiles, Training, cut, up


@dataclass(frozen=True)
class Sums:
    """Bytes of the batch. away: that do not find room in the psum buffer until the statistics are known; again: what
    the product moves when it runs again, spilled psums included; twice: whether it does; written, read:
    forward; back: that leave between the two passes of the way back; dy: gradients that do."""

    every: int
    away: int
    again: Came
    psums: int
    twice: bool
    written: int
    read: int
    back: int
    dy: int


def lots(layer: Layer, tiles: Tiles, batch: int, *, tick: bool) -> list[int]:
    """Sums that wait together, lot by lot: of a tile of filters, or of a group; tick-batched of all timesteps."""
    each = batch * layer.pixels * tiles.together * (layer.rounds if tick else 1)
    wide = [len(tile) for tile in cut(layer.of_group, tiles.filters)] if tiles.filters_outer else [layer.of_group]
    return [each * filters for filters in wide] * (layer.groups // tiles.together) * (1 if tick else layer.rounds)


def sums_of(training: Training, layer: Layer, run: Run, tiles: Tiles, currents: int, again: Came | None) -> Sums:
    """currents: bytes of the psum buffer that wait to be replayed, of the group; again: of a second run of a
    timestep-major product; tick-batched it is walked."""
    machine, batch = training.machine, training.batch
    every = up(batch * layer.rounds * layer.pixels * layer.filters * machine.psum_bits, 8)
    room = max(0, machine.psum - currents - working_psums(layer, machine, tiles, tick=run.tick))
    held = sum(min(room, one * machine.psum_bits // 8) for one in lots(layer, tiles, batch, tick=run.tick))
    away = every - held
    if again is None:
        once, both = (product(layer, machine, batch, tiles, runs) for runs in (1, 2))
        again = Came(both.rows - once.rows, both.filters - once.filters, 0)
    psums = spilled(layer, machine, batch, tiles, tick=run.tick)
    kept = training.kept == "stored" or layer.lif is None
    costs = away if kept else 2 * away
    replayed = not run.tick and layer.rounds < layer.timesteps and not layer.last  # they wait as currents anyway
    twice = not layer.hands_on and not replayed and costs > 0 and again.rows + again.filters + 2 * psums < costs
    at_a_time = batch * layer.pixels * layer.filters * (layer.rounds if run.tick else 1)
    often = 1 if run.tick else layer.rounds
    in_pes = machine.psum if machine.dataflow == "os" else 0
    stays_back = often * min(in_pes, at_a_time * machine.psum_bits // 8)
    dy = up(often * at_a_time * machine.gradient_bits, 8)
    stays_dy = often * min(machine.spike_out, at_a_time * machine.gradient_bits // 8)
    return Sums(
        every=every,
        away=away,
        again=again if twice else Came(0, 0, 0),
        psums=psums if twice else 0,
        twice=twice,
        written=0 if layer.hands_on else every if kept else 0 if twice else away,
        read=0 if layer.hands_on or twice else away,
        back=every - stays_back,
        dy=dy - stays_dy,
    )
