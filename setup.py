"""Compiles the hot modules; everything else about the package is in pyproject.toml.

The modules are plain Python and stay the reference; a `.pxd` file beside one gives Cython the C types.
Without a compiler the same modules run as they are, several times slower.
"""

import os
import sys
from pathlib import Path

from Cython.Build import cythonize
from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext
from setuptools.errors import CCompilerError, ExecError, PlatformError

COMPILED = (
    "processor.clustering.cores",
    "processor.clustering.dbscan",
    "processor.clustering.engine",
    "processor.clustering.families",
    "processor.clustering.homes",
    "processor.clustering.labels",
    "processor.clustering.learner",
    "processor.clustering.limit",
    "processor.clustering.nearby",
    "processor.clustering.neighbours",
    "processor.clustering.parts",
    "processor.clustering.rows",
    "processor.clustering.scans",
    "processor.clustering.slots",
    "processor.clustering.space",
    "processor.clustering.stateful",
    "processor.clustering.tables",
    "processor.clustering.transfer",
    "processor.clustering.window",
    "processor.clustering.withdrawal",
    "processor.detection.detector",
    "processor.detection.warmup",
    "processor.detection.window",
    "processor.events.readings",
    "processor.events.scan",
    "processor.events.skim",
    "processor.features.histogram",
    "processor.pipeline",
    "processor.records.needles",
)

# Nothing is fused or reassociated: a sum of squares rounds as Python's does.
FLAGS = ["-O2", "-g0", "-ffp-contract=off", "-fno-fast-math"]

extensions = [
    Extension(name, [name.replace(".", "/") + ".py"], extra_compile_args=FLAGS) for name in COMPILED
]


class AllOrNone(build_ext):
    """Compiled modules know each other's layout in memory: where one cannot be compiled all stay Python."""

    def finalize_options(self) -> None:
        """Compile as many at a time as there are processors."""
        super().finalize_options()
        self.parallel = self.parallel or os.cpu_count()

    def build_extensions(self) -> None:
        """Compile; without a compiler that works say so, and leave no module compiled."""
        try:
            super().build_extensions()
        except (CCompilerError, ExecError, PlatformError) as error:
            sys.stderr.write(f"the hot modules run as plain Python, several times slower: {error}\n")
            for extension in self.extensions:
                Path(self.get_ext_fullpath(extension.name)).unlink(missing_ok=True)
            self.extensions = []


setup(
    cmdclass={"build_ext": AllOrNone},
    ext_modules=cythonize(
        [] if os.environ.get("EVENTCLUSTER_PLAIN") == "1" else extensions,
        build_dir="build/cython",
        nthreads=os.cpu_count() or 1,
        language_level=3,
        # Types come from the .pxd files alone: Python's annotations promise less than C's.
        compiler_directives={"annotation_typing": False},
    ),
)
