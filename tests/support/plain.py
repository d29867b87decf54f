"""Which form of the compiled modules the tests see: EVENTCLUSTER_PLAIN=1 hides the extension modules."""

import os
import sys
from importlib.machinery import EXTENSION_SUFFIXES, SOURCE_SUFFIXES, FileFinder, SourceFileLoader
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "processor"


def pytest_configure() -> None:
    """Refuses extension modules older than their sources: they would be tested in their place."""
    if os.environ.get("EVENTCLUSTER_PLAIN") == "1":
        return
    for module in PACKAGE.rglob(f"*{EXTENSION_SUFFIXES[0]}"):
        source = module.with_name(module.name.removesuffix(EXTENSION_SUFFIXES[0]))
        newer = [
            path
            for suffix in (".py", ".pxd")
            if (path := source.with_suffix(suffix)).exists() and path.stat().st_mtime > module.stat().st_mtime
        ]
        if newer or not source.with_suffix(".py").exists():
            pytest.exit(f"{module} is older than its source: run `make setup`, or remove it", returncode=3)


def _plain_only(folder: str) -> FileFinder:
    """A finder of Python sources alone, for the package's own folders."""
    if not Path(folder).resolve().is_relative_to(PACKAGE):
        raise ImportError(folder)
    return FileFinder(folder, (SourceFileLoader, SOURCE_SUFFIXES))


if os.environ.get("EVENTCLUSTER_PLAIN") == "1":
    sys.path_hooks.insert(0, _plain_only)
    for folder in [folder for folder in sys.path_importer_cache if Path(folder).is_relative_to(PACKAGE)]:
        del sys.path_importer_cache[folder]
