"""Sequences: steps that run through on a channel, and the figures they yield."""
