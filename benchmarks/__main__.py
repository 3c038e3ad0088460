"""Runs the benchmarks, each in a process of its own: ``python -m benchmarks [name …] [--quick]``.

Exit code 1 when one failed or missed its goal. One name alone takes the options of that benchmark:
``python -m benchmarks peers --help``.
"""

import argparse
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


def names() -> list[str]:
    return sorted(path.stem.removeprefix("bench_") for path in HERE.glob("bench_*.py"))


def run(name: str, options: list[str]) -> int:
    command = [sys.executable, "-m", f"benchmarks.bench_{name}", *options]
    return subprocess.run(command, cwd=HERE.parent, check=False).returncode


def main() -> int:
    name, *rest = sys.argv[1:] or [""]
    if name in names() and rest and not set(rest) & set(names()):
        return run(name, rest)
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="name", help=f"of: {', '.join(names())}")
    parser.add_argument("--quick", action="store_true", help="fewer and shorter repetitions")
    options = parser.parse_args()
    chosen = [name.removeprefix("bench_") for name in options.names] or names()
    if unknown := set(chosen) - set(names()):
        parser.error(f"no benchmark {', '.join(sorted(unknown))}; there are {', '.join(names())}")
    failed = []
    for name in chosen:
        print(f"== {name}", flush=True)
        if run(name, ["--quick"] if options.quick else []):
            failed.append(name)
    print("all reached" if not failed else f"failed or missed: {', '.join(failed)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
