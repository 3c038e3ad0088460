"""``connections.json``: each entry is judged by itself, and the schema agrees with the judge."""

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ionpy_auto.connections.config import (
    ConnectionConfig,
    connections_schema,
    lines_of,
    load_connections,
    parse_connection,
    save_connections,
)
from ionpy_auto.connections.kinds import KINDS
from ionpy_auto.core.errors import ConfigInvalid

GOOD = {"id": "lab", "kind": "mqtt", "endpoint": "lab:1883"}

BAD = {
    "no id": ({"id": ""}, "id", "wrong-field"),
    "a strange id": ({"id": "a b"}, "id", "wrong-field"),
    "an unknown kind": ({"kind": "carrier-pigeon"}, "kind", "unknown-kind"),
    "no port": ({"endpoint": "lab"}, "endpoint", "wrong-field"),
    "an unknown field": ({"colour": "red"}, "colour", "unknown-field"),
    "a word for truth": ({"enabled": "yes"}, "enabled", "wrong-field"),
    "a truth for a number": ({"max_pps": True}, "max_pps", "wrong-field"),
    "an unknown parameter": ({"params": {"pasword": ""}}, "params.pasword", "unknown-field"),
    "a password in clear": ({"params": {"password": "pw"}}, "params.password", "wrong-field"),
    "a will on a wildcard": (
        {"params": {"will": {"topic": "a/#"}}},
        "params.will.topic",
        "wrong-field",
    ),
    "a text for a number": ({"params": {"queue": "100"}}, "params.queue", "wrong-field"),
    "no TLS after all": ({"params": {"tls": True}}, "params.tls", "wrong-field"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_entry_is_named_and_stops_no_other(name, tmp_path):
    changes, field, code = BAD[name]
    path = tmp_path / "connections.json"
    content = {"version": 1, "connections": [{**GOOD, **changes}, {**GOOD, "id": "other"}]}
    path.write_text(json.dumps(content, indent=1), encoding="utf-8")
    file = load_connections(path)
    assert [config.id for config in file.connections] == ["other"]
    (finding,) = file.findings
    assert (finding.path, finding.code) == (f"connections.0.{field}", code)
    assert (finding.file, finding.line > 0) == ("connections.json", True)
    # It stays in the file as it stood when the file is written again.
    save_connections(path, file)
    assert json.loads(path.read_text(encoding="utf-8"))["connections"][1] == {**GOOD, **changes}
    assert path.with_name("connections.json.bak").exists()


def test_an_id_that_stands_twice_counts_once(tmp_path):
    path = tmp_path / "connections.json"
    path.write_text(json.dumps({"connections": [GOOD, GOOD]}), encoding="utf-8")
    file = load_connections(path)
    assert (len(file.connections), file.findings[0].code) == (1, "duplicate-id")


@pytest.mark.parametrize(
    "text", ["", "[]", "{", '{"connections": 1}', '{"version": 2, "connections": []}']
)
def test_a_file_that_is_none_is_refused_whole(text, tmp_path):
    path = tmp_path / "connections.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigInvalid):
        load_connections(path)


def test_what_does_nothing_yet_is_said():
    config = parse_connection({**GOOD, "standby": ["other:1883"]})
    assert config.standby == ["other:1883"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [*ConnectionConfig.model_fields, *KINDS.get("mqtt").Params.model_fields]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(JSON)
def test_no_content_breaks_the_judge(content):
    with suppress(ConfigInvalid):
        assert parse_connection(content).kind in KINDS


def test_every_line_of_a_text_is_found():
    assert lines_of('{\n"a": [\n{"b": 1},\n2]\n}') == {"a": 2, "a.0": 3, "a.0.b": 3, "a.1": 4}


def test_the_schema_knows_every_field_and_parameter():
    schema = connections_schema()
    entry = schema["properties"]["connections"]["items"]
    assert set(entry["properties"]) == set(ConnectionConfig.model_fields)
    params = entry["anyOf"][0]["properties"]["params"]
    assert set(params["properties"]) == set(KINDS.get("mqtt").Params.model_fields)
    text = json.dumps(schema)
    for name in ("Tls", "LastWill"):
        assert f"#/$defs/mqtt_{name}" in text
        assert f"mqtt_{name}" in schema["$defs"]
