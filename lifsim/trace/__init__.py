"""Spike traces: format, record, synthesise, statistics."""
