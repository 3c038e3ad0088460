"""Reports over REST: content types, file names, refusals."""

from xml.etree import ElementTree as ET

import pytest

FLOW = """version: 1
id: short
title: Short
sequence:
  - {id: a, wait: 1 s}
"""


async def finished(api):
    assert (await api.post("/api/flows", json={"text": FLOW})).status_code == 201
    run = (await api.post("/api/runs", json={"sequence": "short"})).json()["id"]
    for _ in range(200):
        if (await api.get(f"/api/runs/{run}")).json()["state"] == "finished":
            return run
        await api.engine.project.clock.sleep(0.05)
    raise AssertionError("not finished")


async def test_each_format_has_its_type_and_file_name(api):
    run = await finished(api)
    for name, kind, suffix in (
        ("json", "application/json", "json"),
        ("html", "text/html; charset=utf-8", "html"),
        ("pdf", "application/pdf", "pdf"),
        ("junit", "application/xml", "xml"),
    ):
        answer = await api.get(f"/api/runs/{run}/report?format={name}&lang=de")
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"] == kind
        disposition = f'inline; filename="run-{run}.{suffix}"'
        assert answer.headers["content-disposition"] == disposition
    saved = await api.get(f"/api/runs/{run}/report?format=pdf&download=true")
    assert saved.headers["content-disposition"].startswith("attachment;")
    assert saved.content.startswith(b"%PDF")
    plain = await api.get(f"/api/runs/{run}/report")
    steps = (await api.get(f"/api/runs/{run}/steps")).json()["items"]
    assert plain.json()["steps"] == steps
    junit = await api.get(f"/api/runs/{run}/junit")
    assert junit.headers["content-type"] == "application/xml"
    assert ET.fromstring(junit.content)[0].get("name") == "short"


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/runs/nothing/report", 404),
        ("/api/runs/nothing/junit", 404),
        ("/api/runs/nothing/report?lang=fr", 400),
        ("/api/runs/nothing/report?format=../x", 400),
    ],
)
async def test_what_is_not_there_is_refused(api, path, status):
    assert (await api.get(path)).status_code == status


async def test_an_unknown_format_names_those_there_are(api):
    answer = await api.get(f"/api/runs/{await finished(api)}/report?format=docx")
    assert answer.status_code == 404
    assert "html, json, junit, pdf" in answer.json()["hint"]
