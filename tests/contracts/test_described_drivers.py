"""What every described driver that ships keeps to; it works on the bench in mode simulate."""

import pytest

from ionpy_auto.core.clock import VirtualClock
from ionpy_auto.devices import Role
from ionpy_auto.devices.catalogue import Catalogue
from ionpy_auto.testing.lab import Lab, device

CATALOGUE = Catalogue()
MAPS = {
    f.name: CATALOGUE.get(f.name)
    for f in CATALOGUE.files()
    if f.map is not None and f.map.head.base == "generic_scpi"
}
SHIPPED = {
    "rigol_dp832",
    "siglent_spd3303x",
    "korad_ka3005p",
    "siglent_sdl1000x",
    "rigol_dl3000",
    "scpi_multimeter",
    "scpi_ammeter",
}
NEVER_WRITTEN = (":SOUR1:", ":SOUR2:", ":SOUR3:", ":INST", "IRANG", "OUTP:TRACK", "OVP1", "OCP1")
"""Commands that rest on hearsay, or would change which channel is meant."""
WORDS = ("DP832", "SPD3303X", "KA3005P", "SDL1030X", "DL3021")


def test_what_ships_is_there():
    assert set(MAPS) >= SHIPPED


@pytest.mark.parametrize("word", WORDS)
def test_models_resolve_in_any_case(word):
    assert CATALOGUE.get(word) is CATALOGUE.get(word.lower())


@pytest.mark.parametrize("name", MAPS)
def test_only_proved_commands_are_written(name):
    for point in MAPS[name].POINTS.values():
        assert not any(word in point.set for word in NEVER_WRITTEN), point.set


@pytest.mark.parametrize("name", MAPS)
def test_outputs_ask_for_a_confirmation_and_sources_go_off_before_sinks(name):
    order = {"psu": 10, "load": 20}.get(MAPS[name].CATEGORY)
    outputs = [e for e in MAPS[name].ENTITIES.values() if e.role in {Role.OUTPUT, Role.INPUT}]
    assert bool(outputs) == (order is not None)
    for entity in outputs:
        assert entity.danger
        assert entity.safe.order == order


@pytest.mark.parametrize("name", MAPS)
def test_only_the_named_instrument_is_greeted_and_meters_greet_any(name):
    answers = MAPS[name].PROTOCOL.identify.answers
    assert (answers == ("*",)) == (MAPS[name].CATEGORY == "meter")


@pytest.mark.parametrize("name", ["rigol_dp832", "siglent_spd3303x", "korad_ka3005p"])
async def test_a_supply_charges_the_simulated_cell(name):
    lab = Lab(VirtualClock(), simulate=True)
    transport = {"type": MAPS[name].STACK_BLUEPRINTS[0].transport, "host": "x", "port": "1"}
    await lab.manager.start([device("PSU", name, transport=transport, polling_interval_ms=10_000)])
    end = "" if name == "korad_ka3005p" else "_1"
    await lab.clock.sleep(20)
    await lab.write("PSU", f"v_set{end}", 4.2)
    await lab.write("PSU", f"i_set{end}", 1.0)
    await lab.write("PSU", f"output{end}", True)
    slots = lab.manager.stack("PSU").slots
    await lab.clock.sleep(60)
    circuit = lab.manager.benches.get("A")
    circuit.readings()  # brings the bench to now
    assert (slots[f"i_out{end}"].known, slots[f"regulation{end}"].known) == (1.0, "cc")
    assert circuit.bench.cell.charged_ah == pytest.approx(60 / 3600, rel=0.05)
    await lab.clock.sleep(5 * 3600)
    assert slots[f"regulation{end}"].known == "cv"
    assert slots[f"v_out{end}"].known == pytest.approx(4.2, abs=0.001)
    await lab.manager.stop()
    assert not lab.manager.benches.get("A").bench.supply.output


@pytest.mark.parametrize("name", ["siglent_sdl1000x", "rigol_dl3000"])
async def test_a_load_discharges_the_simulated_cell_in_each_mode(name):
    lab = Lab(VirtualClock(), simulate=True)
    transport = {"type": "tcp", "host": "x", "port": 1}
    await lab.manager.start([device("LOAD", name, transport=transport)])
    await lab.clock.sleep(2)
    slots = lab.manager.stack("LOAD").slots
    for mode, level, value in (
        ("cc", "load_level", 0.5),
        ("cp", "load_power", 2.0),
        ("cr", "load_ohms", 10.0),
    ):
        await lab.write("LOAD", level, value)
        await lab.write("LOAD", "load_mode", mode)
        await lab.write("LOAD", "load_on", True)
        await lab.clock.sleep(2)
        volts, amps = slots["load_v"].known, slots["load_i"].known
        is_held = {"cc": amps, "cp": volts * amps, "cr": volts / amps}[mode]
        assert is_held == pytest.approx(value, rel=0.01)
    await lab.manager.stop()
    assert not lab.manager.benches.get("A").bench.load.enabled
