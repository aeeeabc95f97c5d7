"""Faults from outside: signals, killed processes, planted files."""
