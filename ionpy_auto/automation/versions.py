"""The last versions of a text that were saved here, for looking back and rolling back.

One small folder per file, one file per version: ``000012-<revision>.yaml``. The number is the
order; the oldest go when there are too many. Git, where there is one, knows more; see `git`.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from ionpy_auto.core.files import revision_of, write_atomic

KEEP = 50
KEEP_BYTES = 8 * 2**20
_NAME = re.compile(r"(\d{6,})-([0-9a-f]{16})")


@dataclass(frozen=True, slots=True)
class Version:
    """One kept version.

    Attributes:
        number: Grows with each version.
        revision: Of its text.
        time: When it was kept, Unix seconds.
        path: Its file.
    """

    number: int
    revision: str
    time: float
    path: Path

    @property
    def text(self) -> str:
        """The whole text."""
        return self.path.read_bytes().decode()


@dataclass(frozen=True, slots=True)
class Versions:
    """The kept versions of one file; all methods touch the disk.

    Attributes:
        folder: Made when the first version is kept.
        suffix: Of the file, so that people can look at versions with their own programs.
    """

    folder: Path
    suffix: str = ".yaml"

    def all(self) -> list[Version]:
        """Newest first."""
        if not self.folder.is_dir():
            return []
        files = self.folder.glob(f"*{self.suffix}")
        found = ((path, _NAME.fullmatch(path.stem)) for path in files)
        versions = [
            Version(int(name[1]), name[2], path.stat().st_mtime, path)
            for path, name in found
            if name is not None
        ]
        return sorted(versions, key=lambda version: version.number, reverse=True)

    def keep(self, text: str) -> None:
        """Keep a text, unless it is the newest one already."""
        versions = self.all()
        revision = revision_of(text)
        if versions and versions[0].revision == revision:
            return
        number = versions[0].number + 1 if versions else 1
        self.folder.mkdir(parents=True, exist_ok=True)
        write_atomic(self.folder / f"{number:06}-{revision}{self.suffix}", text)
        room = KEEP_BYTES - len(text.encode())
        for count, version in enumerate(versions, 2):
            room -= version.path.stat().st_size
            if count > KEEP or room < 0:
                version.path.unlink(missing_ok=True)
