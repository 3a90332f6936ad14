"""The plan: which content keys a study needs, computed from params, data and step versions before anything runs.

``Plan`` answers three questions for the workflow: under which key does each product live, what is missing, and which
files make up the published folders. It reads file digests (cached) and the manifest, never audio or models.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import yaml

from earmark import config, versions
from earmark.config import Params
from earmark.corpus import prepare
from earmark.corpus.synthetic import SyntheticSpeech
from earmark.digest import digest
from earmark.errors import EarmarkError
from earmark.models import backbones
from earmark.provenance import Provenance
from earmark.recordings import Recordings, sound_digests, sound_files
from earmark.seeding import seed
from earmark.shards.assign import Batch, Shard, batches, bits_for, neighbours, shard_of
from earmark.shards.schema import ClipRow
from earmark.store import Store, publish, replacing

EMBED_GROUP = 64
"""Shards per extraction job: loading a backbone costs seconds, a shard of features as much or less."""

CLIP_COLUMNS = ("clip_id", "path", "start", "end", "audio_digest")
"""Of the manifest, in the order of ``ClipRow``."""

STAGES = ("prepare", "mel", "embed", "train", "evaluate")
"""The five stages in order; a target publishes every stage up to its own."""


@dataclass(frozen=True)
class Plan:
    """Keys and paths of everything that ``params`` ask for, in one ``store``."""

    params: Params
    store: Store
    known_manifest: str | None = None
    """Key of the manifest, where the caller knows it: a job need not look at the data set's files again."""

    @classmethod
    def of(cls, values: Mapping[str, Any], manifest: Path | None = None) -> Plan:
        """Plan for a nested configuration, as Snakemake holds it; raises EarmarkError on wrong params.

        ``manifest`` is the folder of a manifest in the store, whose name is its key.
        """
        params = config.parse(values, "params.yaml and its overlays")
        backbones.check(params.backbone, params.features, params.train.mode)
        for name, folder in params.train.folders().items():
            sound_files(folder, f"train.{name}")
        return cls(params, Store.find(), manifest.name if manifest else None)

    @cached_property
    def params_file(self) -> Path:
        """The resolved params as a file that a job can read: written once per digest."""
        path = self.store.root / "params" / f"{digest('params', self.params.resolved())}.yaml"
        if not path.is_file():
            with replacing(path) as part:
                part.write_text(yaml.safe_dump(self.params.resolved(), sort_keys=False, allow_unicode=True))
        return path

    @property
    def demo(self) -> Path | None:
        """The file that marks the demo corpus complete, if the study uses it."""
        return Path(self.params.data.root) / "corpus.json" if self.params.data.adapter == "demo" else None

    @cached_property
    def recordings(self) -> Recordings:
        """The data set's files."""
        return Recordings.of(self.params.data, self.store)

    @cached_property
    def synthetic(self) -> SyntheticSpeech | None:
        """The synthetic training speech of the study, if it has any."""
        return SyntheticSpeech.of(self.params.data.synthetic, self.store)

    @cached_property
    def prepare_key(self) -> str:
        """Key of the manifest: selection and split params, every source file's content, and what is beside them."""
        if self.known_manifest:
            return self.known_manifest
        data, division, sources = self.params.data, self.params.split.division(), prepare.source_digest
        beside: list[Any] = [self.synthetic.key] if self.synthetic else []
        if data.external:
            sets = {name: data.of_external(name) for name in data.external}
            others = self.recordings.others
            beside.append({name: [own.selection(), sources(own, others[name])] for name, own in sets.items()})
        own = [data.selection(), division, sources(data, self.recordings)]
        return digest("prepare", versions.PREPARE, *own, *beside)

    @property
    def prepared(self) -> Path:
        """Folder of the manifest, quarantine list and leak audit."""
        return self.store.path("prepare", self.prepare_key, "")

    @property
    def manifest(self) -> Path:
        """The manifest's file."""
        return self.prepared / "manifest.parquet"

    @property
    def is_prepared(self) -> bool:
        """Whether everything below the manifest can be planned already."""
        return (self.demo is None or self.demo.is_file()) and self.store.has("prepare", self.prepare_key, "")

    @cached_property
    def shards(self) -> list[Shard]:
        """All shards in order of name; needs the manifest."""
        return [self.shard(name) for name in self.shard_names]

    @property
    def shard_names(self) -> list[str]:
        """Names of all shards in order."""
        return sorted(self._members)

    @cached_property
    def _clips(self) -> list[list[Any]]:
        """The columns of the manifest that tell the clips' sounds; a job that needs some of them builds only those."""
        table = pq.ParquetFile(self.manifest).read(columns=list(CLIP_COLUMNS))
        return [table.column(name).to_pylist() for name in CLIP_COLUMNS]

    @cached_property
    def _members(self) -> dict[str, list[int]]:
        """Shard name → its rows of the manifest."""
        clip_ids, members = self._clips[0], defaultdict(list)
        bits = bits_for(len(clip_ids), self.params.features.shard_size)
        for row, clip_id in enumerate(clip_ids):
            members[shard_of(clip_id, bits)].append(row)
        return dict(members)

    def _rows(self, names: list[str]) -> list[dict[str, Any]]:
        # ParquetFile, because read_table imports pandas, which would cost every job a second
        return list(pq.ParquetFile(self.manifest).read(columns=names).to_pylist())

    def _shard(self, name: str, clips: list[ClipRow]) -> Shard:
        content = [(c.clip_id, c.audio_digest, c.start, c.end) for c in clips]
        features = self.params.features
        packing = [] if features.compression == "none" else [features.compression]
        mel_key = digest("mel", versions.MEL, features.front_end(), content, *packing)
        return Shard(name, clips, mel_key, digest("embed", self._backbone, mel_key))

    def shard(self, name: str) -> Shard:
        """The shard called ``name``; raises EarmarkError if the manifest has no such shard."""
        if name not in self._members:
            raise EarmarkError(f"no shard '{name}'; the manifest has {', '.join(self.shard_names)}")
        clips = [ClipRow(*(column[row] for column in self._clips)) for row in self._members[name]]
        return self._shard(name, clips)

    def select(self, names: str) -> list[Shard]:
        """The shards of a list ``a,b,c`` or of a range ``first..last``; raises EarmarkError for unknown ones."""
        first, dots, last = names.partition("..")
        if not dots:
            return [self.shard(name) for name in names.split(",")]
        for end in (first, last):
            if end not in self._members:
                self.shard(end)
        return [self.shard(name) for name in self.shard_names if first <= name <= last]

    def mel_batches(self, workers: int) -> list[Batch]:
        """The shards whose images are missing, in jobs of one process each: enough for ``workers`` at a time."""
        return batches([shard for shard in self.shards if not self.store.has("mel", shard.mel_key)], workers)

    def mel_path(self, shard: Shard) -> Path:
        """Store path of a shard's mel images."""
        return self.store.path("mel", shard.mel_key)

    def feature_path(self, shard: Shard) -> Path:
        """Store path of a shard's bottleneck features."""
        return self.store.path("embed", shard.feature_key)

    @cached_property
    def _backbone(self) -> list[Any]:
        return [versions.EMBED, self.params.backbone.decisive(), backbones.weights_digest(self.params.backbone)]

    @property
    def backbone_key(self) -> str:
        """Key of the exported backbone."""
        return digest("backbone", self._backbone)

    @property
    def backbone(self) -> Path:
        """The exported backbone, which extraction and serving share."""
        return self.store.path("backbone", self.backbone_key, ".onnx")

    @property
    def learns_from_images(self) -> bool:
        """Whether the backbone learns too, so that there are no frozen features."""
        return self.params.train.mode != "frozen"

    @cached_property
    def extraction_jobs(self) -> dict[str, list[Shard]]:
        """Shards by extraction job; its name is made of all keys of its group, whatever is in the store already."""
        groups = [self.shards[i : i + EMBED_GROUP] for i in range(0, len(self.shards), EMBED_GROUP)]
        return {digest("embed group", [s.feature_key for s in group]): group for group in groups}

    def missing_features(self, job: str) -> list[Shard]:
        """The shards of an extraction job whose features are not in the store."""
        return [s for s in self.extraction_jobs[job] if not self.store.has("embed", s.feature_key)]

    @cached_property
    def _from_images(self) -> dict[str, Any]:
        """Versions of augmentation, with digests of the recordings it draws from, and of training from scratch."""
        train = self.params.train
        scratch = {"scratch": versions.SCRATCH} if train.mode == "scratch" else {}
        augmented = {"augmentation": versions.AUGMENT} if train.augment else {}
        return scratch | augmented | sound_digests(train.folders(), self.store)

    @cached_property
    def _examples(self) -> list[Any]:
        """What is learned from: front end, backbone, training and validation clips with labels, what augments them."""
        names = ["clip_id", "audio_digest", "start", "end", "label", "split"]
        clips = digest([[row[n] for n in names] for row in self._rows(names) if row["split"] in ("train", "val")])
        added = [self._from_images] if self._from_images else []
        return [self.params.features.front_end(), versions.MEL, self._backbone, clips, *added]

    @cached_property
    def model_key(self) -> str:
        """Key of the model: train params, and what it learns from."""
        together = [versions.ENSEMBLE] if self.params.train.members > 1 else []
        return digest("train", versions.TRAIN, self.params.train.recipe(), *self._examples, *together)

    @property
    def model(self) -> Path:
        """Folder of the trained model."""
        return self.store.path("train", self.model_key, "")

    @property
    def checkpoint(self) -> Path:
        """Folder of the state of a training on images that is not over."""
        return self.store.root / "checkpoints" / self.model_key

    def rates_key(self, stage: int = 1) -> str:
        """Key of the learning-rate range test of a stage (from 1): what decides the model but its rate and length.

        Raises EarmarkError if there is no such stage.
        """
        if stage > (stages := len(self.params.train.plan())):
            raise EarmarkError(f"stage {stage}: train.stages has {stages}, counted from 1")
        return digest("rates", versions.RATES, self.params.train.ranged(stage), *self._examples)

    def rates(self, stage: int = 1) -> Path:
        """Folder of the learning-rate range test of a stage (from 1)."""
        return self.store.path("rates", self.rates_key(stage), "")

    @property
    def confounds_key(self) -> str:
        """Key of the confound probes: the manifest and the images of its clips."""
        images = [self.params.features.front_end(), versions.MEL]
        return digest("confounds", versions.CONFOUNDS, self.prepare_key, images)

    @property
    def confounds(self) -> Path:
        """Folder of the confound probes' scores."""
        return self.store.path("confounds", self.confounds_key, "")

    @property
    def exploration_key(self) -> str:
        """Key of the exploration page: the probes, with them manifest and images, and whether there are sounds."""
        audible = self.recordings.root.exists()
        return digest("explore", versions.EXPLORE, self.params.task, self.confounds_key, audible)

    @property
    def exploration(self) -> Path:
        """Folder of the exploration page."""
        return self.store.path("explore", self.exploration_key, "")

    @property
    def evaluation_key(self) -> str:
        """Key of the evaluation: the model, the manifest with its quarantine, and all params (it prints them)."""
        inputs = [self.model_key, self.prepare_key, versions.CONFOUNDS]
        return digest("evaluate", versions.EVALUATE, inputs, self.params.digest())

    @property
    def evaluation(self) -> Path:
        """Folder of metrics, predictions, plots and report."""
        return self.store.path("evaluate", self.evaluation_key, "")

    def provenance(self, step: str, shard: Shard | None = None, stage: int = 1) -> Provenance:
        """What a product of ``step`` (of a ``shard``, or for a ``stage`` of the training) records about itself."""
        p = self.params
        data, study = {"manifest": self.prepare_key}, {"params": p.digest()}
        if step == "prepare":
            return Provenance(
                step, versions.PREPARE, self.prepare_key, {"data": p.data.plain(), "split": p.split.plain()}
            )
        if step == "mel" and shard:
            return Provenance(step, versions.MEL, shard.mel_key, p.features.front_end(), {"clips": len(shard.clips)})
        if step == "embed" and shard:
            inputs = {"mel": shard.mel_key, "backbone": self.backbone_key}
            return Provenance(step, versions.EMBED, shard.feature_key, p.backbone.plain(), inputs)
        if step in ("rates", "train"):
            inputs = {**data, "backbone": self.backbone_key, **self._from_images}
        if step == "rates":
            return Provenance(step, versions.RATES, self.rates_key(stage), p.train.ranged(stage), inputs)
        if step == "train":
            return Provenance(step, versions.TRAIN, self.model_key, p.train.plain(), inputs)
        if step == "confounds":
            return Provenance(step, versions.CONFOUNDS, self.confounds_key, p.features.front_end(), data)
        if step == "explore":
            inputs = {**data, "confounds": self.confounds_key}
            return Provenance(step, versions.EXPLORE, self.exploration_key, {"task": p.task}, inputs)
        inputs = {**data, **study, "model": self.model_key, "confounds": self.confounds_key}
        return Provenance(step, versions.EVALUATE, self.evaluation_key, p.evaluate.plain(), inputs)

    def previous(self, step: str, shard: Shard) -> list[Path]:
        """Earlier versions of a shard (or of the shards it was split from or merged of) whose rows may be reused."""
        found = [self.store.latest(step, self._family(step, name)) for name in neighbours(shard.name)]
        return [path for path in found if path is not None]

    def remember(self, step: str, shard: Shard) -> None:
        """Note the product of ``step`` as the shard's latest version."""
        key = shard.mel_key if step == "mel" else shard.feature_key
        self.store.remember(step, self._family(step, shard.name), key)

    def _family(self, step: str, name: str) -> str:
        settings = [self.params.features.front_end(), versions.MEL] + (self._backbone if step == "embed" else [])
        return f"{digest(settings)}-{name}"

    def published(self, stage: str) -> dict[Path, dict[str, Path]]:
        """The folders that a stage shows to people and DVC, each with its files (name → store path)."""
        if stage == "prepare":
            return {Path("data/manifest"): _files(self.prepared)}
        if stage == "mel":
            return {Path("data/mel"): {f"{s.name}.parquet": self.mel_path(s) for s in self.shards}}
        if stage == "embed":
            shards = [] if self.learns_from_images else self.shards
            return {Path("data/features"): {f"{s.name}.parquet": self.feature_path(s) for s in shards}}
        if stage == "train":
            return {Path("results/model"): _files(self.model)}
        if stage == "rates":
            return self._ranged()
        if stage == "explore":
            return self._explored()
        results: dict[Path, dict[str, Path]] = {Path("results"): {"leaks.json": self.prepared / "leaks.json"}}
        for name, path in _files(self.evaluation).items():
            folder, _, inner = name.rpartition("/")
            results.setdefault(Path("results") / folder, {})[inner] = path
        confounds = {Path("results/confounds"): _files(self.confounds)}
        return results | confounds | self._explored() | self._ranged()

    def _explored(self) -> dict[Path, dict[str, Path]]:
        """The exploration page if it was made for this study."""
        return _extra(Path("results/explore"), self.exploration)

    def _ranged(self) -> dict[Path, dict[str, Path]]:
        """The learning-rate range tests that were made for this study."""
        found = _extra(Path("results/rates"), self.rates())
        for number in range(2, len(self.params.train.plan()) + 1):
            found |= _extra(Path(f"results/rates/stage-{number}"), self.rates(number))
        return found

    def publish(self, last: str) -> int:
        """Publish every stage up to ``last``; returns how many files were changed.

        ``explore`` follows ``mel``, and ``rates`` what a training learns from, ``embed``.
        """
        changed, after = 0, {"explore": "mel", "rates": "embed"}
        passed = STAGES[: STAGES.index(after.get(last, last)) + 1] + ((last,) if last in after else ())
        for stage in passed:
            for folder, files in self.published(stage).items():
                changed += publish(folder, files)
        return changed

    def needed(self) -> list[Path]:
        """Every product of this study that is in the store."""
        folders = [self.prepared, self.model, self.confounds, self.exploration, self.evaluation]
        folders += [self.rates(number) for number, _ in enumerate(self.params.train.plan(), 1)]
        folders += self.recordings.unpacked() if self.recordings.root.exists() else []
        folders += [self.synthetic.folder] if self.synthetic else []
        files = [self.backbone, *map(self.mel_path, self.shards), *map(self.feature_path, self.shards)]
        return [path for path in (*folders, *files) if path.exists()]

    def seed(self) -> int:
        """Take what is published here but unknown to the store into it; returns how many products that were."""
        return seed(self.store)

    def forget_receipts(self) -> None:
        """Remove the receipts that a killed run left: what they attest may have been collected since."""
        for receipt in self.store.root.glob("*/*.done"):
            receipt.unlink()


def _extra(folder: Path, product: Path) -> dict[Path, dict[str, Path]]:
    """What a study may have or not; where it has not, rather nothing than another study's."""
    return {folder: _files(product)} if product.is_dir() or folder.is_dir() else {}


def _files(folder: Path) -> dict[str, Path]:
    return {p.relative_to(folder).as_posix(): p for p in sorted(folder.rglob("*")) if p.is_file()}
