"""A file describes a device: what is right becomes a driver, what is wrong is found in place."""

from pathlib import Path
from random import Random

import pytest

from drivers.generic_scpi.driver import GenericScpi
from ionpy_auto.core.errors import ConfigInvalid, IonpyError
from ionpy_auto.devices import Role
from ionpy_auto.devices.catalogue import Catalogue, content_hash
from ionpy_auto.devices.maps import read_map
from ionpy_auto.testing.conformance import check_driver

BASE = '''
"""A protocol in lines."""
from ionpy_auto.devices import Blueprint, Text
from ionpy_auto.devices.maps import MapDriver, PointPart, ProtocolPart

class Lines(MapDriver):
    """Speaks in lines."""
    NAME = "lines"
    STACK_BLUEPRINTS = (Blueprint("serial", "delimiter"),)
    identity = Text()

    class Protocol(ProtocolPart):
        greeting: str = "hello"

    class Point(PointPart):
        ask: str = ""

    @classmethod
    def check_map(cls, described, protocol, points, reading):
        for key, point in points.items():
            if not point.ask:
                reading.error(described.node(key), "no-ask", f"{key}: ask is missing")
'''
METER = """
name: my_meter
base: lines
description: The meter on the shelf.
aliases: [MM-1]
category: meter
blueprints:
  - {transport: serial, framing: delimiter, transport_params: {baudrate: 9600}}
protocol:
  greeting: good morning
entities:
  volts:
    kind: numeric
    unit: V
    plausible: [-1, 60]
    role: sense_voltage
    ask: U?
  level:
    kind: numeric
    access: RW
    min: 0
    max: 5
    safe: {action: none}
    ask: L?
  output:
    kind: toggle
    access: RW
    role: output
    danger: true
    safe: {action: write, value: false, order: 10}
    ask: O?
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "lines").mkdir()
    (tmp_path / "lines" / "driver.py").write_text(BASE)
    (tmp_path / "my_meter").mkdir()
    (tmp_path / "my_meter" / "device.yaml").write_text(METER)
    return tmp_path


def test_a_described_device_is_a_driver_like_any_other(home):
    catalogue = Catalogue(shipped=home)
    driver = catalogue.get("mm-1")
    check_driver(driver)
    assert driver.NAME == "my_meter"
    assert list(driver.ENTITIES) == ["identity", "volts", "level", "output"]
    assert driver.ENTITIES["volts"].name == "Volts"
    assert driver.ENTITIES["output"].safe.value is False
    assert driver.STACK_BLUEPRINTS[0].transport_params == {"baudrate": 9600}
    assert driver.PROTOCOL.greeting == "good morning"
    assert driver.POINTS["volts"].ask == "U?"
    assert catalogue.get("my_meter") is driver
    (entry,) = [d for d in catalogue.describe() if d["name"] == "my_meter"]
    assert entry["description"] == "The meter on the shelf."
    assert entry["category"] == "meter"


def test_a_changed_file_makes_a_new_driver(home):
    catalogue = Catalogue(shipped=home)
    catalogue.get("my_meter")
    (home / "my_meter" / "device.yaml").write_text(METER.replace("max: 5", "max: 6"))
    assert catalogue.get("my_meter").ENTITIES["level"].max == 6.0


# What is replaced by what; the place; the sentence; where it is noticed.
WRONG = {
    "misspelt-key": ("plausible:", "plausibel:", "my_meter/device.yaml:15:5", "plausible"),
    "unknown-head": ("category:", "categori:", ":6:1", "did you mean 'category'"),
    "no-safe": ("    safe: {action: none}\n", "", ":19:5", "must declare safe"),
    "output-held": ("safe: {action: write, value: false, order: 10}", "safe: {action: hold}",
                    ":30:11", "safe state of an output switch is writing false"),
    "unverified": ("    max: 5\n", "    max: 5\n    verified: false\n", ":23:15",
                   "unverified commands are never used for writing"),
    "no-number": ("min: 0", "min: yes", ":21:10", "no number"),
    "nan": ("min: 0", "min: nan", ":21:10", "no number"),
    "infinite": ("min: 0", "min: 1e999", ":21:10", "no number"),
    "kind": ("kind: toggle", "kind: toggel", ":26:11", "needs a kind that exists"),
    "role": ("role: sense_voltage", "role: sens_voltage", ":16:11", "sense_voltage"),
    "double-role": ("role: sense_voltage", "role: output", ":26:5", "stands twice on Ch1"),
    "transport": ("transport: serial,", "transport: seriel,", ":8:17", "there is no transport"),
    "parameter": ("baudrate:", "baudrat:", ":8:64", "did you mean 'baudrate'"),
    "base-entity": ("  volts:\n", "  identity:\n", ":13:5", "is an entity of lines itself"),
    "protocol": ("greeting:", "greating:", ":10:3", "did you mean 'greeting'"),
    "base-check": ("    ask: L?\n", "", ":19:5", "ask is missing"),
    "no-base": ("base: lines", "base: linse", "", "no driver 'linse'"),
    "twice": ("aliases: [MM-1]", "aliases: [MM-1]\nname: two", ":6:1", "stands twice"),
    "syntax": ("description: The", "description: a: The", ":4:", "mapping values"),
    "safe-type": ("value: false,", "value: off,", ":30:34", "neither true nor false"),
    "verify": ("order: 10}", "order: 10, verify: voltz}", ":26:5", "did you mean 'volts'"),
    "window": ("[-1, 60]", "[60, -1]", ":15:16", "must rise"),
    "id": ("  volts:\n", "  vol-ts:\n", ":12:3", "is no id of an entity"),
    "name": ("name: my_meter", "name: My Meter", ":2:7", "no name of a driver"),
    "precision": ("unit: V", "precision: 11", ":14:16", "less than or equal to 9"),
    "persist": ("danger: true", "persist: true", ":26:5", "must not be restored"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_found_at_its_line_and_column(home, case):
    old, new, place, sentence = WRONG[case]
    assert old in METER
    (home / "my_meter" / "device.yaml").write_text(METER.replace(old, new, 1))
    with pytest.raises(IonpyError) as error:
        Catalogue(shipped=home).get("my_meter")
    assert place in error.value.message
    assert sentence in error.value.message
    assert Catalogue(shipped=home).get("lines").NAME == "lines"


def test_a_broken_file_is_listed_and_others_are_found(home):
    (home / "other").mkdir()
    (home / "other" / "device.yaml").write_text("name: other\nbase: lines\n")
    files = {f.path.parent.name: f for f in Catalogue(shipped=home).files()}
    assert "other/device.yaml:1:1: error: 'description' is missing" in files["other"].error
    assert not files["my_meter"].error


def test_every_complaint_is_there_not_only_the_first():
    described, findings = read_map(METER.replace("min: 0", "min: x").replace("[-1, 60]", "[]"), "f")
    assert described is None
    assert len(findings) >= 2
    assert all(f.line for f in findings)


def test_a_taken_name_is_an_error_of_the_second(home):
    (home / "second").mkdir()
    (home / "second" / "device.yaml").write_text(METER)
    files = [f for f in Catalogue(shipped=home).files() if f.error]
    assert [f.error for f in files] == ["second/device.yaml: name is taken by my_meter"]


def test_a_map_needs_trust_like_a_driver_and_runs_as_it_was_trusted(home, tmp_path_factory):
    shipped = tmp_path_factory.mktemp("shipped")
    (home / "lines").rename(shipped / "lines")
    trusted = set()
    catalogue = Catalogue(
        [home], trusted=lambda _folder, digest: digest in trusted, shipped=shipped
    )
    with pytest.raises(IonpyError) as error:
        catalogue.get("my_meter")
    assert error.value.error_code == "DRIVER_UNTRUSTED"
    changed = METER.replace("max: 5", "max: 4")
    (home / "my_meter" / "device.yaml").write_text(changed)
    trusted.add(content_hash(home / "my_meter"))
    assert catalogue.get("my_meter").ENTITIES["level"].max == 4.0
    (home / "my_meter" / "device.yaml").write_text(METER)
    with pytest.raises(IonpyError, match="has changed since"):
        catalogue.get("my_meter")


@pytest.mark.parametrize("base", ["my_meter", "virtual"])
def test_a_base_must_read_maps(home, base):
    (home / "virtual").mkdir()
    (home / "virtual" / "driver.py").write_text(
        "from ionpy_auto.devices import Driver\n"
        'class Virtual(Driver):\n    """v."""\n    NAME = "virtual"\n'
    )
    (home / "second").mkdir()
    text = METER.replace("base: lines", f"base: {base}").replace("my_meter", "second")
    (home / "second" / "device.yaml").write_text(text.replace("MM-1", "MM-2"))
    with pytest.raises(IonpyError, match=r"second/device\.yaml:3:7: base"):
        Catalogue(shipped=home).get("second")


DRIVERS = Path(__file__).resolve().parents[3] / "drivers"
SMALL = ("korad_ka3005p", "scpi_multimeter")
WORDS = ["kind", "safe", "RW", "true", "off", "nan", "1e999", "-1", "{", "}", "[", "]", "- "]
WORDS += ["{value}", "access: RW", "role: output", '"', "'", "#", "null", "\t", "\n", "  ", ":"]
WORDS += ["é", "\x00", "numeric"]


def mutated(text: str, random: Random) -> str:
    """A text with one line or piece lost, doubled, moved or replaced."""
    lines = text.split("\n")
    at, other = random.randrange(len(lines)), random.randrange(len(lines))
    place = random.randrange(len(text) + 1)
    ways = [
        lambda: "\n".join(lines[:at] + lines[at + 1 :]),
        lambda: "\n".join([*lines[:at], lines[other], *lines[at:]]),
        lambda: text[:place] + random.choice(WORDS) + text[place:],
        lambda: text[:place] + text[place + random.randint(1, 30) :],
        lambda: text[:place],
        lambda: text.replace(random.choice(lines) or "x", random.choice(WORDS), 1),
    ]
    return random.choice(ways)()


def test_a_mutated_file_is_a_driver_or_has_findings_with_lines():
    random = Random(7)
    texts = [METER, *((DRIVERS / n / "device.yaml").read_text(encoding="utf-8") for n in SMALL)]
    good = 0
    for number in range(2000):
        text = texts[number % len(texts)]
        for _ in range(random.randint(1, 3)):
            text = mutated(text, random)
        described, findings = read_map(text, "f/device.yaml")
        if described is not None:
            assert not findings
            findings = complaints(described)
            good += not findings
        assert all(f.line > 0 and f.column > 0 and f.message for f in findings), text
        assert described is not None or findings, text
    assert 50 < good < 1950


def complaints(described):
    """What the base finds; what it makes can be safely switched off."""
    try:
        driver = GenericScpi.from_map(described)
    except ConfigInvalid as error:
        return error.findings
    for entity in driver.ENTITIES.values():
        assert not entity.problems()
        assert not entity.is_writable or entity.safe is not None
        if entity.is_writable and entity.role in {Role.OUTPUT, Role.INPUT}:
            assert entity.safe.value is False
    return ()
