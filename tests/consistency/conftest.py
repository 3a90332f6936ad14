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
from types import ModuleType
from typing import Any

import pytest
import soundfile
from ruamel.yaml import YAML

from earmark import plan as planning
from earmark.audio.espeak import Voice, speak_apart
from earmark.corpus.prepare import prepare
from earmark.digest import file_digest
from earmark.evaluation.confounds import confounds
from earmark.evaluation.evaluate import evaluate
from earmark.models.embed import EmbedJob, embed
from earmark.models.engine import export
from earmark.models.train import train
from earmark.shards.write import write_mel_shard
from earmark.store import link

CODE = [
    "Snakefile",
    "dvc.yaml",
    "params.yaml",
    "workflow",
    "profiles",
    "recipes",
    "envs",
    "earmark",
    ".gitignore",
    ".dvcignore",
    "data/raw/.gitignore",
]
STEPS = ("prepare", "mel", "confounds", "backbone", "embed", "train", "evaluate")
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
        own = ("EARMARK_", "DVC_", "MLFLOW_TRACKING")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(own)}
        return {**kept, "PATH": f"{bin_folder}:{os.environ['PATH']}", "PYTHONPATH": str(self.root)}

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


def compute(project: Project, store: Path, last: str) -> dict[str, str]:
    """The oracle: every product up to the stage ``last``, from scratch, in this process; digests by published name."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(project.root)
        patch.setenv("EARMARK_STORE", str(store))
        plan = planning.Plan.of(YAML(typ="safe").load(Path("params.yaml")))
        stages = planning.STAGES[: planning.STAGES.index(last) + 1]
        for stage in stages:
            STAGES[stage](plan)
        return {
            (folder / name).as_posix(): file_digest(path)
            for stage in stages
            for folder, files in plan.published(stage).items()
            for name, path in files.items()
        }


def prepare_stage(plan: planning.Plan) -> None:
    prepare(plan.params, plan.recordings, plan.prepared, plan.provenance("prepare"))


def mel_stage(plan: planning.Plan) -> None:
    features, locate = plan.params.features, plan.recordings.path
    for shard in plan.shards:
        write_mel_shard(shard.clips, features, locate, plan.provenance("mel", shard), plan.mel_path(shard))


EXPORTED: dict[str, Path] = {}
"""Exports that an oracle of this process made, by key: the same network, which takes seconds to export."""


def embed_stage(plan: planning.Plan) -> None:
    known = EXPORTED.get(plan.backbone_key)
    if known and known.is_file():
        link(known, plan.backbone)
    else:
        export(plan.params.backbone, plan.backbone)
        EXPORTED[plan.backbone_key] = plan.backbone.resolve()
    jobs = [EmbedJob(plan.mel_path(s), plan.feature_path(s), plan.provenance("embed", s), []) for s in plan.shards]
    embed(jobs, plan.params.backbone, plan.params.features, plan.backbone, 2)


def train_stage(plan: planning.Plan) -> None:
    features = [plan.feature_path(shard) for shard in plan.shards]
    train(plan.params, plan.manifest, features, plan.backbone, plan.model, plan.provenance("train"), [])


def evaluate_stage(plan: planning.Plan) -> None:
    mels = [plan.mel_path(shard) for shard in plan.shards]
    confounds(plan.manifest, mels, plan.params.split, plan.confounds, plan.provenance("confounds"))
    provenance = plan.provenance("evaluate")
    evaluate(plan.params, plan.prepared, mels, plan.confounds, plan.model, plan.evaluation, provenance)


STAGES = {
    "prepare": prepare_stage,
    "mel": mel_stage,
    "embed": embed_stage,
    "train": train_stage,
    "evaluate": evaluate_stage,
}
VOLATILE = {"results/model/timing.json", "results/model/provenance.json"}
"""Wall-clock seconds, and the digest of the file that holds them."""


@pytest.fixture(scope="session")
def oracle() -> ModuleType:
    """This file: tests cannot import it by name."""
    return sys.modules[__name__]


@pytest.fixture(scope="session")
def from_scratch(tmp_path_factory):
    """Compare what a project shows with the oracle; results of the same params and data are computed once."""
    known: dict[str, dict[str, str]] = {}

    def compare(project: Project, last: str = "evaluate") -> None:
        files = sorted((project.root / "data/raw/clips").iterdir())
        params = (project.root / "params.yaml").read_text()
        state = repr([last, params, *((path.name, file_digest(path)) for path in files)])
        if state not in known:
            known[state] = compute(project, tmp_path_factory.mktemp("oracle"), last)
        wanted = {name: digest for name, digest in known[state].items() if name not in VOLATILE}
        folders = {Path(name).parent for name in wanted}
        shown = {n: d for n, d in project.shown().items() if n not in VOLATILE and Path(n).parent in folders}
        assert shown.keys() == wanted.keys()
        assert [name for name in wanted if shown[name] != wanted[name]] == []

    return compare


@pytest.fixture(scope="session")
def new_checkout(tmp_path_factory, project_root):
    """A function that copies this checkout's code, without data and results, to a new place."""

    def copy(name: str) -> Project:
        project = Project(tmp_path_factory.mktemp(name) / "study")
        for path in CODE:
            source, target = project_root / path, project.root / path
            target.parent.mkdir(parents=True, exist_ok=True)
            if source.is_dir():
                shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(source, target)
        return project

    return copy


@pytest.fixture(scope="session")
def built(new_checkout) -> Project:
    """The project after its first `dvc repro`, committed and pushed to its remote."""
    project = new_checkout("home")
    speak_corpus(project.root / "data/raw/clips")
    project.set(**{name.replace(".", "__"): value for name, value in PARAMS.items()})
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
