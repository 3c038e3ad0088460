"""Drivers are found without running them; a broken one hurts nobody but itself."""

import pytest

from ionpy_auto.core.errors import IonpyError, NotFound
from ionpy_auto.devices.catalogue import Catalogue, content_hash
from ionpy_auto.devices.stack import DeviceState
from ionpy_auto.testing.lab import Lab, device

GOOD = '''
"""A driver of the lab's own."""
from ionpy_auto.devices import Blueprint, Driver, Numeric

class Mine(Driver):
    """Says one."""
    NAME = "mine"
    ALIASES = ("Meins",)
    STACK_BLUEPRINTS = (Blueprint("virtual"),)
    one = Numeric(unit="V")

    async def poll(self):
        return {"one": 1.0}
'''
CASES = {
    "syntax": ("class Broken(:\n", "syntax/driver.py:1"),
    "nameless": ("x = 1\n", "there is no class with NAME"),
    "computed": (
        'class C:\n    NAME = "c"\n    ALIASES = (*"ab",)\n',
        "computed/driver.py:3",
    ),
}


@pytest.fixture
def home(tmp_path):
    for name, (text, _) in CASES.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "driver.py").write_text(text)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "driver.py").write_text(GOOD)
    (tmp_path / "raises").mkdir()
    (tmp_path / "raises" / "driver.py").write_text(
        "from ionpy_auto.devices import Driver\n\n"
        'class R(Driver):\n    NAME = "raises"\n    x = 1 / 0\n'
    )
    return tmp_path


@pytest.mark.parametrize("name", CASES)
def test_a_broken_file_is_listed_with_place_and_cause(home, name):
    files = {f.name: f for f in Catalogue(shipped=home).files()}
    key = "c" if name == "computed" else name
    errors = [f.error for f in files.values() if f.path.parent.name == name] or [files[key].error]
    assert CASES[name][1] in errors[0]
    with pytest.raises(IonpyError) as error:
        Catalogue(shipped=home).get(name)
    assert CASES[name][1] in error.value.message


def test_a_file_that_fails_when_imported_names_file_line_and_cause(home):
    with pytest.raises(IonpyError) as error:
        Catalogue(shipped=home).get("raises")
    assert "raises/driver.py:5: ZeroDivisionError" in error.value.message
    assert error.value.error_code == "SPAWN_DRIVER"


def test_names_and_aliases_in_any_case(home):
    catalogue = Catalogue(shipped=home)
    assert catalogue.get("MINE") is catalogue.get("meins")
    with pytest.raises(NotFound, match="no driver 'yours'") as error:
        catalogue.get("yours")
    assert "mine" in error.value.hint


async def test_a_broken_driver_is_an_error_on_its_device_and_others_run(home, lab):
    broken = Lab(lab.clock, catalogue=Catalogue(shipped=home), simulate=True)
    await broken.manager.start([device("A", "syntax"), device("B", "mine")])
    await lab.clock.sleep(1)
    assert broken.manager.stack("A").state is DeviceState.ERROR
    assert "driver.py:1" in broken.manager.manifest("A")["state_hint"]
    assert broken.manager.stack("B").slots["one"].known == 1.0
    await broken.manager.stop()


def test_a_name_that_stands_twice_is_an_error_of_the_second(home):
    (home / "other").mkdir()
    (home / "other" / "driver.py").write_text(GOOD)
    files = [f for f in Catalogue(shipped=home).files() if f.error and f.name == "mine"]
    assert "taken by mine" in files[0].error


async def test_a_home_driver_runs_only_after_its_content_was_trusted(home, lab):
    trusted: set[str] = set()
    catalogue = Catalogue([home], trusted=lambda _folder, digest: digest in trusted)
    there = Lab(lab.clock, catalogue=catalogue, simulate=True)
    await there.manager.start([device("A", "mine")])
    assert there.manager.stack("A").state is DeviceState.OFFLINE
    assert "trust" in there.manager.stack("A").hint
    digest = content_hash(home / "mine")
    assert there.payloads("device_error")[0]["code"] == "DRIVER_UNTRUSTED"
    trusted.add(digest)
    await there.manager.update(device("A", "mine", params={}))
    await lab.clock.sleep(1)
    assert there.manager.stack("A").state is DeviceState.ONLINE
    (home / "mine" / "driver.py").write_text(GOOD.replace("1.0", "2.0"))
    with pytest.raises(IonpyError, match="has changed since"):
        catalogue.get("mine")
    await there.manager.stop()
