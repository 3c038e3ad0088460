"""Flows edited over REST: patch, diff, history, roll-back, and what a stale caller is told."""

import pytest

FLOW = "warm-cell"


async def opened(api):
    return (await api.get(f"/api/flows/{FLOW}")).json()


async def patch(api, revision, *edits, **more):
    body = {"revision": revision, "edits": list(edits), **more}
    return await api.post(f"/api/flows/{FLOW}/patch", json=body)


async def test_a_patch_is_shown_written_and_rolled_back(api):
    before = await opened(api)
    edit = {"op": "set", "path": ["title"], "value": "Warm, wärmer"}
    shown = (await patch(api, before["revision"], edit)).json()
    assert (shown["written"], shown["ok"]) == (False, True)
    assert await opened(api) == before
    written = (await patch(api, before["revision"], edit, write=True)).json()
    after = await opened(api)
    assert after["text"] == written["text"] == shown["text"]
    assert after["title"] == "Warm, wärmer"
    history = (await api.get(f"/api/flows/{FLOW}/history")).json()
    (old,) = [i for i in history["items"] if i["revision"] == before["revision"]]
    version = (await api.get(f"/api/flows/{FLOW}/history/{old['version']}")).json()
    assert version["text"] == before["text"]
    diff = (await api.get(f"/api/flows/{FLOW}/diff", params={"against": old["version"]})).json()
    assert diff["diff"] == shown["diff"]
    body = {"text": version["text"], "revision": after["revision"]}
    assert (await api.put(f"/api/flows/{FLOW}", json=body)).status_code == 200
    assert (await opened(api))["text"] == before["text"]


async def test_a_stale_caller_gets_base_mine_theirs_and_the_merge(api):
    before = await opened(api)
    theirs = {"op": "set", "path": ["title"], "value": "Theirs"}
    await patch(api, before["revision"], theirs, write=True)
    mine = {"op": "layout", "path": ["r"], "value": [1, 2]}
    answer = await patch(api, before["revision"], mine, write=True)
    assert answer.status_code == 412
    material = answer.json()["args"]
    assert material["base"] == before["text"]
    assert material["conflicts"] == []
    assert "Theirs" in material["merged"]
    assert "r: [1, 2]" in material["merged"]
    body = {"text": material["merged"], "revision": material["current_revision"]}
    assert (await api.put(f"/api/flows/{FLOW}", json=body)).status_code == 200


@pytest.mark.parametrize(
    ("edit", "status", "code"),
    [
        ({"op": "set", "path": ["nobody", "x"], "value": 1}, 422, "EDIT_REFUSED"),
        ({"op": "set", "path": ["version"], "value": "2"}, 422, "FLOW_INVALID"),
        ({"op": "burn", "path": ["version"]}, 400, "BAD_INPUT"),
        ({"op": "set", "path": [True], "value": "2"}, 400, "BAD_INPUT"),
        ({"op": "set", "path": "title", "value": "2"}, 400, "BAD_INPUT"),
        ({"op": "set", "path": ["title"], "worth": "2"}, 400, "BAD_INPUT"),
    ],
)
async def test_a_patch_that_cannot_be_is_refused_and_nothing_is_written(api, edit, status, code):
    before = await opened(api)
    answer = await patch(api, before["revision"], edit, write=True)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert await opened(api) == before


async def test_a_commit_without_a_repository_is_a_clear_no(api):
    before = await opened(api)
    body = {"text": before["text"], "revision": before["revision"], "commit": "message"}
    answer = await api.put(f"/api/flows/{FLOW}", json=body)
    assert (answer.status_code, answer.json()["code"]) == (409, "NO_GIT")
    assert (await api.put(f"/api/flows/{FLOW}", json=body | {"commit": "  "})).status_code == 400
    assert (await api.get("/api/flows/nobody/history")).status_code == 404
    assert (await api.get(f"/api/flows/{FLOW}/history/saved-9")).status_code == 404
    assert (await api.get(f"/api/flows/{FLOW}/diff?against=zzz")).status_code == 404
