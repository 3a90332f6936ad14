import threading

import pytest

from earmark.errors import EarmarkError
from earmark.stage_times import stage_times
from earmark.sweeps.runner import Runner


def test_what_is_missing_is_made_by_the_commands(study, tones, monkeypatch, tmp_path):
    monkeypatch.setenv("EARMARK_STORE", str(tmp_path / "store"))
    plan, runner = study(), Runner(2)
    runner.prepare(plan)
    assert plan.is_prepared
    runner._images(plan)
    mels = [plan.mel_path(shard) for shard in plan.shards]
    stamps = [path.stat().st_mtime_ns for path in mels]
    runner._images(plan)
    assert [path.stat().st_mtime_ns for path in mels] == stamps
    assert list((tmp_path / "store" / "logs" / "mel").glob("*.log"))
    assert stage_times(plan).keys() == {"prepare", "mel"}, "as after a workflow"


def test_a_failed_command_is_told_in_its_own_words(study, tmp_path, monkeypatch):
    monkeypatch.setenv("EARMARK_STORE", str(tmp_path / "store"))
    plan = study(data__label="nothing")
    with pytest.raises(EarmarkError, match=r"^prepare: .*nothing") as caught:
        Runner().prepare(plan)
    assert "(exit 1; whole output: " in str(caught.value) and str(caught.value).endswith(".log)")


def test_stopping_ends_what_runs_and_refuses_what_is_to_come(study, tmp_path, monkeypatch):
    monkeypatch.setenv("EARMARK_STORE", str(tmp_path / "store"))
    plan, runner, errors = study(), Runner(), []

    def prepare():
        try:
            runner.prepare(plan)
        except EarmarkError as error:
            errors.append(str(error))

    thread = threading.Thread(target=prepare)
    thread.start()
    while thread.is_alive() and not runner._running:
        thread.join(0.01)
    runner.stop()
    thread.join()
    assert "exit -15" in errors[0] and not plan.is_prepared
    with pytest.raises(EarmarkError, match="stopped before it began"):
        runner.prepare(plan)
