"""Set before TensorFlow is imported: tests say nothing of its start."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
