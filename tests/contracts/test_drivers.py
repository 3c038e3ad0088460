"""Every shipped driver walks through the conformance suite, on its simulator."""

import pytest

from ionpy_auto.core.clock import SystemClock, VirtualClock
from ionpy_auto.devices import Benches, VirtualLink
from ionpy_auto.devices.aside import Aside
from ionpy_auto.devices.catalogue import Catalogue
from ionpy_auto.devices.guarding.rescue import drive
from ionpy_auto.devices.probe import Prober, Surroundings, parse_probe
from ionpy_auto.testing.conformance import check_driver, drive_driver

CATALOGUE = Catalogue()
FILES = {file.name: file for file in CATALOGUE.files()}
PARAMS = {"replay": {"file": "example.csv"}}


def test_no_shipped_driver_is_broken():
    assert {name: file.error for name, file in FILES.items() if file.error} == {}
    assert {"riden_rd60xx", "virtual_psu", "virtual_template", "replay"} <= set(FILES)


@pytest.mark.parametrize(
    "word", ["RD6006", "rd6012", "Rd6018", "DPS5005", "dps3005", "V01_Battery"]
)
def test_names_of_existing_configurations_resolve(word):
    assert CATALOGUE.get(word).NAME


@pytest.mark.parametrize("name", FILES)
def test_declaration_is_complete(name):
    check_driver(CATALOGUE.get(name))


def parts(name, clock):
    """Driver class, a link to its simulator, and parameters."""
    benches = Benches(clock)
    driver = CATALOGUE.get(name)
    params = driver.Params.model_validate(PARAMS.get(name, {}))
    make = CATALOGUE.simulator(driver)
    link = make(params, clock, benches) if make is not None else VirtualLink(benches)
    return driver, link, params


@pytest.mark.parametrize("name", FILES)
async def test_every_setting_reads_back_on_the_simulator(name):
    clock = VirtualClock()
    driver, link, params = parts(name, clock)
    await drive_driver(driver, link, clock, params)


@pytest.mark.parametrize("name", FILES)
async def test_a_probe_of_the_simulator_succeeds_and_writes_nothing(name):
    clock = SystemClock()
    way = CATALOGUE.get(name).STACK_BLUEPRINTS[0].transport
    place = {"serial": {"port": "/dev/ttyX"}, "tcp": {"host": "h", "port": 1}}.get(way, {})
    body = {"driver": name, "transport_type": way, "transport_params": place}
    config = parse_probe({**body, "params": PARAMS.get(name, {})})
    answer = await Prober(CATALOGUE, clock, Aside(clock)).probe(config, Surroundings(simulate=True))
    assert answer["success"], answer["error"]
    assert answer["first_values"]


@pytest.mark.parametrize("name", FILES)
async def test_outputs_go_off_right_after_the_greeting_as_the_guard_does_it(name):
    clock = VirtualClock()
    kind, link, params = parts(name, clock)
    driver = kind(link, clock, params)
    await driver.link.open()
    await driver.connect()
    for entity in list(driver.entities.values()):
        if entity.safe is not None and entity.safe.action == "write":
            read, trouble = await drive(driver, entity, entity.safe, clock)
            assert (trouble, read is None) == ("", not entity.is_readable), entity.id


@pytest.mark.parametrize("name", FILES)
def test_every_driver_folder_has_a_readme_that_names_it(name):
    assert name in (FILES[name].path.parent / "README.md").read_text(encoding="utf-8")
