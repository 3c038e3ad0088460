"""A driver made by ``new driver`` works at once: suite, its own test, a project, trust."""

import asyncio
import json
import subprocess
import sys

import pytest
from click.testing import Result
from typer.testing import CliRunner

from ionpy_auto.cli.__main__ import build
from ionpy_auto.cli.commands.new import Kind
from ionpy_auto.cli.scaffold import LONGEST, check_name, class_name, write_driver
from ionpy_auto.core.clock import SystemClock
from ionpy_auto.core.errors import BadInput, Conflict
from ionpy_auto.devices import Benches
from ionpy_auto.devices.catalogue import Catalogue
from ionpy_auto.devices.simulated import serve_tcp
from ionpy_auto.devices.sources import import_beside
from ionpy_auto.testing.driver_folder import check_folder
from ionpy_auto.testing.lab import Lab, device
from tests.conftest import ROOT, Api, environment, ionpy

TRANSPORTS = {
    "scpi": {"type": "tcp", "host": "127.0.0.1", "port": 5025},
    "modbus": {"type": "serial", "port": "/dev/ttyNONE7"},
    "virtual": {"type": "virtual"},
    "yaml": {"type": "tcp", "host": "127.0.0.1", "port": 5025},
}


@pytest.mark.parametrize("kind", Kind)
async def test_every_kind_passes_the_suite_as_it_was_written(tmp_path, kind):
    write_driver(kind, "of_mine", tmp_path)
    results = await check_folder(tmp_path / "of_mine")
    assert [str(r) for r in results if not r.ok] == []
    assert {"file", "README.md", "imports", "declaration", "simulator"} <= {
        r.check for r in results
    }


def test_the_tests_that_come_with_them_pass(tmp_path):
    for kind in Kind:
        write_driver(kind, f"of_{kind}", tmp_path)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)]
    answer = subprocess.run(
        command,
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**environment(), "PYTHONPATH": str(ROOT)},
        timeout=60,
        check=False,
    )
    assert answer.returncode == 0, answer.stdout
    assert f"{2 * len(Kind)} passed" in answer.stdout


async def test_every_kind_shows_values_in_a_simulated_project_once_it_is_trusted(api: Api):
    drivers = api.engine.home.root / "drivers"
    for kind in Kind:
        write_driver(kind, f"of_{kind}", drivers)
        url = f"/api/config/drivers/of_{kind}/trust"
        read = (await api.get(url)).json()
        assert (await api.post(url, json={"hash": read["hash"]})).status_code == 200
        body = {"id": kind.upper(), "driver": f"of_{kind}", "transport": TRANSPORTS[kind]}
        body |= {"polling_interval_ms": 100}
        answer = await api.post("/api/devices", json=body)
        assert answer.status_code == 201, answer.text
    for kind in Kind:
        entity, wanted = ("temperature", 25.0) if kind is Kind.VIRTUAL else ("i_out", 0.0)
        point = f"/api/devices/{kind.upper()}/entities/{entity}"
        for _ in range(300):
            shown = (await api.get(point)).json()
            if shown["value"] is not None:
                break
            await asyncio.sleep(0.01)
        assert shown["value"] == wanted, kind


async def test_driver_and_simulator_talk_over_a_real_wire(tmp_path):
    write_driver("scpi", "of_mine", tmp_path)
    simulator = import_beside(tmp_path / "of_mine" / "driver.py", "simulator")
    lab = Lab(SystemClock(), catalogue=Catalogue((tmp_path,), lambda *_: True))
    instrument = simulator.Instrument(Benches(lab.clock).get("A"))
    server = await serve_tcp(lambda: simulator.LineServer(instrument), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    transport = {"type": "tcp", "host": "127.0.0.1", "port": port}
    config = device("PSU", "of_mine", transport=transport, polling_interval_ms=50)
    await lab.manager.start([config])
    await lab.until(lambda: lab.manager.stack("PSU").state == "online")
    assert await lab.write("PSU", "v_set", 5.0) == 5.0
    assert instrument.circuit.bench.supply.v_set == 5.0
    await lab.manager.stop()
    server.close()


@pytest.mark.parametrize(
    "name",
    ["", "Mine", "1st", "my-driver", "my driver", "../mine", "a__b", "class", "driver", "ü", "con"],
)
def test_a_name_that_cannot_be_says_what_can(name):
    with pytest.raises(BadInput) as error:
        check_name(name, Catalogue())
    assert "korad_ka3005p" in error.value.hint


def test_names_that_are_taken_or_too_long_are_refused(tmp_path):
    with pytest.raises(BadInput, match="there is a driver 'rd6006'"):
        check_name("rd6006", Catalogue())
    with pytest.raises(BadInput, match="longer"):
        check_name("a" * (LONGEST + 1), Catalogue())
    check_name("a" * LONGEST, Catalogue())
    assert class_name("korad_ka3005p") == "KoradKa3005p"


def say(*words: str, said: str = "") -> Result:
    """The command line in this process."""
    return CliRunner().invoke(build(words[0]), words, input=said)


def test_the_command_writes_says_what_next_and_never_overwrites(tmp_path):
    words = ("new", "driver", "of_mine", "--kind", "virtual", "--home", str(tmp_path))
    answer = say(*words)
    folder = tmp_path / "drivers" / "of_mine"
    assert answer.exit_code == 0, answer.output
    files = {path.name for path in folder.iterdir()}
    assert files == {"README.md", "driver.py", "test_of_mine.py"}
    assert "driver check" in answer.output
    (folder / "driver.py").write_text("mine\n")
    again = say(*words)
    assert isinstance(again.exception, BadInput)
    assert "exists" in again.exception.message
    assert (folder / "driver.py").read_text() == "mine\n"


def test_wrong_words_leave_with_two():
    assert ionpy("driver", "check", "nowhere").returncode == 2


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("drivers/virtual_template",), 0, "ok   simulator"),
        (("drivers/replay",), 1, "give parameters"),
        (("drivers/replay", "--params", '{"file": "example.csv"}'), 0, "ok   simulator"),
        (("docs",), 1, "neither driver.py nor device.yaml"),
    ],
)
def test_the_check_has_a_readable_result_and_an_exit_code(words, code, told):
    answer = say("driver", "check", str(ROOT / words[0]), *words[1:])
    assert answer.exit_code == code
    assert told in answer.output


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("nowhere",), "there is no folder"),
        (("drivers", "--params", "{"), "no JSON"),
        (("drivers", "--params", "[]"), "must be an object"),
    ],
)
def test_a_check_that_cannot_begin_says_why(words, told):
    answer = say("driver", "check", str(ROOT / words[0]), *words[1:])
    assert isinstance(answer.exception, BadInput)
    assert told in answer.exception.message


BROKEN = {
    "half a class": ("class X(:\n", "driver.py:1"),
    "no safe state": (
        (
            "from ionpy_auto.devices import *\n\n"
            'class X(Driver):\n    """X."""\n    NAME = "mine"\n    on = Toggle(access=RW)\n'
        ),
        "must declare safe",
    ),
    "foreign rooms": (
        (
            "import ionpy_auto.engine\nfrom ionpy_auto.devices import *\n\n"
            'class X(Driver):\n    """X."""\n    NAME = "mine"\n'
            '    STACK_BLUEPRINTS = (Blueprint("virtual"),)\n    v = Numeric()\n'
        ),
        "imports ionpy_auto.engine",
    ),
    "remembers instead of asking": (
        (
            "from ionpy_auto.devices import *\n\n"
            'class X(Driver):\n    """X."""\n    NAME = "mine"\n'
            '    STACK_BLUEPRINTS = (Blueprint("virtual"),)\n'
            '    on = Toggle(access=RW, safe=Safe("write", value=False))\n'
            "    async def write(self, entity_id, value): pass\n"
            "    async def read_back(self, entity_id): return False\n"
        ),
        "sent True, read back False",
    ),
    "hangs": (
        (
            "from asyncio import Event\nfrom ionpy_auto.devices import *\n\n"
            'class X(Driver):\n    """X."""\n    NAME = "mine"\n'
            '    STACK_BLUEPRINTS = (Blueprint("virtual"),)\n    v = Numeric()\n'
            "    async def poll(self): await Event().wait()\n"
        ),
        "hangs",
    ),
    "nobody can try it": (
        (
            "from ionpy_auto.devices import *\n\n"
            'class X(Driver):\n    """X."""\n    NAME = "mine"\n'
            '    STACK_BLUEPRINTS = (Blueprint("serial"),)\n    v = Numeric()\n'
        ),
        "has no simulator",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
async def test_what_is_wrong_with_a_driver_is_told_in_a_sentence(tmp_path, name):
    text, said = BROKEN[name]
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "driver.py").write_text(text)
    (folder / "README.md").write_text("mine")
    wrong = [str(result) for result in await check_folder(folder) if not result.ok]
    assert len(wrong) == 1
    assert said in wrong[0]


def test_a_driver_is_read_trusted_and_distrusted_on_a_running_server(start_server, tmp_path):
    write_driver("virtual", "of_mine", tmp_path / "home" / "drivers")
    server = ("--server", start_server("serve").url)

    def state() -> str:
        listed = json.loads(say("driver", "list", *server, "--json").output)
        one = next(item for item in listed if item["name"] == "of_mine")
        return "trusted" if one["trusted"] else "not trusted"

    assert state() == "not trusted"
    assert "not trusted" in say("driver", "list", *server).output
    refused = say("driver", "trust", "of_mine", *server, said="n\n")
    assert (refused.exit_code, state()) == (1, "not trusted")
    assert '+    NAME = "of_mine"' in refused.output
    wrong = say("driver", "trust", "of_mine", *server, "--hash", "0" * 64)
    assert (type(wrong.exception), state()) == (Conflict, "not trusted")
    say("driver", "trust", "of_mine", *server, said="y\n")
    assert state() == "trusted"
    say("driver", "distrust", "of_mine", *server)
    assert state() == "not trusted"
    unknown = say("driver", "trust", "nope", *server)
    assert isinstance(unknown.exception, BadInput)
