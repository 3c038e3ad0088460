"""Settings: defaults < file < environment < command line, and nothing is guessed."""

import json
from pathlib import Path

import pytest

from ionpy_auto.core.errors import ConfigInvalid
from ionpy_auto.core.settings import Settings, load_settings


def write(folder: Path, content: object) -> Path:
    path = folder / "settings.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def test_without_anything_the_defaults_hold_and_they_are_the_safe_ones(tmp_path: Path) -> None:
    settings = load_settings(tmp_path / "missing.json", {})
    assert settings == load_settings(None, {}) == Settings()
    assert (settings.host, settings.synchronous) == ("127.0.0.1", "FULL")


def test_later_places_override_earlier_ones(tmp_path: Path) -> None:
    path = write(tmp_path, {"port": 1, "host": "a", "log_level": "DEBUG"})
    settings = load_settings(path, {"IONPY_PORT": "2", "IONPY_HOST": "b"}, port=3, host=None)
    assert (settings.port, settings.host, settings.log_level) == (3, "b", "DEBUG")


@pytest.mark.parametrize(
    ("text", "hosts"),
    [("", ()), ("lab", ("lab",)), ("lab, lab.local ,", ("lab", "lab.local"))],
)
def test_lists_come_from_the_environment_with_commas(text: str, hosts: tuple[str, ...]) -> None:
    assert load_settings(None, {"IONPY_ALLOWED_HOSTS": text}).allowed_hosts == hosts


def test_a_list_in_the_file_is_a_json_list(tmp_path: Path) -> None:
    path = write(tmp_path, {"allowed_hosts": ["lab", "lab.local"]})
    assert load_settings(path, {}).allowed_hosts == ("lab", "lab.local")


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ({"prot": 80}, "settings.json: prot"),
        ({"port": "8000"}, "port"),
        ({"port": True}, "port"),
        ({"port": 70000}, "port"),
        ({"port": 80.5}, "port"),
        ({"port": None}, "port"),
        ({"log_level": "debug"}, "log_level"),
        ({"allowed_hosts": "lab"}, "allowed_hosts"),
        ({"allowed_hosts": [1]}, r"allowed_hosts\.0"),
        ({"frame_origins": ["http://cam; script-src *"]}, "frame_origins"),
        ({"frame_origins": ["http://cam/page"]}, "frame_origins"),
        ({"synchronous": "OFF"}, "synchronous"),
        ([], "one JSON object"),
        ('{"port": 1, "port": 2}', "twice"),
        ("{", "settings.json:1"),
    ],
)
def test_a_mistake_in_the_file_is_named(tmp_path: Path, content: object, named: str) -> None:
    with pytest.raises(ConfigInvalid, match=named):
        load_settings(write(tmp_path, content), {})


@pytest.mark.parametrize("text", ["", "http", "-1", "1e3"])
def test_a_mistake_in_the_environment_is_named(text: str) -> None:
    with pytest.raises(ConfigInvalid, match="port"):
        load_settings(None, {"IONPY_PORT": text})


def test_an_unknown_override_is_named() -> None:
    with pytest.raises(ConfigInvalid, match="prot"):
        load_settings(None, {}, prot=1)
