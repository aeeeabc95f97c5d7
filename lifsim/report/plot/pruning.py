"""The figure of pruned networks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lifsim.config import defaults
from lifsim.config.arch import load_arch
from lifsim.engine.training.pruning import Cuts
from lifsim.errors import Fault, InputError, collecting
from lifsim.model.arch import Arch
from lifsim.model.network import Network
from lifsim.model.sharing import Sharing
from lifsim.report.figures.drawn import Drawn
from lifsim.report.figures.sheet import Sheet
from lifsim.report.memory_inputs import MemoryInputs, read_memory_inputs
from lifsim.report.memory_table import memory_rows
from lifsim.report.plot.drawing import Asked, Name, Out, drawn
from lifsim.report.plot.study import read_study, subject_of
from lifsim.simulate.api import name_of
from lifsim.watch import Tally, Watch, unwatched

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from lifsim.engine.training.pruned_study import Pruned, Pruning


PRUNING = "networks pruned"
"""As it is watched: with training after each cut it takes minutes."""


def fig8(
    study: Name | None = None,
    *,
    shares: Sequence[float] = defaults.PRUNED_SHARES,
    retrain_epochs: int = defaults.RETRAIN_EPOCHS,
    arch: Arch | Name = defaults.ARCH,
    networks: Sequence[Network | Name] = defaults.FIG8_NETWORKS,
    sharings: Sequence[Sharing | str] = defaults.FIG7_SHARINGS,
    pruned: float = defaults.FIG8_PRUNED,
    bits: int = defaults.FIG8_BITS,
    jobs: int | None = None,
    out: Out = None,
    force: bool = False,
    style: str = "paper",
    size: str | None = None,
    watch: Watch = unwatched,
) -> Figure:
    """Pruned networks. Left, of a `study`, the folder that `lifsim study` wrote: neurons that fire, accuracy, weight
    bytes and LIF bytes with the `shares` of the smallest weights pruned one after the other, over all layers together,
    each followed by `retrain_epochs` of training (0: none). Networks that the folder holds so pruned are drawn as they
    are; the others are pruned, `jobs` at a time (None: all CPUs), and kept there, which takes minutes. arch: its bits a
    weight and membrane count.

    Right: LIF membranes of `networks` in inference, one image, under each sharing, beside their weights, of which the
    share `pruned` is gone; weights and membranes of `bits`.
    """
    from lifsim.engine.training.pruned_study import Pruning
    from lifsim.report.figures import fig8 as figure_8
    from lifsim.report.figures import fig8_memory, fig8_pruning

    faults: list[Fault] = []
    with collecting(faults):
        page = Asked(out, force, style, size).page()
    with collecting(faults):
        cuts = Cuts.of(shares, retrain_epochs)
    with collecting(faults):
        precision = (arch if isinstance(arch, Arch) else load_arch(name_of(arch, "arch"))).precision
    with collecting(faults):
        trained = None if study is None else read_study(Path(study))
    with collecting(faults):
        memory = _memory(networks, sharings, bits, pruned)
    if faults:
        raise InputError(dict.fromkeys(faults))
    rows = memory_rows(memory.networks, memory.sharings, memory.arch, memory.batch, watch)
    right = fig8_memory.table(rows, bits, bits, pruned)
    left = subject = None
    if trained:
        of, network, data = trained
        found = _pruned(Pruning(of, network, data, cuts), jobs, watch)
        left = fig8_pruning.table(found, network, precision.weight_bits, precision.membrane_bits)
        subject = subject_of(of, network)

    def draw(sheet: Sheet) -> Drawn:
        return Drawn(figure_8.drawn(left, right, subject, sheet), figure_8.joined(left, right))

    return drawn(draw, page)


def _memory(
    networks: Sequence[Network | Name], sharings: Sequence[Sharing | str], bits: int, pruned: float
) -> MemoryInputs:
    faults: list[Fault] = []
    if not 0 <= pruned < 1:
        faults.append(Fault(f"{pruned} must be >= 0 and < 1", path="pruned"))
    widths = [f"precision.{name}_bits={bits}" for name in ("weight", "membrane", "psum")]
    with collecting(faults):
        found = read_memory_inputs(networks, sharings, defaults.ARCH, widths, None, 1)
    if faults:
        raise InputError(faults)
    return found


def _pruned(pruning: Pruning, jobs: int | None, watch: Watch) -> list[Pruned]:
    """All networks of the study, as they are pruned; `watch` hears of each that was not pruned before."""
    from lifsim.cpus import available_cpus

    steps = pruning.run(jobs or available_cpus())
    found = next(steps)
    tally = Tally(watch, PRUNING, len(pruning.study.trials) - len(found))
    tally.add(0)
    for now in steps:
        tally.add(1)
        found = now
    return found
