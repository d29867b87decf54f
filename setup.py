"""Compiles the hot modules; everything else about the package is in pyproject.toml.

The modules are plain Python and stay the reference; a `.pxd` file beside one gives Cython the C types.
Without a compiler the same modules run as they are, several times slower.
"""

import os

from Cython.Build import cythonize
from setuptools import Extension, setup

COMPILED = (
    "processor.clustering.dbscan",
    "processor.clustering.engine",
    "processor.clustering.homes",
    "processor.clustering.labels",
    "processor.clustering.limit",
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
    "processor.detection.detector",
    "processor.detection.warmup",
    "processor.detection.window",
    "processor.events.readings",
    "processor.events.scan",
    "processor.events.skim",
    "processor.pipeline",
    "processor.records.needles",
)

# Nothing is fused or reassociated: a sum of squares rounds as Python's does.
FLAGS = ["-O2", "-g0", "-ffp-contract=off", "-fno-fast-math"]

extensions = [
    Extension(name, [name.replace(".", "/") + ".py"], extra_compile_args=FLAGS, optional=True)
    for name in COMPILED
]

setup(
    ext_modules=cythonize(
        extensions,
        build_dir="build/cython",
        nthreads=os.cpu_count() or 1,
        language_level=3,
        # Types come from the .pxd files alone: Python's annotations promise less than C's.
        compiler_directives={"annotation_typing": False},
    )
)
