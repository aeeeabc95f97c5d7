"""Faults that tests once let pass, planted one by one: `python -m tests.mutants` says whether they see them now."""
