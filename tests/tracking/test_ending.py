import os
import signal

import pytest

from earmark.tracking.ending import Terminated, ending, terminable


@pytest.mark.parametrize(
    ("error", "status", "reason"),
    [
        (KeyboardInterrupt(), "KILLED", "KeyboardInterrupt"),
        (Terminated(), "KILLED", "SIGTERM"),
        (ValueError("no clips"), "FAILED", "ValueError: no clips"),
    ],
)
def test_an_ending_has_a_status_and_a_reason(error, status, reason):
    assert ending(error) == (status, reason)


def test_sigterm_is_an_exception_inside_only():
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(Terminated) as caught, terminable():
        os.kill(os.getpid(), signal.SIGTERM)
    assert caught.value.code == 128 + signal.SIGTERM
    assert signal.getsignal(signal.SIGTERM) == before
