"""`lifsim dram-bench`: what a DRAM makes of a request pattern or a trace."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import click
import numpy as np
from click.core import ParameterSource

from lifsim.cli.completing import drams
from lifsim.cli.say import say
from lifsim.cli.shared_options import set_option
from lifsim.cli.watching import watching
from lifsim.config.dram import load_dram
from lifsim.errors import Fault, InputError, collecting
from lifsim.hardware.dram import requests as streams
from lifsim.hardware.dram.simulate import simulate
from lifsim.interchange.dram_trace import read_dram_trace, require_requests
from lifsim.model.dram import DramSpec
from lifsim.report.dram_bench_table import DramBenchTable
from lifsim.units import format_bytes, parse_bytes
from lifsim.watch import Watch

MAX_BYTES = 1 << 32
TRACE = "a trace"
PATTERNS = ("sequential", "strided", "random", "tile")
READERS = {
    "size_bytes": PATTERNS,
    "stride": ("strided",),
    "span": ("random",),
    "tile_bytes": ("tile",),
    "seed": ("random",),
    "ignore_cycles": (TRACE,),
}
"""Who reads an option."""


class Size(click.ParamType[int]):
    """`8MiB`, from one byte to 4 GiB."""

    name = "size"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Click's hook: the bytes of `value`."""
        try:
            size = parse_bytes(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)
        if not 1 <= size <= MAX_BYTES:
            self.fail(f"{value} must be from 1 byte to {format_bytes(MAX_BYTES)}", param, ctx)
        return size


@click.command("dram-bench")
@click.argument("trace", required=False, type=click.Path(path_type=Path))
@click.option(
    "--dram", shell_complete=drams, required=True, metavar="NAME", help="A DRAM of `lifsim list drams`, or a YAML file."
)
@click.option(
    "--pattern",
    type=click.Choice(PATTERNS),
    help="Access pattern, instead of a trace.",
)
@click.option("--bytes", "size_bytes", type=Size(), default="8MiB", show_default=True, help="Bytes to move.")
@click.option("--stride", type=Size(), default="4KiB", show_default=True, help="Distance between strided bursts.")
@click.option(
    "--span", type=Size(), default="64MiB", show_default=True, help="Address range from which random bursts are drawn."
)
@click.option("--tile", "tile_bytes", type=Size(), default="4KiB", show_default=True, help="Bytes read per tile.")
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="Seed of the random bursts.")
@click.option("--ignore-cycles", is_flag=True, help="Ignore the cycles of the trace: all requests arrive at cycle 0.")
@click.option(
    "--borrowed-currents", is_flag=True, help="Also print energies of a device whose currents are those of another."
)
@set_option("Override a key, e.g. timing.tRCD=20.")
@click.option("--format", "form", type=click.Choice(["table", "json", "csv"]), default="table", show_default=True)
def dram_bench(
    trace: Path | None,
    dram: str,
    pattern: str | None,
    size_bytes: int,
    stride: int,
    span: int,
    tile_bytes: int,
    seed: int,
    ignore_cycles: bool,
    borrowed_currents: bool,
    settings: tuple[str, ...],
    form: str,
) -> None:
    """Simulate a request pattern, or the TRACE of requests, on a DRAM.

    A trace is text, also .xz or .gz, of one request a line: DRAMsim3's `0xADDRESS READ|WRITE cycle`, Ramulator's
    `0xADDRESS R|W` or Ramulator 2's `LD|ST ADDRESS`: what `lifsim run --dram-trace` writes. Where it has no cycles, all
    requests wait from cycle 0 on.

    \b
    Examples:
      lifsim dram-bench --dram ddr4_2400 --pattern sequential --bytes 8MiB
      lifsim dram-bench --dram hbm2 --pattern tile \\
          --set controller.requests_per_cycle=8
      lifsim dram-bench --dram lpddr3_1600_x32 --pattern strided \\
          --set controller.power_down_after_cycles=off
      lifsim run --workload lenet5_mnist --dram ddr4_2400 --dram-trace dramsim3 \\
          --out results/requests
      lifsim dram-bench --dram ddr3_1866 results/requests/dram.trace --format json
    """
    if (trace is None) == (pattern is None):
        raise InputError("either --pattern or a trace file must be given, and not both")
    faults: list[Fault] = []
    spec = None
    with collecting(faults):
        _require_read(click.get_current_context(), pattern or TRACE)
    with collecting(faults):
        spec = load_dram(dram, settings)
    if spec is None or faults:
        raise InputError(faults)
    with watching() as watch:
        if trace is not None:
            title, requests = trace.name, _trace(trace, spec, ignore_cycles, watch)
        else:
            title = f"{pattern}, {format_bytes(size_bytes)}"
            requests = _pattern(spec, str(pattern), size_bytes, stride, span, tile_bytes, seed)
        simulate(spec, streams.sequential(1))  # so that loading the compiled kernel is not timed
        start = time.perf_counter()
        result = simulate(spec, requests, watch)
        seconds = time.perf_counter() - start
    table = DramBenchTable(title, result, (result.counts.reads + result.counts.writes) / seconds, borrowed_currents)
    if form == "table":
        from lifsim.report.terminal import Terminal
        from lifsim.report.width import terminal_columns

        table.print(Terminal(width=terminal_columns()))
    else:
        click.echo(table.to_json() if form == "json" else table.to_csv())


def _require_read(context: click.Context, reader: str) -> None:
    """Raises InputError where options are given that a pattern, or a trace, does not read."""
    given = {
        option.name: option.opts[0]
        for option in context.command.params
        if option.name and context.get_parameter_source(option.name) is ParameterSource.COMMANDLINE
    }
    unread = {given[name]: readers for name, readers in READERS.items() if name in given and reader not in readers}
    faults = [
        Fault(f"must go with {_told(readers)}, not {_told((reader,))}, which does not read it", path=option)
        for option, readers in unread.items()
    ]
    if faults:
        raise InputError(faults)


def _told(readers: Sequence[str]) -> str:
    return TRACE if TRACE in readers else f"--pattern {'|'.join(readers)}"


def _trace(path: Path, spec: DramSpec, ignore_cycles: bool, watch: Watch) -> streams.Requests:
    columns = read_dram_trace(path, watch)
    addresses, cycles = columns.addresses, columns.cycles
    require_requests(
        path,
        addresses < spec.organisation.capacity_bytes,
        lambda number: f"address {addresses[number]:#x} {streams.within(spec)}",
    )
    if not ignore_cycles:
        require_requests(
            path, cycles <= streams.MAX_CYCLE, lambda number: f"cycle {cycles[number]} {streams.CYCLE_RULE}"
        )
    if not columns.timed:
        say(f"{path}: has no cycles: all requests wait from cycle 0 on", err=True)
    zeros, ones = (np.broadcast_to(np.int64(number), cycles.shape) for number in (0, 1))
    return streams.Requests(addresses, ones, columns.is_write, zeros if ignore_cycles else cycles)


def _pattern(
    spec: DramSpec, pattern: str, size_bytes: int, stride: int, span: int, tile_bytes: int, seed: int
) -> streams.Requests:
    """The requests of a pattern. Raises InputError, at the option that makes it reach beyond the DRAM's end."""
    match pattern:
        case "sequential":
            requests, reach = streams.sequential(size_bytes), ("--bytes", size_bytes)
        case "strided":
            requests, reach = streams.strided(spec, size_bytes, stride), ("--stride", stride)
        case "random":
            requests, reach = streams.random(spec, size_bytes, span, seed), ("--span", span)
        case _:
            requests, reach = streams.tiled(spec, size_bytes, tile_bytes), ("--tile", tile_bytes)
    try:
        requests.check_fit(spec)
    except InputError:
        option, asked = reach
        raise InputError(Fault(f"{format_bytes(asked)} {streams.within(spec)}", path=option)) from None
    return requests
