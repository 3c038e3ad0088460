"""The composition root: the only room that knows everybody. No domain logic lives here."""

from ionpy_auto.engine.server import Engine
from ionpy_auto.engine.workbench import Workbench

__all__ = ["Engine", "Workbench"]
