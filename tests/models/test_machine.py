import re

import keras

from earmark.models.machine import engine


def test_the_engine_is_named_with_its_versions_and_device():
    assert re.fullmatch(rf"keras {keras.__version__}, {keras.backend.backend()} [\d.]+\S*, (cpu|gpu|tpu)", engine())
