"""The script files of a project: ``scripts/*.py``, read anew whenever they are asked for.

The file on disk is the deployed version. What is saved has been checked without errors; a file
that somebody put there by hand is checked when it is read or started.
"""

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from ionpy_auto.automation.scripts.native import Interpreters, is_native
from ionpy_auto.core.bus import Bus, Event
from ionpy_auto.core.clock import Clock
from ionpy_auto.core.errors import (
    BadInput,
    Finding,
    NotFound,
    Rejected,
    Severity,
    StaleRevision,
    StorageError,
    TooLarge,
)
from ionpy_auto.core.files import inside, revision_of, sync_folder, write_atomic

T = TypeVar("T")

SUFFIX = ".py"
MAX_BYTES = 2**18
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
RESERVED = frozenset({"runs"})  # a word of the address next to the names


@dataclass(frozen=True, slots=True)
class Script:
    """One script as it is on disk."""

    name: str
    text: str

    @property
    def revision(self) -> str:
        """Of the text."""
        return revision_of(self.text)


class ScriptStore:
    """All scripts of the open project.

    Args:
        folder: Where they are.
        sandbox: Checks them.
        bus: Hears ``script_changed {name, revision, deleted}``.
        clock: Held while files are read and written.
        may_run: Raises when a script must not be started.
    """

    def __init__(
        self,
        folder: Path,
        sandbox: Interpreters,
        bus: Bus,
        clock: Clock,
        may_run: Callable[[Script], None],
    ) -> None:
        self.folder = folder
        self._sandbox = sandbox
        self._bus = bus
        self._clock = clock
        self._may_run = may_run
        self._lock = asyncio.Lock()

    def names(self) -> list[str]:
        """Of the scripts there are."""
        found = self.folder.glob(f"*{SUFFIX}") if self.folder.is_dir() else ()
        return sorted(path.stem for path in found)

    async def entries(self) -> list[dict[str, Any]]:
        """Name, revision and size of every script."""
        scripts = await self._on_disk(self._read_all)
        return [
            {
                "name": one.name,
                "revision": one.revision,
                "lines": one.text.count("\n") + 1,
                "native": is_native(one.text),
            }
            for one in scripts
        ]

    def _read_all(self) -> list[Script]:
        if not self.folder.is_dir():
            return []
        found = []
        for path in sorted(self.folder.glob(f"*{SUFFIX}")):
            if is_name(path.stem):
                try:
                    found.append(Script(path.stem, _text_of(path)))
                except (OSError, ValueError, TooLarge):
                    found.append(Script(path.stem, ""))  # its check tells why
        return found

    async def read(self, name: str) -> Script:
        """A script.

        Raises:
            BadInput: No name of a script.
            NotFound: There is none.
            Rejected: It cannot be read as text.
        """
        path = self.path_of(name)
        try:
            return Script(name, await self._on_disk(lambda: _text_of(path)))
        except FileNotFoundError:
            msg = f"there is no script {name!r}"
            raise NotFound(msg, hint="GET /api/scripts lists them") from None
        except UnicodeDecodeError:
            msg = f"{path.name} is no UTF-8 text"
            raise Rejected(msg, code="SCRIPT_INVALID", hint="save it as UTF-8") from None

    async def get(self, name: str) -> dict[str, Any]:
        """Text, revision and findings."""
        script = await self.read(name)
        checked = await self.check(script.text, script.name)
        shown = {"name": name, "text": script.text, "revision": script.revision}
        return {**shown, "native": is_native(script.text), **checked}

    async def check(self, text: str, name: str = "script") -> dict[str, Any]:
        """All findings of a text; nothing is kept."""
        findings = await self._sandbox.check(name, text)
        return {"ok": not has_errors(findings), "findings": [f.as_dict() for f in findings]}

    async def require_runnable(self, script: Script) -> None:
        """Raises Forbidden or Rejected when a script must not be started as it is."""
        await self._on_disk(lambda: self._may_run(script))
        await self.require_good(script)

    async def require_good(self, script: Script) -> None:
        """Raises Rejected with all findings when the text has errors."""
        findings = await self._sandbox.check(script.name, script.text)
        errors = [finding for finding in findings if finding.severity is Severity.ERROR]
        if errors:
            raise Rejected(
                str(errors[0]), code="SCRIPT_INVALID", hint=errors[0].hint, findings=findings
            )

    async def save(self, name: str, text: str, revision: str = "") -> dict[str, Any]:
        """Check and write a text; without ``revision`` the script must be new.

        Raises:
            StaleRevision: The file is not what the caller started from; ``arguments`` hold
                ``current_revision`` and ``current_text``.
            Rejected: The text has errors; nothing was written.
            StorageError: The disk refused; the old text is unchanged.
        """
        path = self.path_of(name)
        if len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
            msg = f"a script has at most {MAX_BYTES} bytes"
            raise TooLarge(msg)
        script = Script(name, text)
        async with self._lock:
            await self.require_good(script)

            def work() -> None:
                _require_revision(path, revision)
                path.parent.mkdir(parents=True, exist_ok=True)
                write_atomic(path, text)

            await self._on_disk(work)
        self._tell(name, script.revision)
        return await self.get(name)

    async def delete(self, name: str, revision: str) -> None:
        """Remove the file of this revision.

        Raises:
            NotFound: There is none.
            StaleRevision: It changed meanwhile.
        """
        await self.read(name)
        path = self.path_of(name)
        async with self._lock:

            def work() -> None:
                _require_revision(path, revision)
                path.unlink()
                sync_folder(path.parent)

            await self._on_disk(work)
        self._tell(name, None)

    def path_of(self, name: str) -> Path:
        """The file of a script, whether it is there or not.

        Raises:
            BadInput: No name of a script.
        """
        if not is_name(name):
            msg = f"{name!r} is no name of a script"
            raise BadInput(msg, hint="letters, digits, _ and -; runs is taken")
        return inside(self.folder, f"{name}{SUFFIX}")

    def _tell(self, name: str, revision: str | None) -> None:
        payload = {"name": name, "revision": revision, "deleted": revision is None}
        clock = self._clock
        self._bus.publish(Event("script_changed", payload, clock.now(), clock.monotonic()))

    async def _on_disk(self, work: Callable[[], T]) -> T:
        try:
            with self._clock.hold():
                return await asyncio.to_thread(work)
        except FileNotFoundError:
            raise
        except OSError as error:
            msg = f"the script could not be read or written: {error.strerror or error}"
            raise StorageError(msg, hint="check disk space and permissions") from error


def is_name(name: str) -> bool:
    """Whether a script may be called so."""
    return NAME.fullmatch(name) is not None and name not in RESERVED


def has_errors(findings: "list[Finding]") -> bool:
    """Whether one of them refuses the text."""
    return any(finding.severity is Severity.ERROR for finding in findings)


def _text_of(path: Path) -> str:
    if path.stat().st_size > MAX_BYTES:
        msg = f"{path.name} is larger than {MAX_BYTES} bytes"
        raise TooLarge(msg)
    return path.read_bytes().decode("utf-8")


def _require_revision(path: Path, revision: str) -> None:
    try:
        text = _text_of(path)
    except FileNotFoundError:
        if not revision:
            return
        text = ""
    if revision_of(text) != revision:
        msg = f"{path.name} changed since it was read"
        raise StaleRevision(
            msg,
            hint="look at the difference and decide",
            args={"current_revision": revision_of(text), "current_text": text},
        )
