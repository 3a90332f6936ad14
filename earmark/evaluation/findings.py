"""What a reader must know before trusting the figures, in plain sentences."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from earmark.evaluation.material import Material

FEW_SPEAKERS = 10
"""Test speakers below which a bootstrap over speakers is known to be too narrow (too few distinct resamples)."""

FEW_CLIPS = 10
"""Test clips of a class below which its recall moves by 10 points or more with one clip."""

MISCALIBRATED = 0.1
"""Expected calibration error from which confidences mislead: on average a tenth too high or too low."""

TELLING = 0.5
"""Share of the model's advantage over chance from which a confound probe is reported."""

PROBED = {
    "duration": "The duration",
    "level": "The level",
    "file": "The file (codec, sample rate, size)",
    "silence": "The sound of the quietest frames",
    "spectrum": "The mean spectrum",
}


TWIN = (
    "What new speakers would see, the same study with split.by: speaker tells; `earmark table twins` prints both "
    "figures of each published protocol side by side."
)
"""Said of figures that leak. The other figure itself cannot be here: it is no part of what decides this report."""

MADE = "a model may learn how the clips were made instead of the speech"
LEARNT = {"spectrum": "a model may learn the voice or the channel, without any order of sounds"}
"""What a telling probe means."""


@dataclass(frozen=True)
class Finding:
    """A sentence and how much it matters: ``good``, ``note`` or ``warn``."""

    level: Literal["good", "note", "warn"]
    text: str


def findings(
    metrics: dict[str, Any], material: Material, training: dict[str, Any], confounds: dict[str, Any]
) -> list[Finding]:
    """All findings about a result, warnings first, then notes, then what is well."""
    test, audit = metrics["test"], material.leaks
    advantage = max(test["balanced_accuracy"] - confounds["chance"], 0)
    parts = [
        *(about_leaks(audit), _twin(audit), about_confounds(confounds, TELLING * advantage), _training(training)),
        about_synthetic(audit),
        *(_gain(metrics), _test_set(test), about_losses(material.quarantine_reasons(), audit.get("filtered", {}))),
    ]
    return worst_first(finding for part in parts for finding in part)


def worst_first(found: Iterable[Finding]) -> list[Finding]:
    """Warnings, then notes, then what is well; otherwise the order stays."""
    order = ["warn", "note", "good"]
    return sorted(found, key=lambda finding: order.index(finding.level))


def about_leaks(leaks: Mapping[str, Any]) -> Iterator[Finding]:
    """What crosses the splits."""
    crossing = {kind: found["count"] for kind, found in leaks["crossing"].items() if found["count"]}
    names = {
        "speaker": "speaker(s)",
        "sentence": "sentence(s)",
        "audio": "file(s)",
        "recording": "source recording(s)",
        "near_duplicate": "group(s) of near-duplicate clips",
        "hold_out": "held-out value(s)",
    }
    listed = ", ".join(f"{count} {names.get(kind, kind)}" for kind, count in crossing.items())
    if leaks["verdict"] != "clean":
        verdict = f"The splits leak: {listed} in more than one of train, validation and test."
        yield Finding("warn", f"{verdict} Test figures flatter the model: part of the test material is known to it.")
    elif listed:
        yield Finding("note", f"{listed} in more than one split; split by {leaks['split_by']}, this is no leak.")
    else:
        unknown = leaks.get("unknown_speaker", 0)
        hidden = f" as far as is known: the speakers of {unknown} clips are not" if unknown else ""
        yield Finding("good", f"No speaker, sentence, recording or near-duplicate is in more than one split{hidden}.")
    if "hold_out" in leaks and not crossing.get("hold_out"):
        held_out = leaks["hold_out"]
        examples = ", ".join(held_out["examples"]) + ", …" * (held_out["count"] > len(held_out["examples"]))
        text = (
            f"The test clips' {held_out['count']} value(s) of {held_out['column']} are new to the model ({examples})."
        )
        yield Finding("good", text)


def about_synthetic(leaks: Mapping[str, Any]) -> Iterator[Finding]:
    """Synthetic speech among the training clips, and how much of it a rule of the split kept away."""
    spoken = leaks.get("synthetic")
    if spoken is None:
        return
    classes = ", ".join(f"{label} {count:,}" for label, count in spoken["counts"].items())
    added = f"{spoken['clips']:,} synthetic training clips by {spoken['speakers']:,} voices ({classes})"
    yield Finding("note", f"{added} are learnt from too; no table, probe or test figure counts them.")
    if spoken["left_out"]:
        rules = ", ".join(f"{rule} {count:,}" for rule, count in spoken["left_out"].items())
        yield Finding("note", f"Synthetic clips that would tell of the test set were left out: {rules}.")


def _twin(leaks: Mapping[str, Any]) -> Iterator[Finding]:
    """Where the figure is that new speakers would see, if this one is not it."""
    if leaks["verdict"] != "clean":
        yield Finding("note", TWIN)


def about_confounds(confounds: Mapping[str, Any], margin: float, noted: Collection[str] = ()) -> Iterator[Finding]:
    """Probes that get, beyond doubt, more than ``margin`` above chance without hearing speech.

    Those in ``noted`` are no warning: what they see may rightly go with the class.
    """
    chance = confounds["chance"]
    if not confounds["probes"]:
        yield Finding("note", "No confound probe: a class has too few groups to cross-validate over.")
        return
    telling = [name for name, s in confounds["probes"].items() if s["ci95"][0] - chance > margin]
    for name in telling:
        score = confounds["probes"][name]["balanced_accuracy"]
        told = f"{PROBED[name]} alone reaches {100 * score:.1f} % balanced accuracy (chance {100 * chance:.1f} %)"
        yield Finding("note" if name in noted else "warn", f"{told}: {LEARNT.get(name, MADE)}.")
    if not telling:
        yield Finding("good", "Neither duration, level, file format, silence nor mean spectrum tell the classes apart.")


def about_losses(quarantine: Iterable[tuple[str, int, str]], filtered: Mapping[str, int]) -> Iterator[Finding]:
    """Recordings in quarantine, as (reason, count, example), and clips that selection rules left out, by rule."""
    counts = [(reason, n) for reason, n, _ in quarantine]
    if counts:
        reasons = ", ".join(f"{n} {reason}" for reason, n in counts)
        yield Finding("note", f"{sum(n for _, n in counts)} recording(s) in quarantine, not used: {reasons}.")
    left_out = ", ".join(f"{rule} {n}" for rule, n in filtered.items() if n)
    if left_out:
        yield Finding("note", f"Selection rules left clips out: {left_out}.")


def _training(training: dict[str, Any]) -> Iterator[Finding]:
    for warning in training["warnings"]:
        yield Finding("warn", f"Training: {warning}")
    if training["stopped"] == "epochs" and training["best_epoch"] == training["epochs"] - 1:
        yield Finding("note", f"Training was still improving in the last of its {training['epochs']} epochs.")


def _gain(metrics: dict[str, Any]) -> Iterator[Finding]:
    """Whether the head is better than the simpler classifiers that need no training of a network."""
    test, baselines = metrics["test"], metrics["baselines"]
    if test["balanced_accuracy"] <= baselines["majority"]["balanced_accuracy"]:
        yield Finding("warn", "The model is no better than always answering the most frequent class.")
    gain = baselines["logistic_regression"]["gain"]
    points = f"{100 * gain['balanced_accuracy']:+.1f} points of balanced accuracy"
    low, high = gain.get("ci95", {}).get("balanced_accuracy", (None, None))
    if high is not None and high < 0:
        yield Finding("warn", f"Logistic regression on the same features is better ({points} for this model).")
    elif low is not None and low <= 0:
        yield Finding("note", f"Not distinguishable from logistic regression on the same features ({points}).")
    elif low is not None:
        yield Finding("good", f"Better than logistic regression on the same features ({points}).")


def _test_set(test: dict[str, Any]) -> Iterator[Finding]:
    if test["speakers"] == 0:
        unknown = "The speakers of the test clips are unknown: nobody can check that no voice crosses the splits"
        yield Finding("warn", f"{unknown}, and the intervals resample clips, which is too narrow where voices repeat.")
    elif test["speakers"] < FEW_SPEAKERS:
        yield Finding("warn", f"Only {test['speakers']} speakers in the test set: its intervals are too narrow.")
    small = [f"{row['label']} ({row['n']})" for row in test["per_class"] if row["n"] < FEW_CLIPS]
    if small:
        yield Finding("warn", f"Few test clips of {', '.join(small)}: their figures are uncertain.")
    if test["ece"] > MISCALIBRATED:
        yield Finding("note", f"Confidences are off by {100 * test['ece']:.0f} points on average; see the calibration.")
