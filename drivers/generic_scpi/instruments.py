"""Simulated instruments: supplies, loads and a multimeter in front of the bench's cell physics.

Only the first channel of a supply is wired to the bench; the others are open.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ClassVar

from ionpy_auto.devices import Circuit
from ionpy_auto.physics import LoadMode, Readings

from .engine import Call, Instrument, ScpiFault, asks, takes

FACTORY_OVP_V, FACTORY_OCP_A = 33.0, 3.3
INF = float("inf")


@dataclass
class Channel:
    """One output of a supply with nothing connected.

    Attributes:
        max_v: Highest set voltage.
        max_a: Highest set current.
    """

    max_v: float
    max_a: float
    v_set: float = 0.0
    i_set: float = 0.0
    on: bool = False
    ovp_v: float = FACTORY_OVP_V
    ocp_a: float = FACTORY_OCP_A
    ovp: bool = False
    ocp: bool = False

    @property
    def volts(self) -> float:
        """At the terminals."""
        return self.v_set if self.on else 0.0

    @property
    def amps(self) -> float:
        """Into the terminals' load."""
        return 0.0

    @property
    def regulation(self) -> str:
        """What it holds."""
        return "CV" if self.on else "OFF"

    @property
    def trip(self) -> str:
        """Which protection has switched it off."""
        return ""

    def set(self, name: str, value: float | bool) -> None:
        """Change one setting."""
        setattr(self, name, value)


class WiredChannel(Channel):
    """The output that is wired to the bench."""

    def __init__(self, max_v: float, max_a: float, circuit: Circuit) -> None:
        super().__init__(max_v, max_a)
        self._circuit = circuit
        self._protect()

    def _readings(self) -> Readings:
        readings = self._circuit.readings()
        supply = self._circuit.bench.supply
        self.v_set, self.i_set, self.on = supply.v_set, supply.i_set, supply.output
        return readings

    @property
    def volts(self) -> float:
        """At the terminals, also while off: the cell's."""
        readings = self._readings()
        return readings.psu_voltage if self.on else readings.psu_battery_voltage

    @property
    def amps(self) -> float:
        """Into the bench."""
        return self._readings().psu_current

    @property
    def regulation(self) -> str:
        """What it holds."""
        return self._readings().psu_regulation.value

    @property
    def trip(self) -> str:
        """Which protection has switched it off."""
        return self._circuit.bench.supply.trip

    def refresh(self) -> None:
        """Take over what the bench did by itself."""
        self._readings()

    def set(self, name: str, value: float | bool) -> None:
        """Change one setting, of the bench too."""
        super().set(name, value)
        bench, now = self._circuit.advanced()
        if name == "v_set":
            bench.set_supply(now, v_set=float(value))
        elif name == "i_set":
            bench.set_supply(now, i_set=float(value))
        elif name == "on":
            bench.set_supply(now, output=bool(value))
        else:
            self._protect()
        self._readings()

    def _protect(self) -> None:
        bench, now = self._circuit.advanced()
        bench.set_supply(now, ovp_v=self.ovp_v if self.ovp else INF)
        bench.set_supply(now, ocp_a=self.ocp_a if self.ocp else INF)


class PowerSupply(Instrument):
    """What supplies share: numbered channels, the first of them wired."""

    RATINGS: ClassVar[tuple[tuple[float, float], ...]] = ()

    def __init__(self, circuit: Circuit) -> None:
        super().__init__()
        (volts, amps), *rest = self.RATINGS
        self.wired = WiredChannel(volts, amps, circuit)
        self.channels = [self.wired, *(Channel(v, a) for v, a in rest)]
        self.selected = 1

    def channel(self, number: int) -> Channel:
        """A channel by number, 0 for the selected one.

        Raises:
            ScpiFault: There is none.
        """
        number = number or self.selected
        if not 1 <= number <= len(self.channels):
            raise ScpiFault(-222, "Data out of range")
        self.wired.refresh()
        return self.channels[number - 1]

    def named(self, word: str) -> Channel:
        """A channel by its name ``CH1``.

        Raises:
            ScpiFault: There is none.
        """
        if not (word.upper().startswith("CH") and word[2:].isdigit() and len(word) < 5):
            raise ScpiFault(-224, "Illegal parameter value")
        return self.channel(int(word[2:]))

    def of(self, call: Call) -> Channel:
        """The channel named by the first parameter, which is taken away; else the selected one."""
        if call.args and call.args[0].upper().startswith("CH"):
            return self.named(call.args.pop(0))
        return self.channel(0)

    def reset(self) -> None:
        """Outputs off, everything at zero."""
        for channel in self.channels:
            for name in ("on", "v_set", "i_set", "ovp", "ocp"):
                channel.set(name, False if name in {"on", "ovp", "ocp"} else 0.0)

    @asks("MEASure[:SCALar]:VOLTage[:DC]")
    def volts(self, call: Call) -> str:
        """Voltage at the terminals."""
        return f"{self.of(call).volts:.4f}"

    @asks("MEASure[:SCALar]:CURRent[:DC]")
    def amps(self, call: Call) -> str:
        """Current."""
        return f"{self.of(call).amps:.4f}"

    @asks("MEASure[:SCALar]:POWEr[:DC]")
    def watts(self, call: Call) -> str:
        """Power."""
        channel = self.of(call)
        return f"{channel.volts * channel.amps:.3f}"


class RigolDp832(PowerSupply):
    """Rigol DP832: channel names as parameters, a selected channel, OVP and OCP."""

    IDN = "RIGOL TECHNOLOGIES,DP832,DP8A000000001,00.01.16"
    RATINGS = ((32.0, 3.2), (32.0, 3.2), (5.3, 3.2))

    @takes("INSTrument:NSELect")
    def select(self, call: Call) -> None:
        """Choose the channel that commands without one mean."""
        self.selected = int(call.number(1, len(self.channels)))

    @takes("INSTrument[:SELect]")
    def select_by_name(self, call: Call) -> None:
        """The same by name."""
        self.selected = self.channels.index(self.named(call.word())) + 1

    @asks("INSTrument:NSELect")
    def selection(self, call: Call) -> str:
        """Which channel that is."""
        del call
        return str(self.selected)

    @takes("APPLy")
    def apply(self, call: Call) -> None:
        """Voltage and current of a channel at once; both are judged before either is set."""
        channel = self.of(call)
        volts = call.number(0, channel.max_v)
        amps = call.number(0, channel.max_a, 1) if len(call.args) > 1 else None
        channel.set("v_set", volts)
        if amps is not None:
            channel.set("i_set", amps)

    @asks("APPLy")
    def applied(self, call: Call) -> str:
        """Channel, voltage, current."""
        channel = self.of(call)
        number = self.channels.index(channel) + 1
        return f"CH{number},{channel.v_set:.3f},{channel.i_set:.4f}"

    @takes("[:SOURce<n>]:VOLTage[:LEVel][:IMMediate][:AMPLitude]")
    def set_volts(self, call: Call) -> None:
        """Set voltage."""
        channel = self.channel(call.numbers[0])
        channel.set("v_set", call.number(0, channel.max_v))

    @asks("[:SOURce<n>]:VOLTage[:LEVel][:IMMediate][:AMPLitude]")
    def set_volts_now(self, call: Call) -> str:
        """Set voltage."""
        return f"{self.channel(call.numbers[0]).v_set:.3f}"

    @takes("[:SOURce<n>]:CURRent[:LEVel][:IMMediate][:AMPLitude]")
    def set_amps(self, call: Call) -> None:
        """Set current."""
        channel = self.channel(call.numbers[0])
        channel.set("i_set", call.number(0, channel.max_a))

    @asks("[:SOURce<n>]:CURRent[:LEVel][:IMMediate][:AMPLitude]")
    def set_amps_now(self, call: Call) -> str:
        """Set current."""
        return f"{self.channel(call.numbers[0]).i_set:.4f}"

    @takes("OUTPut[:STATe]")
    def switch(self, call: Call) -> None:
        """Output on or off."""
        self.of(call).set("on", call.switch())

    @asks("OUTPut[:STATe]")
    def switched(self, call: Call) -> str:
        """Output on or off."""
        return "ON" if self.of(call).on else "OFF"

    @asks("OUTPut:MODE", "OUTPut:CVCC")
    def mode(self, call: Call) -> str:
        """What the output holds."""
        return {"OFF": "CV"}.get(text := self.of(call).regulation, text)

    @takes("OUTPut:OVP:VALue")
    def set_ovp(self, call: Call) -> None:
        """Over-voltage protection."""
        channel = self.of(call)
        channel.set("ovp_v", call.number(0.01, channel.max_v * 1.1))

    @asks("OUTPut:OVP:VALue")
    def ovp(self, call: Call) -> str:
        """Over-voltage protection."""
        return f"{self.of(call).ovp_v:.3f}"

    @takes("OUTPut:OVP[:STATe]")
    def enable_ovp(self, call: Call) -> None:
        """Over-voltage protection on or off."""
        self.of(call).set("ovp", call.switch())

    @asks("OUTPut:OVP[:STATe]")
    def ovp_enabled(self, call: Call) -> str:
        """Over-voltage protection on or off."""
        return "ON" if self.of(call).ovp else "OFF"

    @takes("OUTPut:OCP:VALue")
    def set_ocp(self, call: Call) -> None:
        """Over-current protection."""
        channel = self.of(call)
        channel.set("ocp_a", call.number(0.001, channel.max_a * 1.1))

    @asks("OUTPut:OCP:VALue")
    def ocp(self, call: Call) -> str:
        """Over-current protection."""
        return f"{self.of(call).ocp_a:.4f}"

    @takes("OUTPut:OCP[:STATe]")
    def enable_ocp(self, call: Call) -> None:
        """Over-current protection on or off."""
        self.of(call).set("ocp", call.switch())

    @asks("OUTPut:OCP[:STATe]")
    def ocp_enabled(self, call: Call) -> str:
        """Over-current protection on or off."""
        return "ON" if self.of(call).ocp else "OFF"

    @takes("SYSTem:BEEPer[:STATe]", "SYSTem:OTP")
    def panel(self, call: Call) -> None:
        """Beeper and over-temperature protection: nothing to do."""
        call.switch()

    @asks("SYSTem:BEEPer[:STATe]", "SYSTem:OTP")
    def panel_now(self, call: Call) -> str:
        """Beeper and over-temperature protection are on."""
        del call
        return "ON"

    @asks("OUTPut:OVP:QUES")
    def ovp_tripped(self, call: Call) -> str:
        """Whether it has tripped."""
        return "YES" if self.of(call).trip == "ovp" else "NO"

    @asks("OUTPut:OCP:QUES")
    def ocp_tripped(self, call: Call) -> str:
        """Whether it has tripped."""
        return "YES" if self.of(call).trip == "ocp" else "NO"


class SiglentSpd3303x(PowerSupply):
    """Siglent SPD3303X: the channel is the first node, the switch shows in a status word."""

    IDN = "Siglent Technologies,SPD3303X,SPD3XIDQ5R0001,1.01.01.02.07R2,V3.0"
    RATINGS = ((32.0, 3.2), (32.0, 3.2))

    @takes("CH<n>:VOLTage")
    def set_volts(self, call: Call) -> None:
        """Set voltage."""
        channel = self.channel(call.numbers[0])
        channel.set("v_set", call.number(0, channel.max_v))

    @asks("CH<n>:VOLTage")
    def set_volts_now(self, call: Call) -> str:
        """Set voltage."""
        return f"{self.channel(call.numbers[0]).v_set:.3f}"

    @takes("CH<n>:CURRent")
    def set_amps(self, call: Call) -> None:
        """Set current."""
        channel = self.channel(call.numbers[0])
        channel.set("i_set", call.number(0, channel.max_a))

    @asks("CH<n>:CURRent")
    def set_amps_now(self, call: Call) -> str:
        """Set current."""
        return f"{self.channel(call.numbers[0]).i_set:.3f}"

    @takes("OUTPut")
    def switch(self, call: Call) -> None:
        """Output on or off; there is no such question."""
        self.of(call).set("on", call.switch())

    @asks("SYSTem:STATus")
    def status(self, call: Call) -> str:
        """Regulation in bits 0 and 1, independent channels in 2 and 3, switches in 4 and 5."""
        del call
        word = 0b0100
        for bit, channel in enumerate(self.channels):
            word |= (channel.regulation == "CC") << bit
            word |= channel.on << 4 + bit
        return f"0x{word:x}"


MODES = {"CURR": LoadMode.CC, "VOLT": LoadMode.CV, "POW": LoadMode.CP, "RES": LoadMode.CR}
LONG = {"CURRENT": "CURR", "VOLTAGE": "VOLT", "POWER": "POW", "RESISTANCE": "RES"}


class ElectronicLoad(Instrument):
    """What loads share: a mode, a level for each, an input switch."""

    MAX: ClassVar[dict[str, float]] = {}
    SAYS: ClassVar[Callable[[str], str]] = str

    def __init__(self, circuit: Circuit) -> None:
        super().__init__()
        self._circuit = circuit
        self.mode = "CURR"
        self.levels = {"CURR": 0.0, "VOLT": 0.0, "POW": 0.0, "RES": 1000.0}

    def _apply(self) -> None:
        bench, now = self._circuit.advanced()
        bench.set_load(now, mode=MODES[self.mode], level=self.levels[self.mode])

    def reset(self) -> None:
        """Input off, no level."""
        bench, now = self._circuit.advanced()
        bench.set_load(now, enabled=False)
        self.mode = "CURR"
        self.levels = {"CURR": 0.0, "VOLT": 0.0, "POW": 0.0, "RES": 1000.0}
        self._apply()

    @takes("[:SOURce]:FUNCtion")
    def set_mode(self, call: Call) -> None:
        """Which quantity is held."""
        word = call.word().upper()
        word = LONG.get(word, word)
        if word not in MODES:
            raise ScpiFault(-224, "Illegal parameter value")
        self.mode = word
        self._apply()

    @asks("[:SOURce]:FUNCtion")
    def mode_now(self, call: Call) -> str:
        """Which quantity is held, as this model says it."""
        del call
        return type(self).SAYS(self.mode)

    def _set(self, name: str, call: Call) -> None:
        self.levels[name] = call.number(0.0, self.MAX[name])
        self._apply()

    @takes("[:SOURce]:CURRent[:LEVel][:IMMediate]")
    def set_current(self, call: Call) -> None:
        """Level in mode CURR."""
        self._set("CURR", call)

    @takes("[:SOURce]:VOLTage[:LEVel][:IMMediate]")
    def set_voltage(self, call: Call) -> None:
        """Level in mode VOLT."""
        self._set("VOLT", call)

    @takes("[:SOURce]:POWer[:LEVel][:IMMediate]")
    def set_power(self, call: Call) -> None:
        """Level in mode POW."""
        self._set("POW", call)

    @takes("[:SOURce]:RESistance[:LEVel][:IMMediate]")
    def set_resistance(self, call: Call) -> None:
        """Level in mode RES."""
        self._set("RES", call)

    @asks("[:SOURce]:CURRent[:LEVel][:IMMediate]")
    def current_level(self, call: Call) -> str:
        """Level in mode CURR."""
        del call
        return f"{self.levels['CURR']:.6f}"

    @asks("[:SOURce]:VOLTage[:LEVel][:IMMediate]")
    def voltage_level(self, call: Call) -> str:
        """Level in mode VOLT."""
        del call
        return f"{self.levels['VOLT']:.6f}"

    @asks("[:SOURce]:POWer[:LEVel][:IMMediate]")
    def power_level(self, call: Call) -> str:
        """Level in mode POW."""
        del call
        return f"{self.levels['POW']:.6f}"

    @asks("[:SOURce]:RESistance[:LEVel][:IMMediate]")
    def resistance_level(self, call: Call) -> str:
        """Level in mode RES."""
        del call
        return f"{self.levels['RES']:.6f}"

    @takes("[:SOURce]:INPut[:STATe]")
    def switch(self, call: Call) -> None:
        """Input on or off."""
        bench, now = self._circuit.advanced()
        bench.set_load(now, enabled=call.switch())

    @asks("[:SOURce]:INPut[:STATe]")
    def switched(self, call: Call) -> str:
        """Input on or off."""
        del call
        self._circuit.readings()
        return str(int(self._circuit.bench.load.enabled))

    @asks("MEASure[:SCALar]:VOLTage[:DC]")
    def volts(self, call: Call) -> str:
        """Voltage at the terminals."""
        del call
        return f"{self._circuit.readings().load_voltage:.6f}"

    @asks("MEASure[:SCALar]:CURRent[:DC]")
    def amps(self, call: Call) -> str:
        """Current drawn."""
        del call
        return f"{self._circuit.readings().load_current:.6f}"


class SiglentSdl1030x(ElectronicLoad):
    """Siglent SDL1030X: says its mode in the long form."""

    IDN = "Siglent Technologies,SDL1030X,SDL13GCQ5R0001,1.1.1.21R2"
    MAX: ClassVar[dict[str, float]] = {"CURR": 30.0, "VOLT": 150.0, "POW": 300.0, "RES": 10_000.0}
    SAYS: ClassVar[Callable[[str], str]] = {short: long for long, short in LONG.items()}.__getitem__


class RigolDl3021(ElectronicLoad):
    """Rigol DL3021: says its mode in two letters."""

    IDN = "RIGOL TECHNOLOGIES,DL3021,DL3A000000001,00.01.05"
    MAX: ClassVar[dict[str, float]] = {"CURR": 40.0, "VOLT": 150.0, "POW": 200.0, "RES": 15_000.0}
    SAYS: ClassVar[Callable[[str], str]] = {k: v.value for k, v in MODES.items()}.__getitem__

    @asks("MEASure[:SCALar]:POWer[:DC]")
    def watts(self, call: Call) -> str:
        """Power drawn."""
        del call
        readings = self._circuit.readings()
        return f"{readings.load_voltage * readings.load_current:.6f}"


class Multimeter(Instrument):
    """A multimeter with its leads at the cell: volts, and amperes through a shunt in its lead."""

    IDN = "ACME,DMM6,0001,1.0"

    def __init__(self, circuit: Circuit) -> None:
        super().__init__()
        self._circuit = circuit

    @asks("MEASure[:SCALar]:VOLTage[:DC]")
    def volts(self, call: Call) -> str:
        """Cell voltage."""
        del call
        return f"{self._circuit.readings().cell_voltage:+.8E}"

    @asks("MEASure[:SCALar]:CURRent[:DC]")
    def amps(self, call: Call) -> str:
        """Cell current, positive when it is charged."""
        del call
        readings = self._circuit.readings()
        return f"{readings.psu_current - readings.load_current:+.8E}"

    @asks("MEASure[:SCALar]:TEMPerature")
    def celsius(self, call: Call) -> str:
        """Temperature of a probe on the cell."""
        del call
        return f"{self._circuit.readings().cell_temp:+.8E}"


@dataclass
class KoradKa3005p:
    """Korad KA3005P: not SCPI, no terminator; what came before a pause is one command."""

    circuit: Circuit
    presets: dict[int, tuple[float, float]] = field(default_factory=dict)

    IDN: ClassVar[str] = "KORADKA3005PV2.0"
    MAX_V: ClassVar[float] = 31.0
    MAX_A: ClassVar[float] = 5.1

    def message(self, text: str) -> bytes:
        """Do what it says; what is not understood is ignored in silence."""
        name, _, value = text.partition(":")
        if name.endswith("?"):
            return self._answer(name)
        bench, now = self.circuit.advanced()
        if name in {"OUT0", "OUT1"} and not value:
            bench.set_supply(now, output=name == "OUT1")
        elif name in {"VSET1", "ISET1"}:
            number = self._number(value)
            if name == "VSET1" and number is not None and number <= self.MAX_V:
                bench.set_supply(now, v_set=number)
            elif name == "ISET1" and number is not None and number <= self.MAX_A:
                bench.set_supply(now, i_set=number)
        return b""

    @staticmethod
    def _number(text: str) -> float | None:
        whole, _, part = text.partition(".")
        digits = whole + part
        return float(text) if digits.isascii() and digits.isdigit() else None

    def _answer(self, name: str) -> bytes:
        readings, supply = self.circuit.readings(), self.circuit.bench.supply
        if name == "STATUS?":
            holds_volts = readings.psu_regulation.value == "CV"
            return bytes((holds_volts | supply.output << 6,))
        texts = {
            "*IDN?": self.IDN,
            "VSET1?": f"{supply.v_set:05.2f}",
            "ISET1?": f"{supply.i_set:.3f}",
            "VOUT1?": f"{readings.psu_voltage:05.2f}",
            "IOUT1?": f"{readings.psu_current:.3f}",
        }
        return texts.get(name, "").encode()


MODELS: dict[str, Callable[[Circuit], Instrument | KoradKa3005p]] = {
    "DP832": RigolDp832,
    "SPD3303X": SiglentSpd3303x,
    "SDL1030X": SiglentSdl1030x,
    "DL3021": RigolDl3021,
    "DMM": Multimeter,
    "KA3005P": KoradKa3005p,
}
