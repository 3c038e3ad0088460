"""Layouts over HTTP: two browsers on one page, and names that stay inside the folder."""

from urllib.parse import quote

import pytest

from tests.conftest import Api

WIDGET = {"id": "w1", "type": "value", "title": "", "bindings": {}, "options": {}}
PAGES = [{"id": "p1", "title": "Bench", "icon": "", "widgets": [WIDGET]}]


async def test_the_second_of_two_browsers_is_refused_with_what_the_first_saved(api: Api) -> None:
    read = (await api.get("/api/workspaces/active")).json()
    body = {"revision": read["revision"], "pages": PAGES}
    first = (await api.put("/api/workspaces/active", json=body)).json()
    second = await api.put("/api/workspaces/active", json={**body, "pages": []})
    assert second.status_code == 412
    assert second.json()["args"]["current"]["revision"] == first["revision"]
    assert second.json()["args"]["current"]["pages"][0]["title"] == "Bench"
    body = {"revision": first["revision"], "pages": []}
    assert (await api.put("/api/workspaces/active", json=body)).status_code == 200


async def test_a_broken_layout_is_refused_with_the_place(api: Api) -> None:
    revision = (await api.get("/api/workspaces/active")).json()["revision"]
    pages = [{"id": "p1", "title": "Bench", "widgets": [{**WIDGET, "layout": {"x": 99}}]}]
    answer = await api.put("/api/workspaces/active", json={"revision": revision, "pages": pages})
    assert answer.status_code == 400
    assert answer.json()["findings"][0]["path"] == "pages.0.widgets.0.layout.x"


async def test_a_layout_is_kept_under_a_name_with_blanks(api: Api) -> None:
    path = f"/api/workspaces/{quote('Prüfstand 2')}"
    assert (await api.post(path, json={"pages": PAGES})).status_code == 201
    assert (await api.post(path, json={})).status_code == 409
    assert (await api.get("/api/workspaces")).json()["items"][0]["name"] == "Prüfstand 2"
    assert (await api.patch(path, json={"name": "Stand"})).json()["pages"] == 1
    assert (await api.get("/api/workspaces/Stand")).json()["pages"][0]["id"] == "p1"
    assert (await api.delete("/api/workspaces/Stand")).status_code == 204
    assert (await api.get("/api/workspaces/Stand")).status_code == 404


@pytest.mark.parametrize("name", ["..", "%2e%2e%2fproject", "a%5Cb", "%00", ".bak", "x" * 80])
async def test_no_name_leads_out_of_the_folder(api: Api, name: str) -> None:
    answer = await api.post(f"/api/workspaces/{name}", json={"pages": []})
    assert answer.status_code in {400, 404, 405}
    assert (await api.get("/api/workspaces")).json()["items"] == []


async def test_browsers_are_told_of_a_saved_layout(api: Api) -> None:
    told = []
    leave = api.engine.bus.tap("event/workspace_changed", told.append)
    revision = (await api.get("/api/workspaces/active")).json()["revision"]
    body = {"revision": revision, "pages": PAGES}
    saved = (await api.put("/api/workspaces/active", json=body)).json()
    leave()
    assert [event.payload for event in told] == [{"revision": saved["revision"]}]
