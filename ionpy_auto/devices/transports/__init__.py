"""Transports: byte pipes owned by one device, one file per kind, found by scanning this folder."""

from types import ModuleType

from ionpy_auto.core.registry import Registry
from ionpy_auto.devices.links import TransportKind


def _pick(module: ModuleType) -> TransportKind:
    kind: TransportKind = module.TRANSPORT
    return kind


TRANSPORTS: Registry[TransportKind] = Registry("transport", __name__, _pick)
