"""Framings: cut a byte stream into messages, one file per kind, found by scanning this folder."""

from types import ModuleType

from ionpy_auto.core.registry import Registry
from ionpy_auto.devices.links import FramingKind


def _pick(module: ModuleType) -> FramingKind:
    kind: FramingKind = module.FRAMING
    return kind


FRAMINGS: Registry[FramingKind] = Registry("framing", __name__, _pick)
