"""Which native scripts an administrator has read and trusts.

Trust belongs to a place and the hash of the text that stood there, as it does with drivers: a
changed file asks again, and so does a copied or imported project. Beside the hash the text itself
is kept, so that the next question shows what changed.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import structlog

from ionpy_auto.automation.scripts.native import is_native
from ionpy_auto.automation.scripts.store import Script
from ionpy_auto.core.clock import Clock
from ionpy_auto.core.errors import Conflict, Forbidden, IonpyError
from ionpy_auto.core.files import read_json, write_json
from ionpy_auto.devices.trust import ONLY_INVISIBLE, kept_texts, shown, unified

log = structlog.get_logger(__name__)


def digest_of(text: str) -> str:
    """What trust is bound to."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


class ScriptTrust:
    """See the module's first lines.

    Args:
        home: The home folder; the list is ``config/trusted_scripts.json``.
        folder: Where the scripts of the open project are.
        clock: Stamps who trusted when.
    """

    def __init__(self, home: Path, folder: Path, clock: Clock) -> None:
        self._path = home / "config" / "trusted_scripts.json"
        self._copies = home / "var" / "trusted"
        self._folder = folder.resolve().as_posix()
        self._clock = clock

    def _place(self, name: str) -> str:
        return f"{self._folder}/{name}.py"

    def _entries(self) -> Mapping[str, dict[str, Any]]:
        """What is trusted; nothing when the list cannot be read."""
        try:
            content = read_json(self._path)
        except FileNotFoundError:
            return {}
        except (IonpyError, OSError) as error:
            log.error("no native script is trusted", file=str(self._path), reason=str(error))  # noqa: TRY400 - a broken file is no defect of ours
            return {}
        scripts = content.get("scripts") if isinstance(content, dict) else None
        known = scripts if isinstance(scripts, dict) else {}
        return {place: entry for place, entry in known.items() if isinstance(entry, dict)}

    def is_trusted(self, script: Script) -> bool:
        """Whether exactly this text was trusted at exactly this place."""
        entry = self._entries().get(self._place(script.name), {})
        return entry.get("hash") == digest_of(script.text)

    def require(self, script: Script) -> None:
        """Raises Forbidden when a script is native and nobody trusts it."""
        if not is_native(script.text) or self.is_trusted(script):
            return
        again = self._place(script.name) in self._entries()
        why = "it changed since an administrator trusted it" if again else "nobody trusts it yet"
        msg = f"script {script.name!r} is native Python: {why}"
        hint = f"an administrator reads and trusts it: /api/scripts/{script.name}/trust"
        raise Forbidden(msg, code="SCRIPT_UNTRUSTED", hint=hint)

    def look(self, script: Script) -> dict[str, Any]:
        """What an administrator reads before trusting a script; nothing of it is run."""
        texts = {f"{script.name}.py": shown(script.text.encode("utf-8", "surrogatepass"))}
        trusted = self.is_trusted(script)
        difference = unified(self._last(script.name), texts)
        return {
            "name": script.name,
            "native": is_native(script.text),
            "hash": digest_of(script.text),
            "trusted": trusted,
            "diff": difference or ("" if trusted else ONLY_INVISIBLE),
        }

    def trust(self, script: Script, digest: str, by: str) -> None:
        """Trust what somebody has read.

        Raises:
            Conflict: ``CONTENT_CHANGED``: it is not what stands there now; or it is not native.
            StorageError: It could not be written; nothing is trusted then.
        """
        if not is_native(script.text):
            msg = f"script {script.name!r} runs in the sandbox"
            raise Conflict(msg, code="NOT_NATIVE", hint="it needs no trust")
        now = digest_of(script.text)
        if now != digest:
            msg = f"{script.name}.py is not what was read: it changed meanwhile"
            raise Conflict(msg, code="CONTENT_CHANGED", hint="read it again", args={"hash": now})
        place = self._place(script.name)
        self._copies.mkdir(parents=True, exist_ok=True)
        text = shown(script.text.encode("utf-8", "surrogatepass"))
        files = {f"{script.name}.py": text}
        write_json(self._copy(place), {"place": place, "hash": digest, "files": files})
        entry = {"hash": digest, "by": by, "at": self._clock.now()}
        self._save({**self._entries(), place: entry})

    def distrust(self, name: str) -> bool:
        """Trust it no more; returns whether it was."""
        entries = dict(self._entries())
        was = entries.pop(self._place(name), None) is not None
        if was:
            self._save(entries)
        return was

    def _last(self, name: str) -> Mapping[str, str]:
        place = self._place(name)
        return kept_texts(self._copy(place), self._entries().get(place, {}))

    def _copy(self, place: str) -> Path:
        return self._copies / f"script-{hashlib.sha256(place.encode()).hexdigest()[:16]}.json"

    def _save(self, entries: Mapping[str, object]) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        write_json(self._path, {"scripts": dict(entries)})
