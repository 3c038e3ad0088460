"""Tests of rules and flows without touching hardware: dry run, back-test, simulation.

What computes for long runs in a worker process of its own, so it never delays control.
"""
