"""What is there: serial ports, USB, HID, the network, VISA; one file per kind, found by scanning.

A kind looks in a thread (`ionpy_auto.devices.aside`), because libraries for hardware block. It
writes nothing to any port.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any, NamedTuple

from ionpy_auto.core.registry import Registry
from ionpy_auto.devices.known import Known
from ionpy_auto.devices.owners import Holder


@dataclass(frozen=True)
class Site:
    """What a kind may know while it looks.

    Attributes:
        known: Rows of known devices and ports.
        holders: What running devices of this server hold.
        drivers: Names of the drivers there are.
        options: Of this kind, from whoever asks.
    """

    known: Known
    holders: Sequence[Holder] = ()
    drivers: frozenset[str] = frozenset()
    options: Mapping[str, str] = field(default_factory=dict)

    def fitting(self, wanted: Sequence[str]) -> list[str]:
        """Those of some drivers that exist here."""
        return [name for name in wanted if name in self.drivers]


class Kind(NamedTuple):
    """One kind of inventory.

    Attributes:
        limit_s: A look that takes longer is left behind.
        look: Gives ``{"items": [...], …}``.
    """

    limit_s: float
    look: Callable[[Site], dict[str, Any]]


def _pick(module: ModuleType) -> Kind:
    kind: Kind = module.KIND
    return kind


INVENTORIES: Registry[Kind] = Registry("inventory", __name__, _pick)


def missing(package: str, reason: str, hint: str = "") -> dict[str, Any]:
    """The answer of a kind whose optional library is not there, or has nothing to work with."""
    advice = hint or f"pip install {package}, then restart the server"
    return {"items": [], "available": False, "message": reason, "hint": advice}
