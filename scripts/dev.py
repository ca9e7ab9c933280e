"""What `./dev` does: set up the environment, then run, test, check, fix, generate or measure.

Standard library only: this file runs before anything is installed.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import webapp

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
BIN = VENV / "bin"
LOCKS = ROOT / "requirements"
PYTHON_PATHS = ("tradsy", "tests", "scripts")


def run(*command: str | Path, **env: str) -> None:
    """Run one command in the project root and stop with its exit code if it fails."""
    done = subprocess.run([str(part) for part in command], cwd=ROOT, env={**os.environ, **env}, check=False)
    if done.returncode:
        raise SystemExit(done.returncode)


def ensure_installed(lock: str) -> None:
    """Install the hashed lock `lock` and the project itself, unless that very lock is installed already."""
    stamp = VENV / "installed"
    wanted = f"{lock} {hashlib.sha256((LOCKS / f'{lock}.txt').read_bytes()).hexdigest()}"
    have = stamp.read_text() if stamp.exists() else ""
    # What tests need contains what the product needs: a development environment also runs the product.
    if wanted in have or (lock != "dev" and have.startswith("dev ") and _lock_line("dev") in have):
        return
    print(f"Installing what Tradsy needs ({lock}) ...", flush=True)
    if not BIN.exists():
        venv.create(VENV, with_pip=True)
        run(BIN / "python", "-m", "pip", "install", "-q", "--require-hashes", "-r", LOCKS / "bootstrap.txt")
    run(
        BIN / "uv",
        "pip",
        "install",
        "-q",
        "--compile-bytecode",
        "--require-hashes",
        "-r",
        LOCKS / f"{lock}.txt",
        VIRTUAL_ENV=str(VENV),
    )
    (_site_packages() / "tradsy_source.pth").write_text(f"{ROOT}\n")
    _write_launcher()
    stamp.write_text(_lock_line(lock))


def _lock_line(lock: str) -> str:
    return f"{lock} {hashlib.sha256((LOCKS / f'{lock}.txt').read_bytes()).hexdigest()}"


def _site_packages() -> Path:
    return next((VENV / "lib").glob("python3.*")) / "site-packages"


def _write_launcher() -> None:
    """Write `.venv/bin/tradsy`: the same entry point that an installed wheel has."""
    launcher = BIN / "tradsy"
    launcher.write_text(
        f"#!{BIN / 'python'}\nimport sys\nfrom tradsy.entrypoints.cli.app import main\nsys.exit(main())\n"
    )
    launcher.chmod(0o755)


def up(arguments: list[str]) -> None:
    """Install, build the web app, then start the product on its embedded engines."""
    ensure_installed("build")
    webapp.ensure_built(_site_packages())
    os.execv(BIN / "tradsy", ["tradsy", "up", *arguments])


def check(_: list[str]) -> None:
    """Run every static check: style, types, layers, of both languages, and that the client fits the server."""
    ensure_installed("dev")
    check_web()
    run(BIN / "ruff", "check", *PYTHON_PATHS)
    run(BIN / "ruff", "format", "--check", *PYTHON_PATHS)
    run(BIN / "lint-imports", "--no-cache")
    run(BIN / "pyright", "--warnings")


def check_web() -> None:
    """Check the web app: types, style, and that its client is the one that would be generated now."""
    api = webapp.WEB / "src" / "api"
    before = {path: path.read_bytes() for path in sorted(api.glob("*.*"))}
    gen_client()
    stale = [path.name for path, content in before.items() if not path.exists() or path.read_bytes() != content]
    if stale:
        raise SystemExit(f"web/src/api was stale ({', '.join(stale)}): it is generated anew now, commit it.")
    for script in ("types", "lint"):
        webapp.npm(_site_packages(), "run", "--silent", script)


def test(arguments: list[str]) -> None:
    """Run the static checks and every test; arguments go to pytest and skip the static checks."""
    ensure_installed("dev")
    if not arguments:
        check([])
        ensure_browser()
        webapp.ensure_built(_site_packages())
        webapp.npm(_site_packages(), "run", "--silent", "test")
        arguments = ["-q", "-n", "2", "--dist", "loadfile"]
    run(BIN / "python", "-m", "pytest", *arguments)


def ensure_browser() -> None:
    """Install the browser that the journeys drive, where there is none."""
    if shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome"):
        return
    if not shutil.which("apt-get") or os.geteuid() != 0:
        raise SystemExit("The tests drive Chromium: install it (apt-get install chromium), then run them again.")
    print("Installing Chromium ...", flush=True)
    run("apt-get", "update", "-qq")
    run("apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium")


def fix(_: list[str]) -> None:
    """Format and repair what can be repaired automatically."""
    ensure_installed("dev")
    run(BIN / "ruff", "check", "--fix", *PYTHON_PATHS)
    run(BIN / "ruff", "format", *PYTHON_PATHS)


def gen(_: list[str]) -> None:
    """Compile the requirement locks anew."""
    ensure_installed("dev")
    for lock in ("bootstrap", "runtime", "build", "dev"):
        run(
            BIN / "uv", "pip", "compile", LOCKS / f"{lock}.in", "-q", "-c", LOCKS / "constraints.txt",
            "--generate-hashes", "--universal", "--python-version", "3.11", "--no-header",
            "--no-annotate", "--no-emit-index-url", "--no-emit-find-links", "-o", LOCKS / f"{lock}.txt",
        )  # fmt: skip
    gen_client()


def gen_client() -> None:
    """Write what the web app knows of the server: its OpenAPI document, and the types made from it."""
    webapp.ensure_modules(_site_packages())
    run(BIN / "python", ROOT / "scripts" / "describe.py", webapp.WEB / "src" / "api")
    webapp.npm(_site_packages(), "run", "--silent", "gen")


def bench(arguments: list[str]) -> None:
    """Measure: arguments go to `tradsy bench`."""
    ensure_installed("runtime")
    os.execv(BIN / "tradsy", ["tradsy", "bench", *arguments])


COMMANDS = {"up": up, "test": test, "check": check, "fix": fix, "gen": gen, "bench": bench}


def main() -> None:
    """Dispatch the first argument to its command."""
    if len(sys.argv) < 2 or sys.argv[1] not in COMMANDS:
        print("usage: ./dev " + " | ".join(COMMANDS))
        for name, command in COMMANDS.items():
            print(f"  {name:6} {(command.__doc__ or '').splitlines()[0]}")
        raise SystemExit(2)
    # Each process would compile every module anew: seconds of CPU, many times in a run of the tests.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    COMMANDS[sys.argv[1]](sys.argv[2:])


if __name__ == "__main__":
    main()
