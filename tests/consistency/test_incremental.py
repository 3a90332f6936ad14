"""Never stale, never wasteful: a changed recording costs that recording, and a killed run loses nothing."""

import csv
import os
import signal
import time

import pyarrow.parquet as pq
import pytest
import soundfile

pytestmark = [pytest.mark.workflow, pytest.mark.xdist_group("study")]

CLIPS = "data/raw/clips"


def write_shortened(project, source: str, name: str) -> None:
    """Other audio under the name of a clip: the source without its last tenth, as a new file."""
    samples, rate = soundfile.read(project.root / CLIPS / source)
    (project.root / CLIPS / name).unlink(missing_ok=True)
    soundfile.write(project.root / CLIPS / name, samples[: -len(samples) // 10], rate, subtype="PCM_16")


def table(project) -> list[dict[str, str]]:
    with (project.root / CLIPS / "clips.csv").open() as stream:
        return list(csv.DictReader(stream))


def write_table(project, rows) -> None:
    path = project.root / CLIPS / "clips.csv"
    path.unlink()
    with path.open("w") as stream:
        writer = csv.DictWriter(stream, ["path", "label", "speaker", "sentence"], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def test_a_touched_clip_changes_nothing(project):
    for path in (project.root / CLIPS).glob("*.wav"):
        os.utime(path)
    with project.making():
        project.run("snakemake")


def test_a_changed_clip_makes_one_shard_and_computes_one_clip(project, from_scratch):
    name = first_training_clip(project)
    write_shortened(project, name, name)
    with project.making(prepare=1, mel=1, embed=1, confounds=1, train=1, evaluate=1):
        project.run("dvc", "repro")
    from_scratch(project)
    newest = max((project.root / ".store/logs/mel").iterdir(), key=lambda p: p.stat().st_mtime_ns)
    assert " 1 computed" in newest.read_text()


def first_training_clip(project) -> str:
    manifest = pq.read_table(project.root / "data/manifest/manifest.parquet").to_pylist()
    return next(row["path"] for row in manifest if row["split"] == "train")


def test_an_added_clip_makes_one_shard(project, from_scratch):
    rows = table(project)
    name = first_training_clip(project)
    row = next(r for r in rows if r["path"] == name)
    write_shortened(project, name, "added.wav")
    write_table(project, [*rows, {**row, "path": "added.wav", "sentence": "added"}])
    with project.making(prepare=1, mel=1, embed=1):
        project.run("snakemake", "embed")
    from_scratch(project, "embed")


def test_a_removed_clip_makes_its_shard_and_computes_no_clip(project, from_scratch):
    name = first_training_clip(project)
    write_table(project, [row for row in table(project) if row["path"] != name])
    (project.root / CLIPS / name).unlink()
    with project.making(prepare=1, mel=1, embed=1):
        project.run("dvc", "repro", "embed")
    from_scratch(project, "embed")
    newest = max((project.root / ".store/logs/mel").iterdir(), key=lambda p: p.stat().st_mtime_ns)
    assert " 0 computed" in newest.read_text()


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGKILL])
def test_a_killed_run_is_resumed_without_losing_finished_work(project, from_scratch, sign):
    project.set(features__trim_db={signal.SIGINT: 21, signal.SIGKILL: 23}[sign])
    before = set(project.products())
    process = project.start("snakemake", "--cores", "1", "mel")
    wait_for_new_products(project, before, "mel/", 2)
    os.killpg(process.pid, sign)
    process.communicate()
    done = {n: s for n, s in project.products().items() if n.startswith("mel/") and n not in before}
    project.run("snakemake", "mel")
    assert len(done) > 1
    assert done.items() <= project.products().items(), "finished shards are kept, not made again"
    from_scratch(project, "mel")
    with project.making():
        project.run("snakemake", "mel")


def wait_for_new_products(project, before, prefix: str, count: int, seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if sum(name.startswith(prefix) for name in set(project.products()) - before) >= count:
            return
        time.sleep(0.05)
    raise AssertionError(f"fewer than {count} new {prefix} in {seconds} s")


def test_a_run_waits_for_another_that_uses_the_store(project, from_scratch):
    project.set(features__trim_db=25)
    first, second = project.start("snakemake", "mel"), project.start("snakemake", "mel")
    for process in (first, second):
        output, _ = process.communicate()
        assert process.returncode == 0, output
    from_scratch(project, "mel")
