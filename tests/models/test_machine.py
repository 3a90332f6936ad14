import re
from types import SimpleNamespace

import keras

from earmark.models.machine import _device, engine


def test_the_engine_is_named_with_its_versions_and_device():
    assert re.fullmatch(rf"keras {keras.__version__}, {keras.backend.backend()} [\d.]+\S*, (cpu|gpu|tpu)", engine())


def test_torch_is_asked_itself():
    """Keras has no list of its devices; torch need not be installed to know what it would be asked."""
    for has_gpu, device in ((True, "gpu"), (False, "cpu")):
        assert _device("torch", SimpleNamespace(cuda=SimpleNamespace(is_available=lambda: has_gpu))) == device  # noqa: B023
