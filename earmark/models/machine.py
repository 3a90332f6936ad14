"""What computes: the library, its backend and the device, as a run tells it."""

from __future__ import annotations

import sys


def engine() -> str:
    """``keras 3.15.0, tensorflow 2.21.0, cpu``; the device is that which the backend prefers."""
    import keras

    backend = keras.backend.backend()
    devices = keras.distribution.list_devices()
    device = next((name for name in devices if not name.startswith("cpu")), "cpu").partition(":")[0]
    return f"keras {keras.__version__}, {backend} {sys.modules[backend].__version__}, {device}"
