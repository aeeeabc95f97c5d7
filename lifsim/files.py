"""Files and folders that appear whole or not at all: written beside their place and moved into it.

Whatever interrupts the writing (a full disk, Ctrl-C, a signal), the old content stays and nothing else is left behind.
Errors of the system become an InputError with the path and the system's words.
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
    """The error to raise if the system does not let `path` be written."""
    return InputError(
        Fault(f"must be a place to write to; cannot be written: {error.strerror or error}", source=str(path))
    )


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn errors of the system about writing `path` into InputError. Errors about other files pass: they name their
    file."""
    try:
        yield
    except OSError as error:
        if error.filename is not None and not _is_beside(Path(os.fsdecode(error.filename)), path):
            raise
        raise unwritable(path, error) from error


@contextmanager
def scratch_beside(path: Path, *, parents: bool = False) -> Iterator[Path]:
    """A hidden folder beside `path`, on the same disk, for what is to be moved to `path`; removed at the end.

    parents: the folders above are made, and removed again on an exception; else they must exist. Raises InputError if
    that fails.
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
    """Check before long work whether its result could be written to `path` by `scratch_beside`; leaves nothing behind.
    Raises InputError if not."""
    with writing(path):
        made = _made(path.parent)
        try:
            with ScratchFolder(path.parent, path.name):
                pass
        finally:
            _take_away(made)


@contextmanager
def replacing(path: Path, *, parents: bool = False, durable: bool = False) -> Iterator[Path]:
    """A file to write to, beside `path`, and moved to `path` at the end.

    parents: as in `scratch_beside`. durable: flushed to the disk before it is moved, so that a power cut leaves the old
    file or the new one. Raises InputError if it cannot be written.
    """
    with replacing_all([path], parents=parents, durable=durable) as (temporary,):
        yield temporary


@contextmanager
def replacing_all(paths: Sequence[Path], *, parents: bool = False, durable: bool = False) -> Iterator[tuple[Path, ...]]:
    """Files of one folder, written as by `replacing`: either all of them are moved into place, or none."""
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


def move_folder(new: Path, folder: Path, aside: Path, *, replace: bool) -> bool:
    """Move `new` to `folder`, unless that holds something and `replace` is not set; return whether it was moved.
    `aside`: a folder beside it for what is replaced, which is restored on an exception."""
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
    """Write `text` as UTF-8; parents: as in `scratch_beside`. Raises InputError if it cannot be written."""
    write_bytes(path, text.encode(), parents=parents)


def write_bytes(path: Path, data: bytes, *, parents: bool = False) -> None:
    """Write `data`; parents: as in `scratch_beside`. Raises InputError if it cannot be written."""
    with replacing(path, parents=parents) as temporary:
        temporary.write_bytes(data)


def must_not_exist(path: Path) -> Fault:
    """The fault of a path that exists, where nothing is replaced without --force."""
    return Fault(f"{path} exists and must not be overwritten; remove it or give --force", path="out")


def check_targets(targets: Sequence[Path], sources: Iterable[Path], *, replace: bool) -> None:
    """Refuse, before anything is read, `targets` that are one of the `sources` or of the other targets under any name,
    that exist and are no files, or that exist at all unless `replace` is set.

    Raises InputError with all of them.
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
    """Whether both are names of one file, existing or not."""
    try:
        return path.samefile(other)
    except FileNotFoundError:
        return os.path.realpath(path) == os.path.realpath(other)
    except (OSError, ValueError):  # no valid file name: left to whoever reads or writes it
        return False


def _is_beside(named: Path, path: Path) -> bool:
    """Whether `named` is `path`, a folder above it, or in a scratch folder of it."""
    named, path = named.absolute(), path.absolute()
    return path.is_relative_to(named) or any(part.startswith(_prefix(path)) for part in named.parts)


def _prefix(path: Path) -> str:
    """The beginning of the name of a scratch folder."""
    return f".{path.name[:100]}."


def _made(folder: Path) -> list[Path]:
    """Make `folder` and those above it; return those that did not exist, the innermost first."""
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
            if temporary is not places[-1][0]:  # the last move succeeds, or everything is restored
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
    """A hard link to the file at `path`, or a copy if the disk has no hard links."""
    try:
        copy.hardlink_to(path)
    except FileNotFoundError:
        return
    except OSError:
        shutil.copy2(path, copy)


def _move_folder(new: Path, folder: Path, aside: Path, *, replace: bool) -> bool:
    """Renames are atomic and never replace a folder that holds something: if several processes write to one folder, the
    first one's stays, or the last one's if they may replace it."""
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
