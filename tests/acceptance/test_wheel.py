"""The wheel in an empty environment, used from another folder than the source."""

import re
import shutil
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, with the built UI inside."""
    if not (ROOT / "ui" / "dist" / "index.html").is_file():
        pytest.fail("ui/dist is missing: ./ionpy test builds it")
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return next(folder.glob("*.whl"))


def test_the_wheel_holds_what_is_shipped_and_no_tests(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    for wanted in (
        "ionpy_auto/_shipped/ui/dist/index.html",
        "ionpy_auto/_shipped/drivers/riden_rd60xx/driver.py",
        "ionpy_auto/_shipped/projects/akku-charakterisierung/project.json",
        "ionpy_auto/_shipped/cells/inr18650-25r.yaml",
        "ionpy_auto/cli/templates/driver_scpi/driver.py.tmpl",
        "ionpy_auto/storage/migrations/project/versions/v0001.py",
    ):
        assert any(name.startswith(wanted.removesuffix("v0001.py")) for name in names), wanted
    assert not [name for name in names if name.startswith(("tests/", "benchmarks/", "scripts/"))]
    assert not [name for name in names if "__pycache__" in name or name.endswith(".db")]


def empty_environment(folder: Path, wheel: Path) -> Path:
    """A new environment with the locked dependencies and the wheel; returns its ``ionpy-auto``."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    bin_folder = folder / ("Scripts" if sys.platform == "win32" else "bin")
    python = bin_folder / "python"
    lock = ROOT / "requirements" / "run.lock"
    uv = shutil.which("uv")
    installer = (
        [uv, "pip", "install", "--quiet", "--python", str(python)]
        if uv
        else [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet"]
    )
    subprocess.run([*installer, "--require-hashes", "-r", str(lock)], check=True)
    subprocess.run([*installer, "--no-deps", str(wheel)], check=True)
    return bin_folder / "ionpy-auto"


def guard_gets_ready(client: httpx.Client) -> None:
    """The guard process starts from the wheel as soon as there is a real device."""
    made = client.post("/api/projects", json={"name": "Real"}).json()
    client.post(f"/api/projects/{made['id']}/open").raise_for_status()
    transport = {"type": "tcp", "host": "127.0.0.1", "port": 9}
    absent = {"id": "PSU_01", "driver": "rd6006", "transport": transport}
    client.post("/api/devices", json=absent).raise_for_status()
    deadline = time.monotonic() + 30
    while not (guard := client.get("/api/system/status").json()["guard"])["ready"]:
        assert time.monotonic() < deadline, guard
        time.sleep(0.1)


def test_the_demo_runs_from_the_wheel_in_another_folder(wheel: Path, tmp_path: Path) -> None:
    command = empty_environment(tmp_path / "env", wheel)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    process = subprocess.Popen(
        [str(command), "demo", "--no-browser", "--port", "0", "--home", str(tmp_path / "home")],
        cwd=elsewhere,
        env={"PATH": "/usr/bin:/bin", "SYSTEMROOT": "C:\\Windows"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        assert process.stdout is not None
        seen = []
        url = ""
        for line in process.stdout:
            seen.append(line)
            if found := re.search(r"(http://127\.0\.0\.1:\d+)/", line):
                url = found[1]
                break
        assert url, "".join(seen)
        with httpx.Client(base_url=url, timeout=20, trust_env=False) as client:
            value = client.get("/api/devices/DMM_01/entities/cell_v").json()
            assert (value["quality"], value["unit"]) == ("good", "V")
            page = client.get("/", headers={"accept": "text/html"})
            assert "<script" in page.text
            asset = re.search(r'src="(/assets/[^"]+)"', page.text)
            assert asset is not None
            assert client.get(asset[1]).status_code == 200
            assert client.get("/api/flows").json()["total"] >= 3
            guard_gets_ready(client)
    finally:
        process.terminate()
        assert process.wait(20) == 0
        process.communicate()
    assert list(elsewhere.iterdir()) == []
