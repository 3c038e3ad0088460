"""Placeholder until the real one arrives."""

from typing import Any


def flow_schema() -> dict[str, Any]:
    """Nothing yet."""
    return {}
