"""Protocols of other programs over REST."""

import json
from pathlib import Path

EXAMPLE = Path("tests/data/unicycler_example.json").read_text(encoding="utf-8")
CELL = "cells/inr18650-25r"


async def test_a_protocol_becomes_a_flow_that_can_be_saved_and_exported(api):
    body = {"format": "unicycler", "text": EXAMPLE, "cell": CELL, "id": "from-unicycler"}
    answer = await api.post("/api/flows/import", json=body)
    imported = answer.json()
    assert (answer.status_code, imported["format"]) == (200, "unicycler")
    assert "charge: {current: 0.5 C, voltage: 4.2 V}" in imported["text"]
    assert {loss["kind"] for loss in imported["losses"]} == {"changed"}
    assert (await api.get("/api/flows/from-unicycler")).status_code == 404
    saved = await api.post("/api/flows", json={"text": imported["text"]})
    assert saved.status_code == 201, saved.text
    answer = await api.get("/api/flows/from-unicycler/export", params={"format": "unicycler"})
    method = json.loads(answer.json()["text"])["method"]
    assert [step["step"] for step in method] == [
        "tag",
        "constant_current",
        "constant_voltage",
        "open_circuit_voltage",
        "constant_current",
        "loop",
    ]
    assert method[1]["rate_C"] == 0.5


async def test_findings_about_the_text_come_with_it(api):
    body = {"text": "Charge at 9 A until 4.2 V", "cell": CELL, "channel": "CH1"}
    imported = (await api.post("/api/flows/import", json=body)).json()
    assert not imported["ok"]
    assert any(finding["severity"] == "error" for finding in imported["findings"])


async def test_a_bad_protocol_and_an_unknown_flow_are_refused(api):
    refused = await api.post("/api/flows/import", json={"text": "Dance", "format": "pybamm"})
    assert refused.status_code == 400
    assert refused.json()["message"] == "line 1: 'Dance' is not understood"
    assert (await api.post("/api/flows/import", json={"text": "x", "id": "A"})).status_code == 400
    assert (await api.get("/api/flows/nobody/export")).status_code == 404
    first = (await api.get("/api/flows")).json()["items"][0]["id"]
    unknown = await api.get(f"/api/flows/{first}/export", params={"format": "maccor"})
    assert unknown.status_code == 404
