"""The command `lifsim`: finds the command, runs it, and turns what goes wrong into messages and exit codes."""

from __future__ import annotations

import errno
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path

import click

from lifsim import __version__
from lifsim.cli.lazy import LazyGroup
from lifsim.cli.stopping import Stopped, stoppable
from lifsim.cli.streams import open_closed_streams, tell, to_nowhere
from lifsim.errors import Fault, InputError, visible

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
"""Error numbers of a disk that is full."""

EXIT_INTERNAL, EXIT_INPUT = 1, 2

COMMANDS = {
    "run": ("lifsim.cli.run:run", "Simulate one network on one architecture."),
    "compare": ("lifsim.cli.compare:compare", "Compare runs, stored or new, in one table."),
    "report": ("lifsim.cli.report:report", "Write one HTML report of stored runs, with charts."),
    "memory": ("lifsim.cli.memory:memory", "Show the memory of LIF membranes, weights and activations."),
    "sweep": ("lifsim.cli.sweep:sweep", "Simulate every combination of settings."),
    "optimize": ("lifsim.cli.optimize:optimize", "Search a space of settings for the lowest figure within limits."),
    "store": ("lifsim.cli.store:store", "Show and export what a sweep has stored."),
    "explain": ("lifsim.cli.explain:explain", "Show where one layer's cycles and bytes come from."),
    "plot": ("lifsim.cli.plot:plot", "Draw a figure and write its numbers as CSV."),
    "check": ("lifsim.cli.check:check", "Check architecture, workload and DRAM files for faults."),
    "init": ("lifsim.cli.init:init", "Write a commented architecture or workload file to start from."),
    "arch": ("lifsim.cli.arch:arch", "Show an architecture: its parts and the price of every access."),
    "workload": ("lifsim.cli.workload:workload", "Show the layers of a network."),
    "import": ("lifsim.cli.import_:import_", "Convert files of other tools (ONNX, NIR, SCALE-Sim, ...) to LIFSim's."),
    "export": ("lifsim.cli.nir:export", "Convert networks to files of other tools (NIR)."),
    "validate": ("lifsim.cli.validate:validate", "Check LIFSim's figures against those of other tools."),
    "train": ("lifsim.cli.train:train", "Train a network under a sharing."),
    "gradients": ("lifsim.cli.gradients:gradients", "Measure the sparsity of gradients, for run --mode training."),
    "study": ("lifsim.cli.study:study", "Compare accuracy and spike rate of sharings, trained over several seeds."),
    "dram-bench": ("lifsim.cli.dram_bench:dram_bench", "Simulate an access pattern or a request trace on a DRAM."),
    "list": ("lifsim.cli.listing:listing", "List the names that options and files accept."),
    "trace": ("lifsim.cli.trace:trace", "Make, import and inspect spike traces."),
}

_EPILOG = """\b
Examples:
  lifsim list archs
  lifsim run --arch sata128.yaml --sharing channel4
  lifsim compare --sharing none,layer,channel4
  lifsim workload show vgg16_cifar10
"""


@click.group(
    cls=LazyGroup,
    table=COMMANDS,
    epilog=_EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120},
)
@click.option("--debug", is_flag=True, expose_value=False, help="Show the traceback of an error (with any command).")
@click.version_option(__version__, "-V", "--version", prog_name="lifsim")
def cli() -> None:
    """Cycles, memory traffic and energy of spiking-neural-network accelerators, with shared LIF neurons."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command. Exit code: 0; 2 if an input or the usage is refused; 1 if LIFSim itself failed; 128 + n if
    signal n stopped it."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    options_end = arguments.index("--") if "--" in arguments else len(arguments)
    debug = "--debug" in arguments[:options_end]
    arguments = [a for a in arguments[:options_end] if a != "--debug"] + arguments[options_end:]
    open_closed_streams()
    with stoppable() as stopping:
        try:
            status = cli.main(arguments, prog_name="lifsim", standalone_mode=False)
            sys.stdout.flush()
            stopping.over()
            if stopping.stopped is None:
                return status if isinstance(status, int) else 0
            return _report(stopping.stopped)
        except BaseException as error:
            # What a library makes of an interruption may be none of Python's usual exceptions.
            if not isinstance(error, Exception | SystemExit | Stopped) and stopping.stopped is None:
                raise
            stopping.over()
            # Whatever the code that was interrupted made of it, the signal is the reason.
            reason = stopping.stopped or error
            if debug:
                tell("".join(traceback.format_exception(error)).rstrip())
            return _report(reason)


def _usage(error: click.ClickException) -> str:
    """Click's message as click prints it; for a group without a command, its help."""
    message = "\n".join(visible(line.expandtabs(2)) for line in error.format_message().split("\n"))
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        return message
    context = error.ctx if isinstance(error, click.UsageError) else None
    usage = [] if context is None else [context.get_usage(), f"Try '{context.command_path} --help' for help.", ""]
    return "\n".join([*usage, f"Error: {message}"])


def _is_nowhere() -> bool:
    """Whether the current folder was deleted; no error says so by itself."""
    try:
        Path.cwd()
    except FileNotFoundError:
        return True
    return False


def _report(error: BaseException) -> int:
    """Print what went wrong to stderr, one line per fault, and return the exit code."""
    match error:
        case Stopped():
            tell(str(error))
            return error.status
        case BrokenPipeError() | SystemExit():  # click exits so when it meets a broken pipe
            to_nowhere(sys.stdout)  # the reader has what it wanted (`| head`)
            return 0
        case InputError():
            tell("\n".join(map(str, error.faults)))
            return EXIT_INPUT
        case click.Abort(
            __cause__=BaseException() as cause
        ):  # what click makes of an EOFError: it asks no questions here
            error = cause
        case click.ClickException():
            tell(_usage(error))
            return EXIT_INPUT
        case MemoryError():
            words = f"must need less memory than this machine gives: {error}".rstrip(": ")
            tell(str(Fault(f"{words}; ask for fewer images (--batch), or less at once", path="inputs")))
            return EXIT_INPUT
        case OSError(strerror=str(reason), filename=str(name)):
            tell(str(Fault(reason, source=name)))
            return EXIT_INPUT
        case OSError(errno=number, strerror=str(reason), filename=None) if number in FULL:  # other files have names
            to_nowhere(sys.stdout)
            told = Fault(f"must be a place to write to; cannot be written: {reason}", source="standard output")
            tell(str(told))
            return EXIT_INPUT
        case FileNotFoundError(filename=None) if _is_nowhere():
            tell(str(Fault("must exist for relative paths; it was deleted", path="current folder")))
            return EXIT_INPUT
    from lifsim.registry import blamed

    if fault := blamed(error):
        tell(str(fault))
        return EXIT_INPUT
    what = str(Fault(f"{type(error).__name__}: {error}"))
    tell(f"lifsim: internal error: {what}; run with --debug for the traceback")
    return EXIT_INTERNAL
