from typing import get_args

from earmark.config import DataParams
from earmark.corpus.adapters import ADAPTERS


def test_every_adapter_of_the_params_is_there():
    assert set(ADAPTERS) == set(get_args(DataParams.model_fields["adapter"].annotation))
