"""What USB identifiers and TCP ports usually are: data files, to which others may add rows.

Shipped rows stand in ``inventory/known_devices.yaml`` and ``inventory/known_ports.yaml``; a file of
the same name beside a driver, or in the home folder, adds rows of its own. Rows are data and run
nothing. A row that cannot be read is left out and named in `Known.problems`.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from ionpy_auto.core.errors import IonpyError
from ionpy_auto.language.nodes import plain
from ionpy_auto.language.reader import read

DEVICES_FILE = "known_devices.yaml"
PORTS_FILE = "known_ports.yaml"
SHIPPED = Path(__file__).parent / "inventory"
USB_ID = re.compile(r"([0-9A-Fa-f]{4}):([0-9A-Fa-f]{4})")


class KnownUsb(BaseModel):
    """One row of ``known_devices.yaml``.

    Attributes:
        usb: Vendor and product as ``1A86:7523``.
        name: The chip or board.
        often: What it is often built into.
        drivers: Drivers worth trying.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    usb: str
    name: str = Field(min_length=1, max_length=100)
    often: str = Field("", max_length=200)
    drivers: tuple[str, ...] = Field((), max_length=20)

    @field_validator("usb")
    @classmethod
    def _four_digits_twice(cls, value: str) -> str:
        if not USB_ID.fullmatch(value):
            msg = "write vendor and product with four hexadecimal digits each, like 1A86:7523"
            raise ValueError(msg)
        return value.upper()


class KnownPort(BaseModel):
    """One row of ``known_ports.yaml``.

    Attributes:
        port: TCP port.
        service: What usually listens there.
        drivers: Drivers worth trying.
        scan: Looked at when a scan names no ports.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    port: int = Field(ge=1, le=65535)
    service: str = Field(min_length=1, max_length=100)
    drivers: tuple[str, ...] = Field((), max_length=20)
    scan: bool = True


Row = TypeVar("Row", KnownUsb, KnownPort)


@dataclass
class Known:
    """All rows; the last file that says something about an identifier wins.

    Attributes:
        usb: ``1A86:7523`` → row.
        ports: TCP port → row.
        problems: Rows that could not be read, in words.
    """

    usb: dict[str, KnownUsb] = field(default_factory=dict)
    ports: dict[int, KnownPort] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def usb_device(self, vid: int | None, pid: int | None) -> KnownUsb | None:
        """The row for numeric identifiers, if there is one."""
        if vid is None or pid is None:
            return None
        return self.usb.get(f"{vid:04X}:{pid:04X}")

    def service(self, port: int) -> str:
        """What usually listens on a TCP port; empty when nothing is known."""
        row = self.ports.get(port)
        return row.service if row is not None else ""


def load_known(folders: Iterable[Path] = ()) -> Known:
    """Shipped rows and those of other folders, in this order."""
    known = Known()
    for folder in (SHIPPED, *folders):
        devices = rows_of(folder / DEVICES_FILE, KnownUsb, known.problems)
        known.usb |= {row.usb: row for row in devices}
        ports = rows_of(folder / PORTS_FILE, KnownPort, known.problems)
        known.ports |= {row.port: row for row in ports}
    return known


def rows_of(path: Path, model: type[Row], problems: list[str]) -> Sequence[Row]:
    """The readable rows of one file; a missing file has none."""
    try:
        content: Any = plain(read(path.read_text(encoding="utf-8"), path.name))
    except FileNotFoundError:
        return ()
    except (OSError, UnicodeDecodeError, IonpyError) as error:
        problems.append(f"{path.name}: {error}")
        return ()
    if not isinstance(content, list):
        problems.append(f"{path.name}: a list of rows is wanted")
        return ()
    rows = []
    for number, entry in enumerate(content, 1):
        try:
            rows.append(model.model_validate(entry))
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            problems.append(f"{path.name}: row {number}: {where}: {first['msg']}")
    return rows
