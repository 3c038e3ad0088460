"""HID: meters and adapters that appear as a keyboard-like USB device, through hidapi.

Each write is one or more reports of a fixed size, padded with zeros; each read is one report as it
comes, padding included. The package ``hidapi`` is optional.
"""

import sys
import threading
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any, ClassVar, Self

from pydantic import Field, model_validator

from ionpy_auto.core.clock import Clock
from ionpy_auto.devices.links import StackParams
from ionpy_auto.devices.ports import PlaceError, usb_number
from ionpy_auto.devices.transports._blocking import SLICE_S, BlockingTransport

NAME = "hid"
PATIENCE_S = 5.0
_finding = threading.Lock()
"""hidapi lists and opens for one thread at a time; reading and writing go on meanwhile."""
PERMISSION = {
    "linux": "add a udev rule for it: "
    'SUBSYSTEM=="hidraw", ATTRS{{idVendor}}=="{vid}", ATTRS{{idProduct}}=="{pid}", '
    'MODE="0660", TAG+="uaccess"; then plug it in again',
    "darwin": "allow this program in System Settings, Privacy & Security, Input Monitoring",
    "win32": "close other programs that use it; keyboards and mice belong to Windows",
}


class HidTransport(BlockingTransport):
    """One HID device, found by vendor and product or by its path."""

    NAME: ClassVar[str] = NAME
    WIZARD: ClassVar[bool] = True

    class Params(StackParams):
        """Which device, and the size of its reports."""

        vid: int | str | None = Field(None, description="USB vendor; a text is hexadecimal.")
        pid: int | str | None = Field(None, description="USB product; a text is hexadecimal.")
        serial_number: str | None = Field(None, description="Where there are several.")
        interface: int | None = Field(None, ge=0, description="Where the device has several.")
        path: str | None = Field(None, description="Instead of all that: as the inventory lists.")
        report_size: int = Field(64, ge=1, le=4096, description="Bytes of a report without its id.")
        report_id: int = Field(0, ge=0, le=255, description="0: the device has only one kind.")

        @model_validator(mode="after")
        def _says_which(self) -> Self:
            for number in (usb_number(self.vid), usb_number(self.pid)):
                if number is not None and not 0 <= number <= 0xFFFF:
                    msg = "a USB identifier is between 0000 and FFFF"
                    raise ValueError(msg)
            if self.path is None and (self.vid is None or self.pid is None):
                msg = "give vid and pid, or path"
                raise ValueError(msg)
            return self

    def __init__(self, params: Any, clock: Clock) -> None:  # noqa: ANN401 - registry protocol
        self.params: HidTransport.Params = params
        self._vid, self._pid = usb_number(self.params.vid), usb_number(self.params.pid)
        place = self.params.path or f"HID {self._vid or 0:04X}:{self._pid or 0:04X}"
        super().__init__(NAME, place, clock, patience_s=PATIENCE_S)

    @staticmethod
    def warm() -> None:
        """Load the library; opens nothing."""
        import_module("hid")

    def open_handle(self) -> Any:  # noqa: ANN401 - hidapi has no types
        """Open the one device that fits.

        Raises:
            PlaceError: hidapi is missing, or no device or more than one fits.
        """
        try:
            hid = import_module("hid")  # optional
        except ImportError as error:
            raise PlaceError(
                f"hidapi cannot be used: {error}", hint='pip install "ionpy-auto[hid]"'
            ) from error
        with _finding:
            path = self.params.path.encode() if self.params.path else self._find(hid)
            device = hid.device()
            device.open_path(path)
        return device

    def _find(self, hid: Any) -> bytes:  # noqa: ANN401
        params = self.params
        fitting: Sequence[Mapping[str, Any]] = [
            found
            for found in hid.enumerate(self._vid or 0, self._pid or 0)
            if params.serial_number in {None, found.get("serial_number")}
            and params.interface in {None, found.get("interface_number")}
        ]
        if not fitting:
            raise PlaceError("is not plugged in", hint="plug it in, or compare with the inventory")
        if len(fitting) > 1:
            raise PlaceError(
                f"{len(fitting)} devices fit: {' and '.join(_described(f) for f in fitting)}",
                hint="set serial_number, interface or path",
            )
        return bytes(fitting[0]["path"])

    def read_handle(self, handle: Any) -> bytes:  # noqa: ANN401
        """One report, without its id."""
        numbered = bool(self.params.report_id)
        size = self.params.report_size + numbered
        return bytes(handle.read(size, int(SLICE_S * 1000)))[numbered:]

    def write_handle(self, handle: Any, data: bytes) -> None:  # noqa: ANN401
        """The bytes as reports.

        Raises:
            OSError: A report was not taken.
        """
        size, head = self.params.report_size, bytes((self.params.report_id,))
        for at in range(0, len(data), size):
            if handle.write(head + data[at : at + size].ljust(size, b"\0")) < 0:
                msg = f"a report was not taken: {handle.error()}"
                raise OSError(msg)

    def close_handle(self, handle: Any) -> None:  # noqa: ANN401
        """Let go."""
        handle.close()

    def hint_for(self, error: BaseException) -> str:
        """What a person can do."""
        if isinstance(error, PlaceError):
            return error.hint
        if "open" in str(error).lower():  # hidapi says no more than "open failed"
            vid, pid = f"{self._vid or 0:04x}", f"{self._pid or 0:04x}"
            return PERMISSION.get(sys.platform, "").format(vid=vid, pid=pid)
        return "plug it in again"


def _described(found: Mapping[str, Any]) -> str:
    path = bytes(found["path"]).decode(errors="replace")
    serial = f", serial {found['serial_number']}" if found.get("serial_number") else ""
    return f"{path} (interface {found.get('interface_number')}{serial})"


TRANSPORT = HidTransport
