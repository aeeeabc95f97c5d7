"""How long points of the coarse grid took, kept in the store of a sweep for the one that goes on with it."""

from __future__ import annotations

import math

from lifsim.errors import shown
from lifsim.sweeps.database import Database, damaged


class Costs:
    """Seconds by point, in a table that only those stores have that were asked to keep some."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._made = False

    def keep(self, point: int, seconds: float) -> None:
        """The point took so long, this time."""
        if not self._made:
            self._database.run("CREATE TABLE IF NOT EXISTS costs (point INTEGER PRIMARY KEY, seconds REAL NOT NULL)")
            self._made = True
        self._database.run("INSERT OR REPLACE INTO costs VALUES (?, ?)", point, seconds)

    def kept(self) -> dict[int, float]:
        """Those of all points that have any. Raises InputError where they are no seconds."""
        if not list(self._database.rows("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'costs'")):
            return {}
        found = dict(self._database.rows("SELECT point, seconds FROM costs"))
        for point, seconds in found.items():
            if not (isinstance(point, int) and isinstance(seconds, float) and 0 <= seconds < math.inf):
                rule = f"what point {shown(point)} took, {shown(seconds)}, must be seconds >= 0"
                raise damaged(self._database.path, rule)
        return found
