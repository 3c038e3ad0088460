"""The command ``ionpy-auto``: one file per word in ``commands/``."""
