"""Set before TensorFlow is imported: tests say nothing of its start."""

import os
import shutil

import pytest
from hypothesis import settings

settings.register_profile("no deadline", deadline=None)  # no test asserts a time
settings.load_profile("no deadline")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


@pytest.fixture
def need():
    """Find a program, or skip the test, which says what is missing."""

    def find(*names):
        found = next(filter(None, map(shutil.which, names)), None)
        return found or pytest.skip(f"none of {', '.join(names)} is installed")

    return find
