"""``/api/inventory``: ports, USB, HID, network and VISA, before a device is added."""

from typing import Annotated, Any, Literal

import msgspec
from litestar import Controller, delete, get, post
from litestar.params import Parameter

from ionpy_auto.core.errors import BadInput
from ionpy_auto.devices.inventory.tcp import hosts_of, own_subnet, probe_port
from ionpy_auto.engine import Engine
from ionpy_auto.web.discovery import discovery_of

Host = Annotated[str, Parameter(min_length=1, max_length=253)]
Port = Annotated[int, Parameter(ge=1, le=65535)]
PortNumber = Annotated[int, msgspec.Meta(ge=1, le=65535)]
Patience = Annotated[float, Parameter(gt=0, le=5)]
Word = Annotated[str, Parameter(max_length=64)]


class PortTest(msgspec.Struct, forbid_unknown_fields=True):
    """A serial port to open and close."""

    port: Annotated[str, msgspec.Meta(min_length=1, max_length=256)]
    baudrate: Annotated[int, msgspec.Meta(ge=50, le=4_000_000)] = 115200


class ScanWish(msgspec.Struct, forbid_unknown_fields=True):
    """Which network and which ports; by default our own /24 and the known ports."""

    subnet: Annotated[str, msgspec.Meta(max_length=64)] = ""
    ports: Annotated[list[PortNumber], msgspec.Meta(max_length=32)] = []
    timeout_s: Annotated[float, msgspec.Meta(gt=0, le=5)] = 0.5


class InventoryController(Controller):
    """What is there."""

    path = "/api/inventory"
    tags = ("discovery",)

    @get("/{kind:str}", operation_id="lookAround")
    async def look(self, engine: Engine, kind: Word) -> dict[str, Any]:
        """Everything of one kind: serial, usb, hid."""
        return await discovery_of(engine).look(kind)

    @get("/tcp", operation_id="listTcpPorts")
    async def tcp(self, engine: Engine) -> dict[str, Any]:
        """Known ports, and the subnet a scan would look at."""
        return await discovery_of(engine).look("tcp")

    @get("/tools/serial", operation_id="listSerialPorts", include_in_schema=False)
    async def tools_serial(self, engine: Engine) -> dict[str, Any]:
        """The same as ``/api/inventory/serial``."""
        return await discovery_of(engine).look("serial")

    @post("/serial/test", operation_id="testSerialPort", status_code=200)
    async def test_serial(self, engine: Engine, data: PortTest) -> dict[str, Any]:
        """Open a port and close it; never one that a device of ours holds."""
        # Not at the top: the package of the port library loads only when somebody asks.
        from ionpy_auto.devices.inventory.serial import try_port  # noqa: PLC0415

        try:
            return await discovery_of(engine).in_thread(
                "serial-test", lambda site: try_port(data.port, data.baudrate, site)
            )
        except TimeoutError:
            hint = "its driver hangs: pull the adapter out and plug it in again"
            message = f"{data.port} does not open in time"
            return {
                "ok": False,
                "port": data.port,
                "message": message,
                "hint": hint,
                "in_use": None,
            }

    @get("/visa", operation_id="listVisa")
    async def visa(
        self, engine: Engine, backend: Literal["py", "ivi"] | None = None
    ) -> dict[str, Any]:
        """Instruments found by VISA, asked ``*IDN?``; sends discovery broadcasts into the LAN."""
        discovery = discovery_of(engine)
        word = f"@{backend}" if backend else discovery.visa_backend
        return await discovery.look("visa", {"backend": word})

    @get("/tcp/probe", operation_id="probeTcpPort")
    async def probe(
        self, engine: Engine, host: Host, port: Port, timeout_s: Patience = 2.0
    ) -> dict[str, Any]:
        """Whether a TCP port is open, and how far away it is."""
        site = await discovery_of(engine).site()
        return await probe_port(host, port, timeout_s, site, engine.clock)

    @post("/tcp/scan", operation_id="startTcpScan", status_code=202)
    async def scan(self, engine: Engine, data: ScanWish | None = None) -> dict[str, Any]:
        """Knock at the ports of a small private network in the background."""
        wish = data or ScanWish()
        discovery = discovery_of(engine)
        subnet = wish.subnet or await discovery.in_thread("subnet", lambda _: own_subnet())
        if not subnet:
            msg = "this machine stands in no private network"
            raise BadInput(msg, hint="give one: {'subnet': '192.168.1.0/24'}")
        hosts_of(subnet)
        site = await discovery.site()
        scan = discovery.scans.begin(site, subnet, wish.ports, wish.timeout_s)
        return discovery.scans.get(scan.id)

    @get("/tcp/scan", operation_id="listTcpScans", sync_to_thread=False)
    def scans(self, engine: Engine) -> dict[str, Any]:
        """Scans of the last ten minutes, newest first."""
        items = discovery_of(engine).scans.listing()
        return {"items": items, "total": len(items)}

    @get("/tcp/scan/{scan_id:str}", operation_id="getTcpScan", sync_to_thread=False)
    def one_scan(self, engine: Engine, scan_id: Word) -> dict[str, Any]:
        """Progress and hits."""
        return discovery_of(engine).scans.get(scan_id)

    @delete("/tcp/scan/{scan_id:str}", operation_id="cancelTcpScan")
    async def cancel(self, engine: Engine, scan_id: Word) -> None:
        """End a scan and forget it."""
        await discovery_of(engine).scans.cancel(scan_id)
