"""Where reference figures lie: those that come with LIFSim, and a folder of large ones that do not."""

from __future__ import annotations

from pathlib import Path

from lifsim.errors import Fault, InputError
from lifsim.lazy_dataclass import dataclass


@dataclass(frozen=True)
class References:
    """Files of reference figures by name. A file in `folder` takes the place of the shipped one of that name; without a
    folder there are the shipped ones alone. Raises InputError if `folder` is none."""

    folder: Path | None = None

    def __post_init__(self) -> None:
        if self.folder is not None and not self.folder.is_dir():
            raise InputError(Fault("must be a folder of reference figures", source=str(self.folder)))

    def has(self, name: str) -> bool:
        """Whether there is a file of that name."""
        return any((folder / name).is_file() for folder in self._folders)

    def find(self, name: str) -> Path:
        """The file of that name. Raises InputError if there is none."""
        for folder in self._folders:
            if (folder / name).is_file():
                return folder / name
        raise InputError(Fault("must be there", source=str(self._folders[0] / name)))

    @property
    def _folders(self) -> tuple[Path, ...]:
        return (_shipped(),) if self.folder is None else (self.folder, _shipped())


def _shipped() -> Path:
    """In a wheel the folder is inside the package; in the source tree, among the tests."""
    package = Path(__file__).parents[2]
    inside = package / "reference"
    return inside if inside.is_dir() else package.parent / "tests" / "reference"
