"""Where alarms come from: one file per source, found by scanning this folder.

A source's file holds one class ``Source``; it hears or looks, and says to its desk what is so and
what is over. It decides nothing about acknowledgement, covers or who is told.
"""

from types import ModuleType
from typing import cast

from ionpy_auto.alarms.sources._desk import AlarmSource, Desk, EntityOf, Figures
from ionpy_auto.core.registry import Registry


def _pick(module: ModuleType) -> type[AlarmSource]:
    return cast("type[AlarmSource]", module.Source)


SOURCES: Registry[type[AlarmSource]] = Registry("alarm source", __name__, _pick)

__all__ = ["SOURCES", "AlarmSource", "Desk", "EntityOf", "Figures"]
