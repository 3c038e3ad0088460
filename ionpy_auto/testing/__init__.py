"""Helpers for tests and for authors of drivers: a laboratory, conformance suites, wires to cut."""
