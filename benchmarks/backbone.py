"""How much of real speech does a frozen backbone see: features of recorded clips, logistic regression, new speakers.

    python benchmarks/backbone.py [folder of the recordings] [folder of other earmark_base weights]

Prints the balanced accuracy on the test split of each set; regularisation is chosen on the validation split.
"""

from __future__ import annotations

import sys
import warnings
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from earmark.audio.frontend import Frontend
from earmark.config import BackboneParams, FeatureParams
from earmark.models.engine import Engine, export, load
from earmark.models.inputs import network_input

SETS = {"speech_commands": "label", "gender_librispeech": "gender", "lid_zh_en_dspspeech20": "language"}
MOBILENET = "weights/mobilenet_v2_1.0_224_imagenet_bncal_no_top.weights.h5"
STRENGTHS = (1e-4, 1e-3, 1e-2, 1e-1, 1.0)
"""C of the logistic regression."""

Settings = tuple[BackboneParams, FeatureParams]


def main(shared: Path, weights: str) -> None:
    image = {"normalise": "none", "image_size": [128, 128], "fit": "squeeze", "pooling": "avg"}
    squeezed = FeatureParams(n_mels=128, scale="minmax")
    rows: dict[str, Settings] = {
        "earmark_base": (BackboneParams(weights=weights), FeatureParams()),
        "earmark_base, random": (BackboneParams(weights="none"), FeatureParams()),
        "mobilenet_v2, imagenet": (
            BackboneParams(name="mobilenet_v2", weights=f"{shared / MOBILENET}", **image),
            squeezed,
        ),
    }
    print(f"{'test balanced accuracy (validation)':36s}" + "".join(f"{name:>24s}" for name in SETS))
    for name, settings in rows.items():
        cells = [score(shared, table, label, *settings) for table, label in SETS.items()]
        print(f"{name:36s}" + "".join(f"{f'{test:.3f} ({val:.3f})':>24s}" for val, test in cells), flush=True)


def score(
    shared: Path, table: str, label: str, backbone: BackboneParams, features: FeatureParams
) -> tuple[float, float]:
    """Balanced accuracy on the validation and the test split of the regression that is best on validation."""
    clips = pd.read_csv(shared / f"{table}.csv")
    x, y = extracted(shared, list(clips["path"]), backbone, features), clips[label].to_numpy(str)
    part = {split: (clips["split"] == split).to_numpy() for split in ("train", "val", "test")}
    fitted = [regression(strength).fit(x[part["train"]], y[part["train"]]) for strength in STRENGTHS]
    scores = [
        tuple(balanced_accuracy_score(y[part[s]], model.predict(x[part[s]])) for s in ("val", "test"))
        for model in fitted
    ]
    return max(scores, key=lambda pair: pair[0])


def regression(strength: float) -> object:
    return make_pipeline(StandardScaler(), LogisticRegression(C=strength, max_iter=1000))


def extracted(shared: Path, paths: list[str], backbone: BackboneParams, features: FeatureParams) -> NDArray[np.float32]:
    """Features (n, width) of the files."""
    with TemporaryDirectory() as folder:
        onnx = Path(folder) / "backbone.onnx"
        export(backbone, onnx)
        return described([shared / path for path in paths], load(onnx, 1), backbone, features)


def described(
    paths: list[Path], engine: Engine, backbone: BackboneParams, features: FeatureParams
) -> NDArray[np.float32]:
    front_end = Frontend(features)
    inputs = (network_input(front_end.windows_of(path)[0].images, backbone, features) for path in paths)
    return np.concatenate([engine.features(image[None]) for image in inputs])


if __name__ == "__main__":
    warnings.simplefilter("ignore", ConvergenceWarning)
    given = sys.argv[1:]
    main(Path(given[0] if given else "../shared/data"), given[1] if len(given) > 1 else "embedded")
