"""Declares the one compiled module; all else is in pyproject.toml.

``MEDIA_SANITIZE=address,undefined`` builds it with those sanitizers.
"""

import os

from setuptools import Extension, setup

SOURCES = (
    "core.c orders.c wheel.c port.c receive.c send.c latch.c packet.c addresses.c "
    "digits.c tones.c g711.c rtcp.c record.c news.c"
).split()
FLAGS = ["-O2", "-std=gnu11", "-pthread", "-Wall", "-Wextra", "-Wno-missing-field-initializers"]

sanitize = os.environ.get("MEDIA_SANITIZE")
if sanitize:
    FLAGS += [f"-fsanitize={sanitize}", "-fno-omit-frame-pointer", "-g"]

setup(
    ext_modules=[
        Extension(
            "media.engine.core",
            sources=[f"media/engine/{source}" for source in SOURCES],
            depends=["media/engine/engine.h", "media/engine/orders.h"],
            define_macros=[("_GNU_SOURCE", None)],
            extra_compile_args=FLAGS,
            extra_link_args=["-pthread", *([f"-fsanitize={sanitize}"] if sanitize else [])],
        )
    ]
)
