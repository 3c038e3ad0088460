"""Which devices a guard process can serve, and why not the others."""

import os
from dataclasses import dataclass

from ionpy_auto.core.errors import IonpyError
from ionpy_auto.devices.config import DeviceConfig
from ionpy_auto.devices.transports import TRANSPORTS

NO_GUARD = "no guard process watches over this project"


@dataclass(frozen=True, slots=True)
class Reach:
    """Whether outputs of a device are switched off when the server dies or hangs.

    Attributes:
        ok: A guard process can do it.
        reason: Why not, for people; empty when it can.
    """

    ok: bool
    reason: str = ""


def reach_of(config: DeviceConfig) -> Reach:
    """Whether another process could open this device once the server is gone.

    A transport that cannot be opened by a second process says why in ``NO_GUARD``.
    """
    try:
        kind = TRANSPORTS.get(config.transport.type.lower())
    except (IonpyError, ImportError) as error:
        return Reach(ok=False, reason=str(error))
    if reason := getattr(kind, "NO_GUARD", ""):
        return Reach(ok=False, reason=str(reason))
    if os.getpid() == 1:
        return Reach(
            ok=False, reason="the server is process 1: with it every process of the container ends"
        )
    return Reach(ok=True)
