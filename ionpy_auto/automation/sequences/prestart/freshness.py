"""All inputs of the limits must be known and fresh before anything else is looked at (LNG-3)."""

from collections.abc import Iterable
from typing import Final

from ionpy_auto.automation.sequences.channel import CyclerChannel, Input
from ionpy_auto.automation.sequences.limits import LimitWatch
from ionpy_auto.core.clock import Clock
from ionpy_auto.core.errors import Rejected

FRESH_PATIENCE_S: Final = 10.0
FRESH_POLL_S: Final = 0.25


async def wait_fresh(
    channel: CyclerChannel, watch: LimitWatch, names: Iterable[str], clock: Clock
) -> None:
    """Wait until all inputs of the limits are fresh.

    Args:
        channel: Its inputs.
        watch: Its expressions.
        names: Names that mean nothing before the first step and are not asked.
        clock: Bounds the wait.

    Raises:
        Rejected: Names what did not become fresh, and why as far as the device said it.
    """
    deadline = clock.monotonic() + FRESH_PATIENCE_S
    later = frozenset(names)
    while True:
        silent = [place for place in channel.inputs if not _is_fresh(channel, place)]
        missing = [place.point for place in silent]
        missing += [i.device for i in channel.instruments if i.known(i.switch) is None]
        missing += [p for p in watch.unknown_inputs() if p not in later]
        if not missing:
            return
        if clock.monotonic() >= deadline:
            _refuse(channel, silent, list(dict.fromkeys(missing)))
        await clock.sleep(FRESH_POLL_S)


def _is_fresh(channel: CyclerChannel, place: Input) -> bool:
    return place.value is not None and _is_recent(channel, place)


def _is_recent(channel: CyclerChannel, place: Input) -> bool:
    if place.last is None:
        return False
    return channel.clock.monotonic() - place.last.mono <= place.patience_s


def _refuse(channel: CyclerChannel, silent: list[Input], missing: list[str]) -> None:
    """Say which kind of unknown it is: a device that is silent, or one that talks nonsense."""
    spoilt = [p for p in silent if _is_recent(channel, p) and p.last is not None and p.last.reason]
    reasons = {p.point: p.last.reason for p in spoilt if p.last is not None}
    shown = [f"{name} ({reasons[name]})" if name in reasons else name for name in missing]
    msg = f"not started: no fresh value of {', '.join(shown)}"
    if not spoilt or len(spoilt) < len(missing):
        hint, args = "see that the devices are online", {"inputs": missing, "codes": ["NOT_FRESH"]}
        raise Rejected(msg, code="NOT_FRESH", hint=hint, args=args)
    if spoilt == [channel.temp]:
        hint, args = "check the probe", {"inputs": missing, "codes": ["TEMP_IMPLAUSIBLE"]}
        raise Rejected(msg, code="TEMP_IMPLAUSIBLE", hint=hint, args=args)
    hint, args = "check the meter and its leads", {"inputs": missing, "codes": ["SENSOR_INVALID"]}
    raise Rejected(msg, code="SENSOR_INVALID", hint=hint, args=args)
