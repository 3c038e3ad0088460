"""What a step that waits for others does when nobody came in time."""

from typing import Literal

from ionpy_auto.automation.context import StepContext
from ionpy_auto.core.errors import Rejected
from ionpy_auto.language import format_duration

OnTimeout = Literal["abort", "continue"]
Verdict = Literal["pass", "inconclusive", "fail"]


def too_late(
    context: StepContext, what: str, seconds: float, on_timeout: OnTimeout, verdict: str
) -> None:
    """End the step by ``timeout``.

    Raises:
        Rejected: The run shall not go on.
    """
    context.end_now("timeout", verdict)
    if on_timeout == "abort":
        msg = f"{what} within {format_duration(seconds)}"
        hint = "on_timeout: continue goes on all the same"
        raise Rejected(msg, code="TIMEOUT", hint=hint)
