"""Machine code: compiled once on a machine, kept in the user's cache folder, loaded by every later process."""
