"""What a script may do. Every function is awaited; a refusal raises RuntimeError or ValueError.

The message of an error begins with a stable code: ``OWNED: PSU_01.i_set is held by run:7 (...)``.
"""

from typing import Any, Literal

params: dict[str, Any]
"""What the caller of the script gave: ``params.get("current", 0.5)``."""

async def read(point: str) -> float | int | bool | str | None:
    """The present value of ``device.entity`` in its unit; None while it is unknown."""

async def read_number(point: str) -> float:
    """The present value as a number.

    Raises:
        ValueError: It is unknown, or no number.
    """

async def sample(point: str) -> dict[str, Any]:
    """``{value, quality, unit, age, timestamp, alarm}``; ``quality`` says why there is no value."""

async def write(point: str, value: float | bool | str) -> dict[str, Any]:
    """Write through the gate; returns ``{outcome, sent, read_back}`` after the read-back.

    ``outcome`` is ``done``, ``unconfirmed`` or ``shadowed`` (the project is not armed).

    Raises:
        RuntimeError: Another one holds the output, panic, an interlock, or the device failed.
        ValueError: Out of range, not finite, or of the wrong type.
    """

async def wait(seconds: float) -> None:
    """Let time pass."""

async def wait_for(condition: str, timeout_s: float) -> bool:
    """True once the expression holds (``"DMM_01.v > 4.1 V"``), False after ``timeout_s``."""

async def marker(label: str, device: str | None = None, notes: str = "") -> dict[str, Any]:
    """Set a marker now."""

async def alarm(
    text: str,
    key: str = "script",
    severity: Literal["info", "warning", "critical"] = "warning",
    active: bool = True,
) -> dict[str, Any]:
    """Raise an alarm, or clear it with ``active=False``; ``key`` tells alarms of a script apart."""

async def notify(message: str, to: str = "log", title: str = "") -> dict[str, Any]:
    """Send a message to a receiver: ``log``, or the URL of a webhook."""

async def export(
    file_format: str = "csv", device: str | None = None, session_id: int | None = None
) -> dict[str, Any]:
    """Write a session, the running one by default, into a file; returns its row."""

async def log(message: str, level: Literal["info", "warning", "error"] = "info") -> None:
    """A line for the server's log and the output of this run."""

async def run(
    sequence: str, channel: str = "", parameters: dict[str, Any] | None = None, wait: bool = True
) -> dict[str, Any]:
    """Start a sequence and, by default, wait for its end; returns the run with its ``verdict``."""

async def session(do: Literal["start", "stop"], name: str = "") -> dict[str, Any]:
    """Start or stop recording."""

async def query(
    point: str, seconds: float = 600.0, points: int | None = None
) -> dict[str, list[Any]]:
    """What was recorded of a point lately: ``{"t": [...], "value": [...]}``.

    With ``points`` it is thinned to so many averages.
    """
