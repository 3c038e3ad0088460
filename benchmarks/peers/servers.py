"""The servers that are compared: where they are found, and how they get the same rules."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from ionpy_auto.cli.serving import listen

HERE = Path(__file__).parent
OUTSIDE = Path(os.environ.get("IONPY_PEERS", Path.home() / "peers"))
RULES_PER_FILE = 500


def free_port() -> int:
    with listen("127.0.0.1", 0, search=False) as sock:
        return sock.getsockname()[1]


def cpu_s(pid: int) -> float:
    """Processor seconds of a process with all its threads and children."""
    total = 0.0
    for task in Path(f"/proc/{pid}/task").iterdir():
        try:
            total += int((task / "schedstat").read_text().split()[0]) / 1e9
            children = (task / "children").read_text().split()
        except (OSError, IndexError):
            continue
        total += sum(cpu_s(int(child)) for child in children)
    return total


class Server:
    """A server as a process.

    Attributes:
        name: As it is shown.
        missing: Why it cannot take part; empty when it can.
        web: Where its answers come as WebSocket frames, and what is an answer in one.
    """

    name = ""
    missing = ""
    web = None

    def __init__(self, case, broker: int, folder: Path) -> None:
        self.case = case
        self.broker = broker
        self.folder = folder
        self.port = free_port()
        self.process = None
        folder.mkdir(parents=True)

    def topic(self, number: int) -> str:
        return f"in/{number}" if self.case.own else "in"

    def write(self) -> list[str]:
        """Write what it reads; the command that starts it."""
        raise NotImplementedError

    def start(self) -> None:
        command = self.write()
        self.process = subprocess.Popen(
            command, cwd=HERE.parent.parent, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    def stop(self) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def cpu_s(self) -> float:
        return cpu_s(self.process.pid)


class Mosquitto(Server):
    """The broker; alone it is the limit: the load hears what it sends itself."""

    name = "broker"
    missing = "" if shutil.which("mosquitto") else "apt install mosquitto"

    def write(self) -> list[str]:
        file = self.folder / "mosquitto.conf"
        file.write_text(
            f"listener {self.port} 127.0.0.1\nallow_anonymous true\nmax_queued_messages 0\n"
            "set_tcp_nodelay true\nlog_dest none\n" + ("user root\n" if os.geteuid() == 0 else "")
        )
        return [shutil.which("mosquitto"), "-c", str(file)]

    def start(self) -> None:
        super().start()
        time.sleep(0.5)


class Ours(Server):
    """A project with the rules, opened by ``ionpy-auto serve``; nothing is left out."""

    name = "ionpy_auto"

    def __init__(self, case, broker, folder) -> None:
        super().__init__(case, broker, folder)
        if case.web:
            self.web = (f"ws://127.0.0.1:{self.port}/ws", _answer_of_event)

    def write(self) -> list[str]:
        project = self.folder / "projects" / "bench"
        (project / "flows").mkdir(parents=True)
        _json(
            project / "project.json",
            {
                "schema_version": 1,
                "id": "0e0c1a52-3b1e-4f55-9a57-0d5f6f1b8c12",
                "name": "bench",
                "files": {"devices": "devices.json"},
            },
        )
        _json(project / "devices.json", {"schema_version": 1, "devices": []})
        link = {"id": "lab", "kind": "mqtt", "endpoint": f"127.0.0.1:{self.broker}"}
        link |= {"max_pps": 100_000, "params": {"queue": 100_000, "publish": "always"}}
        _json(project / "connections.json", {"version": 1, "connections": [link]})
        then = (
            "event: {name: answer, fields: {payload: trigger.payload}}"
            if self.case.web
            else 'publish: {topic: out, payload: "{{ trigger.payload }}"}'
        )
        for first in range(0, self.case.rules, RULES_PER_FILE):
            last = min(first + RULES_PER_FILE, self.case.rules)
            rules = "".join(
                f'  - id: r{n}\n    when: {{mqtt: {self.topic(n)}, path: n, value: "{n}"}}\n'
                f"    mode: queued\n    then: [{{{then}}}]\n"
                for n in range(first, last)
            )
            (project / "flows" / f"f{first}.yaml").write_text(
                f"version: 1\nid: f{first}\nrules:\n{rules}"
            )
        command = [sys.executable, "-m", "ionpy_auto", "serve", "--home", str(self.folder)]
        return [*command, "--port", str(self.port), "--project", "bench"]


def _answer_of_event(frame) -> bytes | None:
    found = json.loads(frame)
    if found.get("event") != "custom":
        return None
    return found["payload"]["fields"]["payload"].encode()


class NodeRed(Server):
    """Node-RED: for each rule ``mqtt in``, ``switch`` and ``mqtt out`` (or ``websocket out``)."""

    name = "Node-RED"
    program = OUTSIDE / "nodered" / "node_modules" / "node-red"
    missing = (
        ""
        if (program / "red.js").exists() and shutil.which("node")
        else f"npm install --ignore-scripts --prefix {OUTSIDE / 'nodered'} node-red@4"
    )

    def __init__(self, case, broker, folder) -> None:
        super().__init__(case, broker, folder)
        if case.web:
            self.web = (f"ws://127.0.0.1:{self.port}/answers", str.encode)

    @classmethod
    def version(cls) -> str:
        return json.loads((cls.program / "package.json").read_text())["version"]

    def write(self) -> list[str]:
        shutil.copy(HERE / "nodered_settings.js", self.folder / "settings.js")
        nodes = [
            {"id": "tab", "type": "tab", "label": "bench"},
            {
                "id": "broker",
                "type": "mqtt-broker",
                "broker": "127.0.0.1",
                "port": str(self.broker),
                "autoConnect": True,
                "protocolVersion": "4",
                "keepalive": "60",
                "cleansession": True,
            },
            {
                "id": "answers",
                "type": "websocket-listener",
                "path": "/answers",
                "wholemsg": "false",
            },
        ]
        for n in range(self.case.rules):
            nodes += self._rule(n)
        _json(self.folder / "flows.json", nodes)
        red = str(self.program / "red.js")
        return [shutil.which("node"), red, "-u", str(self.folder), "-p", str(self.port)]

    def _rule(self, n: int) -> list[dict]:
        place = {"z": "tab", "x": 0, "y": 0}
        if self.case.web:
            out = {"type": "websocket out", "server": "answers", "client": ""}
        else:
            out = {"type": "mqtt out", "broker": "broker", "topic": "out", "qos": "0"}
        return [
            {
                **place,
                "id": f"in{n}",
                "type": "mqtt in",
                "topic": self.topic(n),
                "qos": "0",
                "datatype": "json",
                "broker": "broker",
                "wires": [[f"if{n}"]],
            },
            {
                **place,
                "id": f"if{n}",
                "type": "switch",
                "property": "payload.n",
                "propertyType": "msg",
                "rules": [{"t": "eq", "v": str(n), "vt": "num"}],
                "checkall": "true",
                "outputs": 1,
                "wires": [[f"out{n}"]],
            },
            {**place, **out, "id": f"out{n}", "wires": []},
        ]


class HomeAssistant(Server):
    """Home Assistant with its MQTT integration and one automation for each rule; no recorder."""

    name = "Home Assistant"
    program = OUTSIDE / "ha" / "bin" / "hass"
    missing = (
        ""
        if program.exists()
        else f"python3.13 -m venv {OUTSIDE / 'ha'} && {OUTSIDE / 'ha' / 'bin' / 'pip'} install"
        " homeassistant==2025.4.4 home-assistant-frontend==20250411.0 paho-mqtt==2.1.0"
    )

    @classmethod
    def version(cls) -> str:
        told = subprocess.run(
            [cls.program, "--version"], capture_output=True, text=True, check=True
        )
        return told.stdout.strip()

    def write(self) -> list[str]:
        text = (HERE / "homeassistant.yaml").read_text().replace("PORT", str(self.port))
        (self.folder / "configuration.yaml").write_text(text)
        (self.folder / ".storage").mkdir()
        _json(self.folder / ".storage" / "core.config_entries", _entries(self.broker))
        rules = [self._rule(n) for n in range(self.case.rules)]
        _json(self.folder / "automations.yaml", rules)  # JSON is YAML
        return [str(self.program), "-c", str(self.folder), "--skip-pip"]

    def _rule(self, n: int) -> dict:
        return {
            "id": f"r{n}",
            "alias": f"r{n}",
            "mode": "queued",
            "max": 1000,
            "trigger": [
                {
                    "platform": "mqtt",
                    "topic": self.topic(n),
                    "value_template": "{{ value_json.n }}",
                    "payload": str(n),
                }
            ],
            "action": [
                {
                    "action": "mqtt.publish",
                    "data": {"topic": "out", "payload": "{{ trigger.payload }}"},
                }
            ],
        }


def _entries(broker: int) -> dict:
    entry = {
        "created_at": "2026-01-01T00:00:00+00:00",
        "modified_at": "2026-01-01T00:00:00+00:00",
        "entry_id": "01J00000000000000000000000",
        "version": 1,
        "minor_version": 2,
        "domain": "mqtt",
        "title": "broker",
        "data": {"broker": "127.0.0.1", "port": broker, "discovery": False},
        "options": {"discovery": False},
        "pref_disable_new_entities": False,
        "pref_disable_polling": False,
        "source": "user",
        "unique_id": None,
        "disabled_by": None,
        "discovery_keys": {},
        "subentries": [],
    }
    return {
        "version": 1,
        "minor_version": 5,
        "key": "core.config_entries",
        "data": {"entries": [entry]},
    }


def _json(path: Path, content) -> None:
    path.write_text(json.dumps(content))
