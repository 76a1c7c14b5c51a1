"""Declares the one compiled module; all else is in pyproject.toml.

``MEDIA_SANITIZE=address,undefined`` builds it with those sanitizers.
"""

import os
from pathlib import Path

from setuptools import Extension, setup

SOURCES = sorted(str(path) for path in Path("media/engine").glob("*.c"))
FLAGS = [
    "-O2",
    "-std=gnu11",
    "-pthread",
    "-Wall",
    "-Wextra",
    "-Wno-missing-field-initializers",
]

sanitize = os.environ.get("MEDIA_SANITIZE")
if sanitize:
    FLAGS += [f"-fsanitize={sanitize}", "-fno-omit-frame-pointer", "-g"]

setup(
    ext_modules=[
        Extension(
            "media.engine.core",
            sources=SOURCES,
            depends=[str(path) for path in Path("media/engine").glob("*.h")],
            define_macros=[("_GNU_SOURCE", None)],
            extra_compile_args=FLAGS,
            extra_link_args=["-pthread", *([f"-fsanitize={sanitize}"] if sanitize else [])],
        )
    ]
)
