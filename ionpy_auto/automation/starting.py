"""Which flows an engineer has armed to drive outputs by themselves after a start (ENG-13).

After a start, a crash or a reconnect nothing is switched on before a person has looked. A flow that
shall do so nevertheless is armed by a person for one project and exactly one text of it; a changed
file asks again, and so does a copied or imported project. The list lives in the home folder.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import structlog

from ionpy_auto.automation.flow import Flow
from ionpy_auto.core.clock import Clock
from ionpy_auto.core.errors import Conflict, Finding, IonpyError, Rejected, Severity
from ionpy_auto.core.files import read_json, write_json

log = structlog.get_logger(__name__)

ARMABLE: Final = frozenset({"startup-writes", "resume-not-armed"})
"""Findings that arming turns from an error into a warning."""


class StartArms:
    """See the module's first lines.

    Args:
        path: ``<home>/config/armed_flows.json``; None arms nothing.
        project: What names the open project: its folder, not its id, which a copy would share.
        clock: Stamps who armed when.
    """

    def __init__(self, path: Path | None, project: str, clock: Clock) -> None:
        self._path = path
        self._project = project
        self._clock = clock
        self._known: dict[str, dict[str, Any]] = {}

    def start(self) -> None:
        """Read the list; if it cannot be read nothing is armed."""
        try:
            content = read_json(self._path) if self._path is not None else {}
        except FileNotFoundError:
            content = {}
        except (IonpyError, OSError) as error:
            log.error("no flow is armed", file=str(self._path), reason=str(error))  # noqa: TRY400 - a broken file is no defect of ours
            content = {}
        flows = content.get("flows") if isinstance(content, dict) else None
        known = flows if isinstance(flows, dict) else {}
        self._known = {key: entry for key, entry in known.items() if isinstance(entry, dict)}

    def _key(self, flow_id: str) -> str:
        return f"{self._project}/{flow_id}"

    def entry(self, flow_id: str) -> Mapping[str, Any] | None:
        """``{revision, by, at, does}`` of a flow of this project, whatever its text is by now."""
        return self._known.get(self._key(flow_id))

    def is_armed(self, flow: Flow) -> bool:
        """Whether exactly this text was armed for this project."""
        entry = self.entry(flow.id)
        return entry is not None and entry.get("revision") == flow.revision

    def why_not(self, flow: Flow) -> str | None:
        """Why a flow may not switch outputs on by itself; None when it may."""
        if self.is_armed(flow):
            return None
        if self.entry(flow.id) is None:
            return "no engineer has armed it to go on by itself"
        return "its text has changed since an engineer armed it"

    def judged(self, flow: Flow, findings: Sequence[Finding]) -> list[Finding]:
        """The findings of a flow; what an armed one may do is a warning."""
        entry = self.entry(flow.id)
        if entry is None or not any(finding.code in ARMABLE for finding in findings):
            return list(findings)
        is_armed = self.is_armed(flow)
        return [self._one(finding, entry, is_armed=is_armed) for finding in findings]

    @staticmethod
    def _one(finding: Finding, entry: Mapping[str, Any], *, is_armed: bool) -> Finding:
        if finding.code not in ARMABLE:
            return finding
        if is_armed:
            hint = f"armed by {entry.get('by')}; disarm it when it shall no longer do so"
            return replace(finding, severity=Severity.WARNING, hint=hint)
        return replace(finding, hint=f"{finding.hint}; another text of it was armed: arm it anew")

    def arm(self, flow: Flow, findings: Sequence[Finding], by: str) -> Mapping[str, Any]:
        """Arm a text.

        Args:
            flow: What was read.
            findings: All findings of it.
            by: Who.

        Raises:
            Conflict: Nothing in it needs arming.
            Rejected: It has other errors.
            StorageError: It could not be written; nothing is armed then.
        """
        wanted = [finding for finding in findings if finding.code in ARMABLE]
        others = [f for f in findings if f.severity is Severity.ERROR and f not in wanted]
        if others:
            msg = str(others[0])
            raise Rejected(msg, code="FLOW_INVALID", hint=others[0].hint, findings=others)
        if not wanted:
            msg = f"nothing in flow {flow.id!r} drives outputs after a start"
            raise Conflict(msg, code="NOTHING_TO_ARM", hint="it works without being armed")
        does = [f"line {finding.line}: {finding.message}" for finding in wanted]
        entry = {"revision": flow.revision, "by": by, "at": self._clock.now(), "does": does}
        self._save({**self._known, self._key(flow.id): entry})
        return entry

    def disarm(self, flow_id: str) -> bool:
        """Arm it no more; returns whether it was."""
        known = dict(self._known)
        was = known.pop(self._key(flow_id), None) is not None
        if was:
            self._save(known)
        return was

    def _save(self, known: dict[str, dict[str, Any]]) -> None:
        if self._path is not None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            write_json(self._path, {"flows": known})
        self._known = known

    def summary(self, live: Sequence[Flow]) -> list[dict[str, Any]]:
        """Flows that may drive outputs by themselves now, for whoever looks after a start."""
        found = []
        for flow in live:
            entry = self.entry(flow.id)
            if entry is not None and self.is_armed(flow):
                found.append({"flow": flow.id, "title": flow.title, **entry})
        return found
