"""``safe_state``: outputs into their safe state, proven by read-back."""

from collections.abc import Mapping
from typing import Any, Literal

from ionpy_auto.automation.blocks import Action, action
from ionpy_auto.automation.context import ActionContext
from ionpy_auto.core.errors import DeviceError, Rejected


@action
class SafeState(Action):
    """Drive outputs to their safe state."""

    shorthand = "of"
    of: Literal["channel", "all"]

    def sentence(self) -> str:
        """As a person would say it."""
        what = "the run's outputs" if self.of == "channel" else "all outputs"
        return f"drive {what} to their safe state"

    async def act(self, context: ActionContext) -> Mapping[str, Any]:
        """Write and prove.

        Raises:
            Rejected: ``channel`` without a run.
            DeviceError: An output did not reach it; all others were driven.
        """
        devices = tuple(context.leased_devices) if self.of == "channel" else None
        if devices == ():
            msg = "there is no run whose channel could be driven to its safe state"
            raise Rejected(msg, code="NO_CHANNEL", hint="use safe_state: all")
        owner = context.origin.id if devices is not None else ""
        results = await context.lab.safe_state(devices, owner)
        failed = [str(result.get("device")) for result in results if not result.get("ok")]
        if failed:
            msg = f"the safe state of {', '.join(failed)} is not proven"
            raise DeviceError(msg, code="NOT_SAFE", hint="switch it off by hand")
        return {"results": list(results)}
