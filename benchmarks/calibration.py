"""What calibration is worth: cross-entropy of the test clips before and after, from ``results/predictions.parquet``.

    python benchmarks/calibration.py [results/predictions.parquet]

The temperature is fitted on the validation clips, with smoothed targets as in serving, and without.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from earmark.serving.calibration import calibrated, fit_temperature


def part(rows: list[dict[str, Any]], split: str) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Probabilities (n, k) and classes (n,) of a split."""
    labels = [name.removeprefix("p_") for name in rows[0] if name.startswith("p_")]
    own = [row for row in rows if row["split"] == split]
    probabilities = np.array([[row[f"p_{label}"] for label in labels] for row in own])
    return probabilities, np.array([labels.index(row["label"]) for row in own])


def cross_entropy(probabilities: NDArray[np.float64], classes: NDArray[np.int64], temperature: float = 1) -> float:
    """Mean over the clips, in nats."""
    told = calibrated(probabilities, temperature)[np.arange(len(classes)), classes]
    return float(-np.log(np.maximum(told, 1e-12)).mean())


def main() -> None:
    """Print temperature and test cross-entropy of each way."""
    path = Path(sys.argv[1] if len(sys.argv) > 1 else "results/predictions.parquet")
    rows = pq.read_table(path).to_pylist()
    val, test = part(rows, "val"), part(rows, "test")
    plain = minimize_scalar(lambda log: cross_entropy(*val, np.exp(log)), bounds=np.log([0.05, 20]), method="bounded")
    print("| temperature | | test cross-entropy |\n|---|---:|---:|")
    for name, temperature in (("none", 1.0), ("smoothed", fit_temperature(*val)), ("plain", float(np.exp(plain.x)))):
        print(f"| {name} | {temperature:.3f} | {cross_entropy(*test, temperature):.3f} |")


if __name__ == "__main__":
    main()
