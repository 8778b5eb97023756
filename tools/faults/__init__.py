"""Faults set into the program one at a time: does a test notice? `python -m tools.faults` says how it is used."""
