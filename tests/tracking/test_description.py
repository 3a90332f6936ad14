from urllib.parse import unquote

from earmark.config import parse
from earmark.tracking.description import command, curves, described, model, result

METRICS = {
    "test": {"n": 160, "balanced_accuracy": 0.9625, "ci95": {"balanced_accuracy": [0.9, 1.0]}},
    "baselines": {name: {"balanced_accuracy": 0.25} for name in ("logistic_regression", "majority")},
    "leaks": "clean",
    "quarantined": 3,
}


def test_the_result_comes_with_its_interval_and_its_baselines():
    said = result(METRICS)
    assert said.startswith("**96.2% balanced accuracy** on 160 test clips (95 % interval 90.0% to 100.0%)")
    assert "most frequent class 25.0%" in said and "Quarantined recordings: 3" in said
    assert "synthetic" not in said and "7 synthetic" in result(METRICS | {"synthetic": 7})


def test_the_model_is_said_in_words():
    training = {"epochs": 9, "best_epoch": 7, "parameters": {"trainable": 115524}}
    said = model(parse({"train": {"mode": "tune"}}), training)
    assert "`earmark_base` (tuned), 115,524 parameters learn" in said and "number 7 was kept" in said


def test_the_command_is_the_shortest_that_gives_the_run_again():
    committed, tags = parse({}), {"earmark.commit": "abcdef" * 7, "earmark.dirty": "false"}
    assert "git checkout abcdefabcdef\nsnakemake --cores all\n" in command(committed, committed, None, tags)
    other = parse({"train": {"epochs": 7}})
    assert "earmark use mine\nsnakemake" in command(other, committed, "mine", tags)
    told = command(other, None, None, {**tags, "earmark.dirty": "true"})
    assert "--configfile run.yaml" in told and "changes that were not committed" in told
    assert "git" not in command(other, None, None, {})


def test_training_and_validation_are_linked_in_one_chart():
    said = unquote(curves("7", "abc"))
    assert 'runs=["abc"]' in said and 'experiments=["7"]' in said
    assert 'plot_metric_keys=["epoch/loss","epoch/val_loss"]' in said
    assert " " not in curves("7", "abc").partition("(")[2].partition(")")[0]


def test_paragraphs_that_are_not_there_leave_no_gap():
    assert described(["a", None, "", "b"]) == "a\n\nb"
