"""What computes: the library, its backend and the device, as a run tells it."""

from __future__ import annotations

import sys
from typing import Any


def engine() -> str:
    """``keras 3.15.0, tensorflow 2.21.0, cpu``; the device is that which the backend prefers."""
    import keras

    backend = keras.backend.backend()
    library = sys.modules[backend]
    return f"keras {keras.__version__}, {backend} {library.__version__}, {_device(backend, library)}"


def _device(backend: str, library: Any) -> str:
    if backend == "torch":  # of whose devices Keras knows nothing
        return "gpu" if library.cuda.is_available() else "cpu"
    from keras.distribution import list_devices

    return next((name for name in list_devices() if not name.startswith("cpu")), "cpu").partition(":")[0]
