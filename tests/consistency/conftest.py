"""A small but whole earmark project in a folder of its own, driven by the real commands, and an oracle for it.

The project speaks two languages through espeak-ng (six voices, two clips each, eight shards or so). ``made`` counts
which products of the store a command made; the oracle computes every product in this process, with a store of its own
and neither Snakemake nor DVC, and compares it with what the project shows.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import soundfile
from ruamel.yaml import YAML

from earmark.audio.espeak import Voice, speak_apart
from earmark.digest import file_digest

CODE = ["Snakefile", "dvc.yaml", "params.yaml", "workflow", "profiles", "envs", ".gitignore", ".dvcignore"]
STEPS = ("prepare", "mel", "backbone", "embed", "train", "evaluate")
TEXTS = {"en-us": ["seven green boats", "a quiet morning"], "de": ["sieben rote Boote", "ein ruhiger Morgen"]}
PARAMS = {
    "task": "consistency",
    "data.adapter": "table",
    "data.root": "data/raw/clips",
    "data.table": "clips.csv",
    "data.label": "label",
    "features.shard_size": 4,
    "train.epochs": 6,
    "train.learning_rate": 0.01,
    "train.batch_size": 8,
    "evaluate.bootstrap": 20,
}


def speak_corpus(folder: Path) -> None:
    """Two languages by six speakers by two sentences, as WAV files with a table."""
    speakers = [(lang, i) for lang in TEXTS for i in range(6)]
    batches = [[(Voice(lang, f"m{i + 1}", pitch=30 + 8 * i), text) for text in TEXTS[lang]] for lang, i in speakers]
    folder.mkdir(parents=True)
    lines = ["path,label,speaker,sentence"]
    for (lang, i), clips in zip(speakers, speak_apart(batches), strict=True):
        for take, samples in enumerate(clips):
            soundfile.write(folder / f"{lang}-{i}-{take}.wav", samples, 22050, subtype="PCM_16")
            lines.append(f"{lang}-{i}-{take}.wav,{lang},{lang}-{i},{TEXTS[lang][take]} {i}")
    (folder / "clips.csv").write_text("\n".join(lines) + "\n")


@dataclass
class Project:
    """A checkout with its commands."""

    root: Path

    def environment(self) -> dict[str, str]:
        """The environment of a person who activated the virtual environment."""
        bin_folder = str(Path(sys.executable).parent)
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("EARMARK_", "DVC_"))}
        return {**kept, "PATH": f"{bin_folder}:{os.environ['PATH']}", "OMP_NUM_THREADS": "2"}

    def start(self, *command: str) -> subprocess.Popen[str]:
        """Start a command in the project, in a process group of its own."""
        return subprocess.Popen(
            command, cwd=self.root, env=self.environment(), text=True, start_new_session=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip

    def run(self, *command: str, fails: bool = False) -> str:
        """Run a command in the project and return what it printed; it must succeed, or fail if ``fails``."""
        process = self.start(*command)
        output, _ = process.communicate()
        assert (process.returncode != 0) == fails, f"{' '.join(command)}: exit {process.returncode}\n{output}"
        return output

    def set(self, **values: Any) -> None:
        """Edit params.yaml as a person would: ``section__key=value``."""
        yaml, path = YAML(), self.root / "params.yaml"
        params = yaml.load(path)
        for name, value in values.items():
            *sections, key = name.split("__")
            target = params
            for section in sections:
                target = target[section]
            target[key] = value
        yaml.dump(params, path)

    def products(self) -> dict[str, tuple[int, int]]:
        """Every product in the store, with what changes when it is made again."""
        found = {}
        for step in STEPS:
            for path in (self.root / ".store" / step).glob("*"):
                marker = path / "provenance.json" if path.is_dir() else path
                if path.suffix in ("", ".parquet", ".onnx") and marker.is_file() and path.name != "latest":
                    stat = marker.stat()
                    found[f"{step}/{path.name}"] = (stat.st_ino, stat.st_mtime_ns)
        return found

    @contextmanager
    def making(self, **expected: int) -> Iterator[None]:
        """What runs inside makes exactly the ``expected`` number of products per step, and none else."""
        before = self.products()
        yield
        made = Counter(n.split("/")[0] for n, stat in self.products().items() if before.get(n) != stat)
        assert made == Counter(expected), f"made {dict(made)}, expected {expected}"

    def shown(self) -> dict[str, str]:
        """Digests of everything published: what a person or DVC sees."""
        folders = ("data/manifest", "data/mel", "data/features", "results")
        files = (p for f in folders for p in (self.root / f).rglob("*") if p.is_file())
        return {p.relative_to(self.root).as_posix(): file_digest(p) for p in sorted(files)}


def compute_everything(project: Project, store: Path) -> dict[str, str]:
    """The oracle: every product from scratch, step by step, in this process; returns digests by published name."""
    from earmark import plan as planning
    from earmark.corpus.prepare import prepare
    from earmark.evaluation.evaluate import evaluate
    from earmark.models.embed import EmbedJob, embed
    from earmark.models.engine import export
    from earmark.models.train import train
    from earmark.shards.write import write_mel_shard

    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(project.root)
        patch.setenv("EARMARK_STORE", str(store))
        plan = planning.Plan.of(YAML(typ="safe").load(Path("params.yaml")))
        params, shards = plan.params, None
        prepare(params, plan.prepared, plan.provenance("prepare"), plan.store, 1)
        shards = plan.shards
        for shard in shards:
            root, provenance = Path(params.data.root), plan.provenance("mel", shard)
            write_mel_shard(shard.clips, params.features, root, provenance, plan.mel_path(shard))
        export(params.backbone, plan.backbone)
        jobs = [EmbedJob(plan.mel_path(s), plan.feature_path(s), plan.provenance("embed", s), []) for s in shards]
        embed(jobs, params.backbone, params.features, plan.backbone, 2)
        features = [plan.feature_path(shard) for shard in shards]
        train(params, plan.manifest, features, plan.backbone, plan.model, plan.provenance("train"), [])
        mels = [plan.mel_path(shard) for shard in shards]
        evaluate(params, plan.prepared, mels, plan.model, plan.evaluation, plan.provenance("evaluate"))
        published = {
            (folder / name).as_posix(): file_digest(path)
            for stage in planning.STAGES
            for folder, files in plan.published(stage).items()
            for name, path in files.items()
        }
    return published


VOLATILE = {"results/model/timing.json", "results/model/provenance.json"}
"""Wall-clock seconds, and the digest of the file that holds them."""


@pytest.fixture(scope="session")
def from_scratch(tmp_path_factory):
    """Compare what a project shows with the oracle; results of the same params and data are computed once."""
    known: dict[str, dict[str, str]] = {}

    def compare(project: Project, checkout: Path | None = None) -> None:
        here = Project(checkout or project.root)
        files = sorted((here.root / "data/raw/clips").iterdir())
        state = repr([(here.root / "params.yaml").read_text(), *((p.name, file_digest(p)) for p in files)])
        if state not in known:
            known[state] = compute_everything(here, tmp_path_factory.mktemp("oracle"))
        shown = {name: digest for name, digest in here.shown().items() if name not in VOLATILE}
        wanted = {name: digest for name, digest in known[state].items() if name not in VOLATILE}
        assert shown.keys() == wanted.keys()
        assert [name for name in wanted if shown[name] != wanted[name]] == []

    return compare


@pytest.fixture(scope="session")
def built(tmp_path_factory, project_root) -> Project:
    """The project after its first `dvc repro`, committed and pushed to its remote."""
    project = Project(tmp_path_factory.mktemp("home") / "study")
    project.root.mkdir()
    for name in CODE:
        source = project_root / name
        copy = shutil.copytree if source.is_dir() else shutil.copy
        copy(source, project.root / name)
    shutil.rmtree(project.root / "data", ignore_errors=True)
    speak_corpus(project.root / "data/raw/clips")
    project.set(**{name.replace(".", "__"): value for name, value in PARAMS.items()})
    (project.root / "earmark").mkdir()
    shutil.copy(project_root / "earmark/versions.py", project.root / "earmark/versions.py")
    for command in (
        "git init -q -b main",
        "git config user.email newcomer@earmark.invalid",
        "git config user.name newcomer",
        "dvc init -q",
        "dvc config core.analytics false",
        "dvc config cache.type reflink,hardlink,copy",
        "dvc remote add -q -d local ../earmark-remote",
        "dvc add -q data/raw/clips",
        "dvc repro -q",
        "git add -A",
        "git commit -q -m first",
        "dvc push -q",
    ):
        project.run(*command.split())
    return project


@pytest.fixture
def project(built) -> Project:
    """The project in its first state, whatever the test before did to it."""
    built.run("git", "checkout", "-q", "-f", "main")
    built.run("dvc", "checkout", "-q", "-f")
    return built
