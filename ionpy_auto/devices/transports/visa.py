"""VISA: instruments on USB, GPIB, LAN (VXI-11, HiSLIP, socket) or serial, through pyvisa.

pyvisa is imported when the first one is opened. Each instrument has its own thread, because a VISA
call blocks: one that hangs holds up nobody else.
"""

import select
import socket
from typing import Any, ClassVar

from pydantic import Field, field_validator

from ionpy_auto.core.clock import Clock
from ionpy_auto.devices.links import StackParams
from ionpy_auto.devices.transports._blocking import SLICE_S, BlockingTransport

NAME = "visa"
CHUNK = 4096
STREAMS = ("SOCKET", "ASRL")
"""Resources that are a stream of bytes: breaking off a read there loses nothing. Of the others a
read that is broken off may lose half an answer, so it lasts as long as an answer may take."""


class VisaTransport(BlockingTransport):
    """One VISA resource."""

    NAME: ClassVar[str] = NAME
    WIZARD: ClassVar[bool] = True

    class Params(StackParams):
        """Which instrument, through which library."""

        resource: str = Field(
            min_length=1, description="TCPIP::192.168.1.5::INSTR, USB0::0x1AB1::0x0E11::…::INSTR."
        )
        backend: str = Field(
            "@py",
            pattern=r"^(@py|@ivi|@sim|.+\.ya?ml@sim)$",
            description="@py (pyvisa-py), @ivi (the vendor's VISA), or path.yaml@sim.",
        )
        timeout_s: float = Field(1.0, gt=0, le=60, description="To open, to write, and of a read.")
        read_end: str | None = Field(
            "\\n",
            max_length=2,
            description="Byte that ends an answer, so that reading returns at once; null: none.",
        )
        baudrate: int | None = Field(None, ge=50, le=4_000_000, description="Of ASRL resources.")

        @field_validator("resource")
        @classmethod
        def _no_address(cls, value: str) -> str:
            """Addresses of the serial library may write files or call any class."""
            if "://" in value:
                msg = "a resource holds no address; use transport serial or tcp"
                raise ValueError(msg)
            return value

        @field_validator("read_end")
        @classmethod
        def _one_byte(cls, value: str | None) -> str | None:
            if value is not None and len(_unescape(value)) != 1:
                msg = "read_end is one character"
                raise ValueError(msg)
            return value

    def __init__(self, params: Any, clock: Clock) -> None:  # noqa: ANN401 - registry protocol
        self.params: VisaTransport.Params = params
        # Longer than VISA's own timeouts, which say more about the reason: a write may wait for one
        # read and then for its own.
        patience_s = 2.0 * self.params.timeout_s + 5.0
        super().__init__(NAME, self.params.resource, clock, patience_s)
        name = self.params.resource.upper()
        self._is_stream = any(word in name for word in STREAMS)
        self._bytewise = name.startswith("ASRL")
        self._slice_s = SLICE_S if self._is_stream else self.params.timeout_s
        self._end = _unescape(self.params.read_end) if self.params.read_end else b""

    def warm(self) -> None:
        """Load the library, which takes a second; opens nothing."""
        import pyvisa  # noqa: PLC0415 - see open_handle

        pyvisa.ResourceManager(self.params.backend)

    def open_handle(self) -> Any:  # noqa: ANN401 - pyvisa has no types
        """Open the resource; its VISA timeout is that of one slice."""
        import pyvisa  # noqa: PLC0415 - takes 0.3 s, and most benches have no VISA

        params = self.params
        manager = pyvisa.ResourceManager(params.backend)
        resource = manager.open_resource(params.resource, open_timeout=int(params.timeout_s * 1000))
        try:
            self._set_up(resource)
        except BaseException:
            resource.close()
            raise
        return resource

    def _set_up(self, resource: Any) -> None:  # noqa: ANN401
        resource.timeout = self._slice_s * 1000
        if self._end:
            resource.read_termination = self._end.decode("latin-1")
        if self.params.baudrate is not None:
            resource.baud_rate = self.params.baudrate
        if self._is_stream and not self._bytewise:
            self._bytewise = not _returns_parts(resource)
        wire = _socket_of(resource)
        if wire is not None and wire.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            msg = "connection refused"  # pyvisa-py calls it open all the same
            raise ConnectionRefusedError(msg)

    def read_handle(self, handle: Any) -> bytes:  # noqa: ANN401
        """What comes within a slice."""
        from pyvisa.constants import StatusCode  # noqa: PLC0415
        from pyvisa.errors import VisaIOError  # noqa: PLC0415

        # Where a read that times out throws away what it has, it is done byte by byte.
        size = 1 if self._bytewise else CHUNK
        data = bytearray()
        try:
            while True:
                data += handle.visalib.read(handle.session, size)[0]
                if size > 1 or data[-1:] == self._end or len(data) >= CHUNK:
                    return bytes(data)
        except VisaIOError as error:
            if error.error_code != StatusCode.error_timeout:
                raise
        wire = _socket_of(handle)
        if not data and wire is not None and _hung_up(wire):
            msg = "the other side hung up"
            raise ConnectionError(msg)
        return bytes(data)

    def write_handle(self, handle: Any, data: bytes) -> None:  # noqa: ANN401
        """Hand all bytes over."""
        if self._is_stream:
            handle.timeout = self.params.timeout_s * 1000
        try:
            handle.visalib.write(handle.session, data)
        finally:
            if self._is_stream:
                handle.timeout = self._slice_s * 1000

    def close_handle(self, handle: Any) -> None:  # noqa: ANN401
        """Let go."""
        handle.close()

    def hint_for(self, error: BaseException) -> str:
        """What a person can do; the libraries tell the same thing in many ways."""
        text = f"{type(error).__name__} {error}".lower()
        return next(
            (hint for words, hint in HINTS if any(word in text for word in words)),
            "check the resource name, cable and power",
        )


def _returns_parts(resource: Any) -> bool:  # noqa: ANN401
    """Let reading a socket return what came, instead of losing it when no end comes in time."""
    from pyvisa.constants import ResourceAttribute  # noqa: PLC0415

    try:
        resource.set_visa_attribute(ResourceAttribute.suppress_end_enabled, False)
    except Exception:  # noqa: BLE001 - each library refuses in its own way
        return False
    return True


def _socket_of(resource: Any) -> socket.socket | None:  # noqa: ANN401
    """The socket below a SOCKET resource of pyvisa-py, which does not tell when it is closed."""
    sessions = getattr(resource.visalib, "sessions", {})
    wire = getattr(sessions.get(resource.session), "interface", None)
    return wire if isinstance(wire, socket.socket) else None


def _hung_up(wire: socket.socket) -> bool:
    readable, _, _ = select.select([wire], [], [], 0)
    return bool(readable) and not wire.recv(1, socket.MSG_PEEK)


HINTS = (
    (("could not open port",), "that serial port is not here: compare with the inventory"),
    (
        ("linux-gpib",),
        "GPIB needs linux-gpib or gpib-ctypes, or the vendor's VISA with backend @ivi",
    ),
    (("no module named",), 'install the missing package: pip install "ionpy-auto[usb]"'),
    (
        ("no backend available", "libusb", "no usb", "usb tmc", "pyusb"),
        'USB needs libusb and pip install "ionpy-auto[usb]"; on Windows a WinUSB driver (Zadig)',
    ),
    (
        (
            "could not locate a visa",
            "could not open visa library",
            "wrapper not found",
            "shared object",
        ),
        "this VISA library is not installed; use backend @py",
    ),
    (("access denied", "permission", "errno 13"), "let your user use the device: a udev rule"),
    (("definitions file", "yaml"), "check the path in backend"),
    (
        ("no device found",),
        "is it on, is libusb installed, and may your user use it (on Linux a udev rule)?",
    ),
    (
        ("rsrc_nfound", "insufficient location", "not present", "nsup_oper"),
        "no such resource: compare its name with the inventory",
    ),
    (("refused", "unreachable", "conn_lost", "timed out", "tmo"), "check address, cable and power"),
    (("inv_rsrc_name", "could not parse", "invalid"), "the resource name is not well formed"),
)
"""Words of the libraries' errors, and what helps; the first that fits."""


def _unescape(text: str) -> bytes:
    return text.replace("\\r", "\r").replace("\\n", "\n").encode()


TRANSPORT = VisaTransport
