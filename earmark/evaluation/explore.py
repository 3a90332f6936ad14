"""The exploration: what data a study has, on one page of tables, pictures and sounds, before anything is trained."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from earmark.config import FeatureParams, Params
from earmark.evaluation import charts, examples, page, pictures, plots
from earmark.evaluation.attributes import Attributes, attributes
from earmark.evaluation.census import Census
from earmark.evaluation.confounds import read_confounds
from earmark.evaluation.data_findings import data_findings
from earmark.evaluation.fates import Votes, by_class, fates, votes
from earmark.evaluation.metrics import Floats
from earmark.evaluation.page import Figures
from earmark.evaluation.preparation import preparation
from earmark.evaluation.style import DARK, LIGHT, Theme, png, webp
from earmark.evaluation.voices import Voices, voices
from earmark.provenance import Provenance
from earmark.store import replacing_folder

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DRAWN = ("gender", "age")
"""Attributes that have a picture."""

MANY_CLASSES = 16
"""Classes from which the less important tables are folded."""


@dataclass(frozen=True)
class Example:
    """A clip to see and hear: its manifest row, its picture by theme, and its sound if the recording is here."""

    row: dict[str, Any]
    picture: dict[str, str]
    sound: str | None


def explore(
    params: Params,
    prepared: Path,
    mels: Sequence[Path],
    confounds: Path,
    locate: Callable[[str], Path],
    output: Path,
    provenance: Provenance,
) -> None:
    """Write the folder ``output`` with the page of the data in ``prepared``: index.html.

    ``mels`` are the shards with the clips' images, ``confounds`` the folder of the confound probes; ``locate`` tells
    where a manifest path's bytes are. Without the recordings the page has no sounds, and says so. Raises EarmarkError
    if a part is incomplete or they do not belong together.
    """
    census, probed = Census.read(prepared), read_confounds(confounds)
    shown = _examples(census, mels, params.features, locate)
    text = render(params, census, probed, shown, provenance)
    with replacing_folder(output) as folder:
        (folder / "index.html").write_text(text, encoding="utf-8")
        provenance.write(folder)


def render(
    params: Params,
    census: Census,
    confounds: dict[str, Any],
    shown: Mapping[str, Sequence[Example]],
    provenance: Provenance,
) -> str:
    """The page as HTML text."""
    others = attributes(census, params.data.label)
    spoken = voices(census.clips, census.labels)
    quantities = {name: by_class(census.clips, name) for name in ("duration", "level")}
    fate, voted = fates(census.catalogue), votes(census.catalogue)
    selected = fate[-1].kept.clips < fate[-1].usable.clips
    return page.render(
        "explore.html",
        params=params,
        preparation=preparation(census.record),
        total=census.total,
        labels=census.labels,
        many=len(census.labels) > MANY_CLASSES,
        drawn=charts.MOST_CLASSES,
        drawn_how=pictures.caption(params.features),
        findings=data_findings(census, spoken, others, quantities, confounds),
        composition=census.composition(),
        attributes=others,
        voices=spoken,
        fates=fate,
        selected=selected,
        votes=voted,
        examples=shown,
        seconds=examples.SECONDS,
        quarantine=census.quarantine_reasons(),
        leaks=census.leaks,
        leak_rows=page.leak_rows(census.leaks),
        confounds=confounds,
        probes=page.probe_bars(confounds),
        figures=page.embedded(_figures(others, spoken, quantities, voted, selected)),
        manifest_key=census.record["key"],
        provenance=asdict(provenance),
    )


def _figures(
    others: Attributes,
    spoken: Sequence[Voices],
    quantities: Mapping[str, Mapping[str, Floats]],
    voted: Mapping[str, Votes],
    selected: bool,
) -> Figures:
    drawings: dict[str, Callable[[Theme], Figure]] = {
        name: partial(charts.shares, table=others.tables[name]) for name in DRAWN if name in others.tables
    }
    if any(one.speakers for one in spoken):
        drawings["dominance"] = partial(charts.dominance, spoken=spoken)
        drawings["clips_per_speaker"] = partial(charts.clips_per_speaker, spoken=spoken)
    for name, quantity in {"duration": charts.DURATION, "level": charts.LEVEL}.items():
        drawings[name] = partial(charts.distribution, values=quantities[name], quantity=quantity)
    if voted and selected:
        drawings["votes"] = partial(charts.votes, voted=voted)
    elif voted:
        values = {label: found.before for label, found in voted.items()}
        drawings["votes"] = partial(charts.distribution, values=values, quantity=charts.UP_VOTES)
    return {name: {theme.name: png(draw, theme) for theme in (LIGHT, DARK)} for name, draw in drawings.items()}


def _examples(
    census: Census, mels: Sequence[Path], features: FeatureParams, locate: Callable[[str], Path]
) -> dict[str, list[Example]]:
    """Example clips by class."""
    chosen = examples.choose(census.clips, census.labels)
    images = examples.images(mels, [row["clip_id"] for rows in chosen.values() for row in rows])

    def example(row: dict[str, Any]) -> Example:
        draw = partial(plots.example, image=images[row["clip_id"]], features=features)
        picture = {theme.name: page.data_uri("image/webp", webp(draw, theme)) for theme in (LIGHT, DARK)}
        return Example(row, picture, examples.sound(row, locate))

    return {label: [example(row) for row in rows] for label, rows in chosen.items()}
