"""The smallest complete driver: copy this folder, rename NAME, and replace the make-believe."""

from collections.abc import Mapping

from ionpy_auto.devices import (
    RW,
    Blueprint,
    Driver,
    DriverParams,
    Numeric,
    Role,
    Safe,
    Scalar,
    Toggle,
)


class VirtualTemplate(Driver):
    """A supply of one resistor's worth, to begin a driver of your own from."""

    NAME = "virtual_template"
    CATEGORY = "virtual"
    ICON = "school"
    VERSION = "1.0"
    STACK_BLUEPRINTS = (Blueprint("virtual"),)

    class Params(DriverParams):
        """What a person may choose."""

        ohms: float = 10.0

    # Entities: what the device can say and be told. A writable one must declare its safe state:
    # the switch goes off; a setpoint behind the switch has no influence on energy by itself.
    u_set = Numeric(
        unit="V",
        precision=2,
        min=0.0,
        max=30.0,
        access=RW,
        persist=True,
        role=Role.SET_VOLTAGE,
        safe=Safe("none"),
    )
    output = Toggle(access=RW, role=Role.OUTPUT, safe=Safe("write", value=False, order=10))
    u_out = Numeric(unit="V", precision=2, plausible=(0.0, 40.0), role=Role.MEASURED_VOLTAGE)
    i_out = Numeric(unit="A", precision=3, signed=False, role=Role.MEASURED_CURRENT)

    params: Params

    def declare(self) -> None:
        """Remember the make-believe device's settings."""
        self._settings: dict[str, Scalar] = {"u_set": 0.0, "output": False}

    async def poll(self) -> Mapping[str, object]:
        """Everything at once; a real driver asks ``self.link`` here."""
        volts = float(self._settings["u_set"]) if self._settings["output"] else 0.0
        return {**self._settings, "u_out": volts, "i_out": volts / self.params.ohms}

    async def write(self, entity_id: str, value: Scalar) -> None:
        """The value was checked and quantised already."""
        self._settings[entity_id] = value

    async def read_back(self, entity_id: str) -> object:
        """What the device holds now, asked anew and not remembered."""
        return self._settings.get(entity_id)
