"""``devices.json``: forms that are read, mistakes that are named, and what is never lost."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ionpy_auto.core.errors import ConfigInvalid, Severity
from ionpy_auto.devices.config import (
    DeviceConfig,
    lines_of,
    load_devices,
    parse_device,
    save_devices,
)

GOOD = {"id": "PSU_01", "driver": "rd6006", "transport": {"type": "serial", "port": "/dev/ttyUSB0"}}


def test_defaults_of_a_short_entry():
    config = parse_device(GOOD)
    assert (config.enabled, config.auto_start, config.shown) == (True, True, "PSU_01")
    assert (config.color, config.icon, config.polling_interval_ms) == (
        "#0ea5e9",
        "developer-board",
        1000,
    )
    assert config.framing is None
    assert config.params == {}


def test_both_forms_of_a_transport_say_the_same_and_the_flat_one_is_written():
    nested = {**GOOD, "transport": {"type": "serial", "params": {"port": "/dev/ttyUSB0"}}}
    assert parse_device(nested) == parse_device(GOOD)
    assert parse_device(nested).as_dict()["transport"] == GOOD["transport"]


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"driver": None}, "device.driver"),
        ({"transport": {}}, "device.transport.type"),
        ({"transport": {"type": "tcp", "a": 1, "params": {"a": 2}}}, "device.transport"),
        ({"polling": 500}, "device.polling"),
        ({"polling_interval_ms": "500"}, "device"),
        ({"polling_interval_ms": 1}, "device.polling_interval_ms"),
        ({"enabled": "yes"}, "device"),
        ({"id": "a b"}, "id"),
        ({"id": "x" * 65}, "id"),
    ],
)
def test_a_wrong_field_is_named(change, path):
    with pytest.raises(ConfigInvalid) as error:
        parse_device({**GOOD, **change})
    assert error.value.findings[0].path == path


def test_one_bad_device_never_stops_the_others_and_is_kept_in_the_file(tmp_path):
    path = tmp_path / "devices.json"
    bad = {"id": "BAD", "driver": "rd6006", "transport": {"type": "serial"}, "pooling": 1}
    path.write_text(json.dumps({"devices": [GOOD, bad, {**GOOD, "id": "B"}]}, indent=1))
    file = load_devices(path)
    assert [d.id for d in file.devices] == ["PSU_01", "B"]
    (finding,) = file.findings
    assert finding.path == "devices.1.pooling"
    assert path.read_text().splitlines()[finding.line - 1].strip().startswith('"pooling"')
    save_devices(path, file.devices, file.unread)
    assert json.loads(path.read_text())["devices"][2] == bad


def test_ids_that_differ_only_in_sign_or_case_are_different_devices(tmp_path):
    path = tmp_path / "devices.json"
    entries = [{**GOOD, "id": name} for name in ("PSU-1", "PSU_1", "psu_1")]
    path.write_text(json.dumps({"devices": entries}))
    file = load_devices(path)
    assert [d.id for d in file.devices] == ["PSU-1", "PSU_1", "psu_1"]
    assert file.findings == []


def test_an_old_id_loads_with_a_warning_and_a_double_one_does_not(tmp_path):
    path = tmp_path / "devices.json"
    old = {**GOOD, "id": "Netzteil 1"}
    path.write_text(json.dumps({"devices": [old, old]}))
    file = load_devices(path)
    assert [d.id for d in file.devices] == ["Netzteil 1"]
    assert next(f.severity for f in file.findings if f.code == "bad-id") is Severity.WARNING
    assert "stands twice" in file.findings[-1].message


def test_a_newer_file_is_refused_and_not_rewritten(tmp_path):
    path = tmp_path / "devices.json"
    path.write_text('{"schema_version": 99, "devices": []}')
    with pytest.raises(ConfigInvalid, match="schema_version 99"):
        load_devices(path)


def test_what_is_written_is_read_back_equal(tmp_path):
    path = tmp_path / "devices.json"
    device = parse_device({**GOOD, "params": {"modbus_address": 3}, "alias": "Lader"})
    save_devices(path, [device])
    assert load_devices(path).devices == [device]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from([*DeviceConfig.model_fields, "type", "x"]), inner, max_size=5
        )
    ),
    max_leaves=12,
)


@given(JSON)
def test_any_json_is_read_or_refused_with_a_finding(content):
    findings = ()
    try:
        config = parse_device(content)
    except ConfigInvalid as error:
        config, findings = None, error.findings
    assert findings if config is None else parse_device(config.as_dict()).id == config.id


@given(JSON)
def test_lines_are_found_or_left_out_but_never_fail(content):
    text = json.dumps(content, indent=1)
    assert all(1 <= line <= text.count("\n") + 1 for line in lines_of(text).values())
