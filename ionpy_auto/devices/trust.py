"""Which drivers of a home or project folder an administrator has read and trusts (ENG-23).

Trust belongs to a place and the hash of what stood there: another place with the same text (a
duplicated or imported project) asks again, and so does a changed file. Beside the hash the text
itself is kept, so that the next question shows what changed and not everything anew.

``<home>/config/trusted_drivers.json`` says what is trusted; ``<home>/var/trusted/`` keeps the
texts. If the first cannot be read, nothing is trusted.
"""

import difflib
import hashlib
import unicodedata
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import structlog

from ionpy_auto.core.clock import Clock
from ionpy_auto.core.errors import Conflict, IonpyError
from ionpy_auto.core.files import read_json, write_json
from ionpy_auto.devices.sources import hash_of, read_folder

log = structlog.get_logger(__name__)

HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
"""Categories of characters that change how a text looks without being seen."""

ONLY_INVISIBLE = "only line ends or characters that cannot be seen differ"


class TrustStore:
    """See the module's first lines.

    Args:
        home: The home folder.
        clock: Stamps who trusted when.
    """

    def __init__(self, home: Path, clock: Clock) -> None:
        self._home = home
        self._clock = clock
        self._path = home / "config" / "trusted_drivers.json"
        self._copies = home / "var" / "trusted"
        self._stamp: tuple[int, int] | None = None
        self._known: dict[str, dict[str, Any]] = {}

    def place(self, folder: Path) -> str:
        """What people and the file call a driver's folder: relative to home where it is inside."""
        if folder.is_relative_to(self._home):
            return folder.relative_to(self._home).as_posix()
        return str(folder)

    def is_trusted(self, folder: Path, digest: str) -> bool:
        """Whether exactly this content was trusted at exactly this place."""
        return self._entries().get(self.place(folder), {}).get("hash") == digest

    def trust(self, folder: Path, digest: str, by: str) -> None:
        """Trust what somebody has read.

        Args:
            folder: The driver's folder.
            digest: Hash of what was read.
            by: Who.

        Raises:
            Conflict: ``CONTENT_CHANGED``: it is not what stands there now.
            StorageError: It could not be written; nothing is trusted then.
        """
        files = read_folder(folder)
        now = hash_of(files)
        if now != digest:
            raise Conflict(
                f"{self.place(folder)} is not what was read: a file changed meanwhile",
                code="CONTENT_CHANGED",
                hint="read it again",
                args={"hash": now},
            )
        place = self.place(folder)
        self._copies.mkdir(parents=True, exist_ok=True)
        texts = {name: shown(content) for name, content in files.items()}
        copy = {"place": place, "hash": digest, "files": texts}
        write_json(self._copy(place), copy)
        self._save({**self._entries(), place: {"hash": digest, "by": by, "at": self._clock.now()}})

    def distrust(self, folder: Path) -> bool:
        """Trust it no more and forget its text; returns whether it was trusted.

        Raises:
            StorageError: It could not be written.
        """
        place = self.place(folder)
        entries = dict(self._entries())
        was = entries.pop(place, None) is not None
        if was:
            self._save(entries)
        copy = self._copy(place)
        for path in (copy, copy.with_name(f"{copy.name}.bak")):
            path.unlink(missing_ok=True)
        return was

    def look(self, folder: Path) -> tuple[str, bool, str]:
        """Hash of a driver's folder, whether it is trusted, and how it differs from what was.

        Nothing in the folder is run.
        """
        files = read_folder(folder)
        digest = hash_of(files)
        trusted = self.is_trusted(folder, digest)
        texts = {name: shown(content) for name, content in files.items()}
        difference = unified(self._last(folder), texts)
        return digest, trusted, difference or ("" if trusted else ONLY_INVISIBLE)

    def _last(self, folder: Path) -> Mapping[str, str]:
        """The texts that were trusted last at this place; empty when there are none."""
        place = self.place(folder)
        return kept_texts(self._copy(place), self._entries().get(place, {}))

    def _copy(self, place: str) -> Path:
        return self._copies / f"{hashlib.sha256(place.encode()).hexdigest()[:16]}.json"

    def _entries(self) -> Mapping[str, dict[str, Any]]:
        """What is trusted, read again when the file changed."""
        try:
            status = self._path.stat()
            stamp = (status.st_mtime_ns, status.st_size)
            if stamp != self._stamp:
                self._known, self._stamp = _checked(read_json(self._path)), stamp
        except FileNotFoundError:
            self._known, self._stamp = {}, None
        except (IonpyError, OSError) as error:
            log.error("no driver is trusted", file=str(self._path), reason=str(error))  # noqa: TRY400 - a broken file is no defect of ours
            self._known, self._stamp = {}, None
        return self._known

    def _save(self, entries: Mapping[str, object]) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        write_json(self._path, {"drivers": dict(entries)})
        self._stamp = None


def kept_texts(copy: Path, entry: Mapping[str, Any]) -> Mapping[str, str]:
    """The texts that were trusted last, by file; empty when there are none.

    Args:
        copy: The file they were kept in.
        entry: What is trusted there now; texts of something else do not count.
    """
    try:
        kept = read_json(copy)
    except (IonpyError, OSError):
        return {}
    if not isinstance(kept, dict) or kept.get("hash") != entry.get("hash"):
        return {}
    files = kept.get("files")
    return files if isinstance(files, dict) else {}


def _checked(content: object) -> dict[str, dict[str, Any]]:
    """The entries of a file; what has another form is trusted by nobody."""
    drivers = content.get("drivers") if isinstance(content, dict) else None
    if not isinstance(drivers, dict):
        return {}
    return {place: entry for place, entry in drivers.items() if isinstance(entry, dict)}


def shown(content: bytes) -> str:
    r"""A file as a person reads it, with nothing hidden in it.

    Characters that reorder or hide text on a screen are written out; what is no text is told by
    its size and hash.

    >>> shown("a = 1  # \u202e".encode())
    'a = 1  # ⟦U+202E⟧'
    """
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return f"binary, {len(content)} bytes, SHA-256 {hashlib.sha256(content).hexdigest()}\n"
    return "".join(map(_visible, text.replace("\r\n", "\n")))


def _visible(character: str) -> str:
    if character in "\n\t" or unicodedata.category(character) not in HIDDEN:
        return character
    return f"⟦U+{ord(character):04X}⟧"


def unified(old: Mapping[str, str], new: Mapping[str, str]) -> str:
    """A unified diff of two folders; a new file is shown whole."""
    lines: list[str] = []
    for name in sorted({*old, *new}):
        before, after = old.get(name), new.get(name)
        if before != after:
            lines += difflib.unified_diff(
                before.split("\n") if before is not None else [],
                after.split("\n") if after is not None else [],
                fromfile=f"trusted/{name}" if before is not None else "/dev/null",
                tofile=f"now/{name}" if after is not None else "/dev/null",
                lineterm="",
            )
    return "\n".join(lines)
