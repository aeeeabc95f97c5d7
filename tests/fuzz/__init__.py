"""Damaged and hostile inputs, many in one process, for the command line: see __main__."""
