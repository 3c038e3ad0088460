"""A project as one zip, while it records."""

import io
import sqlite3
import zipfile
from pathlib import Path

import httpx

from tests.conftest import Server


def test_an_open_project_is_archived_with_everything_recorded_so_far(
    server: Server, tmp_path: Path
) -> None:
    with httpx.Client(base_url=server.url, timeout=30, trust_env=False) as client:
        project = client.get("/api/projects/active").json()
        client.post("/api/projects/active/sessions/start", json={"name": "archived"})
        for _ in range(500):  # a poll comes every few milliseconds
            recorder = client.get("/api/system/status").json()["recorder"]
            if recorder["waiting"] + recorder["recorded"] > 0:
                break
        client.post("/api/projects/active/markers", json={"label": "in the archive"})
        answer = client.get(f"/api/projects/{project['id']}/archive")
        client.post("/api/projects/active/sessions/stop")
        assert answer.status_code == 200
        assert client.get("/api/projects/nobody/archive").status_code == 404
    archive = zipfile.ZipFile(io.BytesIO(answer.content))
    names = archive.namelist()
    assert archive.testzip() is None
    assert len(names) == len(set(names))
    slug = project["slug"]
    assert {f"{slug}/project.json", f"{slug}/flows/capacity-check.yaml"} <= set(names)
    assert not [name for name in names if name.endswith(("-wal", "-shm", ".bak"))]
    database = Path(archive.extract(f"{slug}/data.db", tmp_path))
    with sqlite3.connect(database) as file:
        assert file.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert file.execute("SELECT label FROM markers").fetchall() == [("in the archive",)]
        assert file.execute("SELECT count(*) FROM device_DMM_01").fetchone()[0] > 0
