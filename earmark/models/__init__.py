"""Numbers to model: backbones, extraction of bottleneck features, heads and their training."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # TensorFlow's notes on missing GPUs are not for users
