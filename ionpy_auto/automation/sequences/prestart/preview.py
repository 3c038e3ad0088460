"""What somebody is told who asks whether a run could start, without starting it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ionpy_auto.automation.sequences.prestart.condition import Check
from ionpy_auto.core.errors import IonpyError


@dataclass
class Preview:
    """Collects the findings; a start would break off at the first refusal.

    Attributes:
        sequence: Id of the flow.
        findings: Of the check of the flow, warnings too.
        limits: In force, with origin and reaction.
        checks: Conditions of the start with their values.
        refusals: Why it would not start.
        duration_s: How long it may take, if that can be told.
    """

    sequence: str
    findings: Sequence[Mapping[str, Any]] = ()
    limits: Sequence[Mapping[str, Any]] = ()
    checks: Sequence[Check] = ()
    refusals: list[dict[str, Any]] = field(default_factory=list)
    duration_s: float | None = None

    def refuse(self, error: IonpyError) -> None:
        """A start would be refused by this."""
        told = {key: value for key, value in error.arguments.items() if key != "checks"}
        self.refusals.append(
            {"code": error.error_code, "message": error.message, "hint": error.hint, "args": told}
        )

    def as_dict(self) -> dict[str, Any]:
        """JSON form."""
        return {
            "sequence": self.sequence,
            "ok": not self.refusals,
            "refusals": self.refusals,
            "findings": list(self.findings),
            "limits": list(self.limits),
            "checks": [check.as_dict() for check in self.checks],
            "duration_s": self.duration_s,
        }
