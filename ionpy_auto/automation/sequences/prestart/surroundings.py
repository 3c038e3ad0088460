"""What the record needs: a sane clock, and room on the disk for the whole run."""

from typing import Final

from ionpy_auto.automation.sequences.prestart.condition import Check, Start

CLOCK_STEP_S: Final = 2.0
CLOCK_SLACK_S: Final = 1.0
BYTES_PER_ROW: Final = 40
BYTES_PER_VALUE: Final = 10
KEPT_FREE: Final = 200_000_000
"""Room left for everything else: a full disk stops the record of all projects."""
UNKNOWN_DURATION_S: Final = 86_400.0


def check_surroundings(start: Start) -> list[Check]:
    """Clock and disk."""
    return [*clock(start), *disk(start)]


def clock(start: Start) -> list[Check]:
    """Stamps must go on where those of the last run ended."""
    step = start.clock_step
    text = f"the clock jumped by {step:+.1f} s" if abs(step) > CLOCK_STEP_S else "no jump"
    hint = "see that the time is right, then start again"
    found = [Check("clock", abs(step) <= CLOCK_STEP_S, step, text, "CLOCK_JUMPED", hint)]
    if start.last_stamp is not None:
        ahead = start.channel.clock.now() - start.last_stamp
        ok = ahead >= -CLOCK_SLACK_S
        text = "later than the last record" if ok else f"{-ahead:.0f} s before the last record"
        hint = "set the clock of the server"
        found.append(Check("clock order", ok, ahead, text, "CLOCK_BEHIND", hint))
    return found


def disk(start: Start) -> list[Check]:
    """Rows of all devices at their poll interval, against what is free."""
    if start.free_bytes is None:
        return []
    duration = UNKNOWN_DURATION_S if start.duration_s is None else start.duration_s
    needed = 0.0
    for stack in start.channel.devices.stacks.values():
        row = BYTES_PER_ROW + BYTES_PER_VALUE * len(stack.slots)
        needed += duration / stack.interval_s * row
    free = start.free_bytes - KEPT_FREE
    how_long = f"{duration / 3600:.1f} h" if start.duration_s is not None else "a day"
    text = f"{how_long} take up to {needed / 1e6:.0f} MB, {start.free_bytes / 1e6:.0f} MB are free"
    hint = "make room, or raise the poll intervals"
    return [Check("disk", needed <= free, start.free_bytes, text, "DISK_FULL", hint)]
