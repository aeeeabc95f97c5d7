"""Files and folders that appear whole or not at all: written beside their place and moved into it.

Whatever ends the writing (a full disk, Ctrl-C, a termination that raises), what was in the place stays, and nothing
else is left behind. What the system has against it is told as an InputError with the path and the system's words.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path

from lifsim.errors import Fault, InputError
from lifsim.scratch import ScratchFolder


def unwritable(path: Path, error: OSError) -> InputError:
    """The error to raise where the system does not let `path` be written."""
    return InputError(
        Fault(f"must be a place to write to; cannot be written: {error.strerror or error}", source=str(path))
    )


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """What the system has against writing `path` inside is an InputError. Other files' faults pass: they have names."""
    try:
        yield
    except OSError as error:
        if error.filename is not None and not _is_beside(Path(os.fsdecode(error.filename)), path):
            raise
        raise unwritable(path, error) from error


@contextmanager
def scratch_beside(path: Path, *, parents: bool = False) -> Iterator[Path]:
    """A hidden folder beside `path`, for what is to be moved there: on the same disk, and gone at the end.

    parents: the folders above it are made, and taken away again on an exception; else they must be there. Raises
    InputError where that cannot be.
    """
    with writing(path):
        made = _made(path.parent) if parents else []
        try:
            with ScratchFolder(path.parent, path.name) as scratch:
                yield scratch.path
        except BaseException:
            _take_away(made)
            raise


def check_writable(path: Path) -> None:
    """Try whether `path` could be written by `scratch_beside` with its `parents`, before long work whose result is to
    go there; nothing is left of it. Raises InputError where it could not."""
    with writing(path):
        made = _made(path.parent)
        try:
            with ScratchFolder(path.parent, path.name):
                pass
        finally:
            _take_away(made)


@contextmanager
def replacing(path: Path, *, parents: bool = False, durable: bool = False) -> Iterator[Path]:
    """A file to be written, beside `path` and moved into its place at the end.

    parents: as in `scratch_beside`. durable: it is on the disk before it is moved, so that a power cut leaves the old
    file or the new one. Raises InputError where it cannot be written.
    """
    with replacing_all([path], parents=parents, durable=durable) as (temporary,):
        yield temporary


@contextmanager
def replacing_all(paths: Sequence[Path], *, parents: bool = False, durable: bool = False) -> Iterator[tuple[Path, ...]]:
    """Files of one folder to be written as `replacing` says: all of them come into their places, or none."""
    with scratch_beside(paths[0], parents=parents) as scratch:
        if taken := [path for path in paths if path.exists() and not path.is_file()]:
            raise InputError([Fault("must be a file, or not exist", source=str(path)) for path in taken])
        (scratch / "new").mkdir()
        (scratch / "old").mkdir()
        temporaries = tuple(scratch / "new" / path.name for path in paths)
        yield temporaries
        if durable:
            for temporary in temporaries:
                _sync(temporary)
        _move_files(list(zip(temporaries, paths, strict=True)), scratch / "old")


@contextmanager
def replacing_folder(folder: Path, *, replace: bool) -> Iterator[Path]:
    """An empty folder to be filled, beside `folder` and moved into its place at the end; folders above it are made.

    With `replace` unset it never takes the place of one that holds something. Raises InputError where it cannot be
    written.
    """
    with scratch_beside(folder, parents=True) as scratch:
        new, aside = scratch / "new", scratch / "old"
        for empty in (new, aside):
            empty.mkdir()
        yield new
        if not move_folder(new, folder, aside, replace=replace):
            raise InputError(must_not_exist(folder))


def move_folder(new: Path, folder: Path, aside: Path, *, replace: bool) -> bool:
    """Whether `new` became `folder`: without `replace` not where that holds something. `aside`: a folder beside it for
    what is replaced, which comes back on an exception."""
    try:
        return _move_folder(new, folder, aside, replace=replace)
    except BaseException:
        for old in aside.glob("*"):  # it has been moved away already
            with suppress(OSError):
                old.rename(folder)
        raise


def named(path: Path, field: str = "out") -> Path:
    """`path`, which is to be a file. Raises InputError, of `field`, where it names none, as `.`, `..`, `/` and an empty
    text (of a variable of the shell that is not set) do."""
    if path.name in ("", ".."):
        raise InputError(Fault(f"{str(path)!r} must be the name of a file", path=field))
    return path


def beside(path: Path, ending: str) -> Path:
    """The file that goes with `path`: NAME and the `ending`. Raises InputError as `named`."""
    return named(path).with_name(f"{path.stem}{ending}")


def numbered(path: Path, suffix: str = "") -> Iterator[Path]:
    """`path`, then NAME-2, NAME-3 and so on beside it, before the `suffix` of a file."""
    yield path
    for number in count(2):
        yield path.with_name(f"{path.name.removesuffix(suffix)}-{number}{suffix}")


def write_text(path: Path, text: str, *, parents: bool = False) -> None:
    """Write `text` as UTF-8; parents: as in `scratch_beside`. Raises InputError where it cannot be written."""
    write_bytes(path, text.encode(), parents=parents)


def write_bytes(path: Path, data: bytes, *, parents: bool = False) -> None:
    """Write `data`; parents: as in `scratch_beside`. Raises InputError where it cannot be written."""
    with replacing(path, parents=parents) as temporary:
        temporary.write_bytes(data)


def must_not_exist(path: Path) -> Fault:
    """The fault of a place that is taken, where nothing is replaced unasked."""
    return Fault(f"{path} exists and must not be overwritten; remove it or give --force", path="out")


def check_targets(targets: Sequence[Path], sources: Iterable[Path], *, replace: bool) -> None:
    """Refuse, before anything is read, files to be written that are among the `sources` or twice among the `targets`,
    by whatever name, that are taken by something else than a file, and, unless they may `replace` it, by anything.

    Raises InputError with all of these.
    """
    faults = []
    sources = list(sources)
    for index, target in enumerate(targets):
        if read := next((source for source in sources if source.exists() and _is_same(target, source)), None):
            faults.append(Fault(f"{target} must be another file than {read}, which is read", path="out"))
        elif written := next((other for other in targets[:index] if _is_same(target, other)), None):
            faults.append(Fault(f"{target} must be another file than {written}, which is written, too", path="out"))
        elif target.exists() and not target.is_file():
            faults.append(Fault(f"{target} must be a file, or not exist", path="out"))
        elif not replace and os.path.lexists(target):
            faults.append(must_not_exist(target))
    if faults:
        raise InputError(faults)


def _is_same(path: Path, other: Path) -> bool:
    """Whether both are names of one file, be it there or not."""
    try:
        return path.samefile(other)
    except FileNotFoundError:
        return os.path.realpath(path) == os.path.realpath(other)
    except (OSError, ValueError):  # no name of a file: for whoever reads or writes it to tell
        return False


def _is_beside(named: Path, path: Path) -> bool:
    """Whether `named` is `path`, a folder above it, or in a scratch folder of it."""
    named, path = named.absolute(), path.absolute()
    return path.is_relative_to(named) or any(part.startswith(_prefix(path)) for part in named.parts)


def _prefix(path: Path) -> str:
    """Of the name of a scratch folder."""
    return f".{path.name[:100]}."


def _made(folder: Path) -> list[Path]:
    """Make `folder` and those above it; which were not there, the innermost first."""
    missing = [above for above in (folder, *folder.parents) if not above.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError as error:
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), error.filename) from None
    return missing


def _take_away(made: Iterable[Path]) -> None:
    for folder in made:
        with suppress(OSError):  # another process has put something there
            folder.rmdir()


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _move_files(places: Sequence[tuple[Path, Path]], aside: Path) -> None:
    moved: list[Path] = []
    try:
        for temporary, path in places:
            if temporary is not places[-1][0]:  # the last one moves, or everything is as it was
                _keep(path, aside / path.name)
            temporary.replace(path)
            moved.append(path)
    except BaseException:
        for path in moved:
            with suppress(OSError):
                if (aside / path.name).exists():
                    (aside / path.name).replace(path)
                else:
                    path.unlink()
        raise


def _keep(path: Path, copy: Path) -> None:
    """A second name of the file at `path`, or a copy where the disk knows none."""
    try:
        copy.hardlink_to(path)
    except FileNotFoundError:
        return
    except OSError:
        shutil.copy2(path, copy)


def _move_folder(new: Path, folder: Path, aside: Path, *, replace: bool) -> bool:
    """Renames are atomic and never land on a folder that holds something: of processes that write to one folder at once
    the first one stays, or the last one where they may replace it."""
    attempts = count()
    while True:
        try:
            new.rename(folder)
            return True
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                raise
            if not replace:
                return False
        with suppress(FileNotFoundError):  # another process has just moved it away
            folder.rename(aside / str(next(attempts)))
