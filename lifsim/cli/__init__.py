"""One file per command; no modelling here."""
