"""The overflow file of a recorder: batches that neither the database nor the memory could take.

Appended records of length, checksum and MessagePack. Each append is synced before the batch
leaves the memory; a torn record at the end (a power cut while writing) is cut off and never read.
"""

import os
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

_HEAD = struct.Struct("<II")
MAX_RECORD = 1 << 30


class SpilledPart(msgspec.Struct, frozen=True):
    """Rows of one device: time, values of ``entities`` in order, alarm state."""

    device: str
    session_id: int
    entities: list[str]
    rows: list[list[Any]]
    gaps: list[list[Any]]


class SpilledBatch(msgspec.Struct, frozen=True):
    """What one transaction stores."""

    recorder: str
    number: int
    parts: list[SpilledPart]


class SpillFile:
    """An append-only file of batches.

    Args:
        path: Made when first needed, removed when everything in it is stored.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def size(self) -> int:
        """Bytes waiting, 0 when there are none."""
        try:
            return self.path.stat().st_size
        except FileNotFoundError:
            return 0

    def append(self, batches: list[SpilledBatch]) -> None:
        """Add batches; they are on the disk when this returns.

        Raises:
            OSError: Nothing was added.
        """
        before = self.sound_size()
        payloads = [msgspec.msgpack.encode(batch) for batch in batches]
        with self.path.open("r+b" if before or self.path.exists() else "w+b", buffering=0) as file:
            try:
                file.truncate(before)
                file.seek(before)
                for payload in payloads:
                    _write_all(file, _HEAD.pack(len(payload), zlib.crc32(payload)) + payload)
                os.fsync(file.fileno())
            except OSError:
                file.truncate(before)
                raise

    def sound_size(self) -> int:
        """Bytes up to the end of the last whole record."""
        end = 0
        for _, end in self._records():  # noqa: B007 - the last one counts
            pass
        return end

    def read(self) -> Iterator[SpilledBatch]:
        """Every whole batch, oldest first."""
        for payload, _ in self._records():
            yield msgspec.msgpack.decode(payload, type=SpilledBatch)

    def _records(self) -> Iterator[tuple[bytes, int]]:
        if not self.path.exists():
            return
        with self.path.open("rb") as file:
            while len(head := file.read(_HEAD.size)) == _HEAD.size:
                length, checksum = _HEAD.unpack(head)
                if length > MAX_RECORD:
                    return
                payload = file.read(length)
                if len(payload) < length or zlib.crc32(payload) != checksum:
                    return
                yield payload, file.tell()

    def clear(self) -> None:
        """Remove the file."""
        self.path.unlink(missing_ok=True)


def _write_all(file: Any, data: bytes) -> None:  # noqa: ANN401 - a raw file
    view = memoryview(data)
    while view:
        view = view[file.write(view) :]
