"""What a simulator beside a driver is built from: wires, a command line, and Modbus by hand.

A second door beside `ionpy_auto.devices`, so that nobody pays for it who simulates nothing. The
protocols here share no code with the libraries the drivers use: a mistake in one cannot hide in
the other.
"""

from ionpy_auto.devices.simulated.modbus import (
    ILLEGAL_ADDRESS,
    ILLEGAL_FUNCTION,
    ILLEGAL_VALUE,
    MODBUS_WAYS,
    InProcessModbus,
    ModbusFault,
    RegisterBank,
    RtuServer,
    TcpServer,
    named,
    run_modbus_simulator,
)
from ionpy_auto.devices.simulated.wires import (
    Conversation,
    PtyPort,
    QuickClock,
    Way,
    run_simulator,
    serve_tcp,
)

__all__ = [
    "ILLEGAL_ADDRESS",
    "ILLEGAL_FUNCTION",
    "ILLEGAL_VALUE",
    "MODBUS_WAYS",
    "Conversation",
    "InProcessModbus",
    "ModbusFault",
    "PtyPort",
    "QuickClock",
    "RegisterBank",
    "RtuServer",
    "TcpServer",
    "Way",
    "named",
    "run_modbus_simulator",
    "run_simulator",
    "serve_tcp",
]
