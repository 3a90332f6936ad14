"""How strongly something goes with the class, on a scale from 0 (not at all) to 1 (it tells the class)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from earmark.evaluation.metrics import Floats


def cramers_v(counts: Sequence[Sequence[int]]) -> float | None:
    """Cramér's V of a contingency table, corrected for its bias (Bergsma 2013, doi:10.1016/j.jkss.2012.10.002).

    None where there is nothing to compare: fewer than two classes or values with clips.
    """
    table = np.array(counts, dtype=float)
    if table.ndim != 2:
        return None
    table = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]
    n, (rows, columns) = table.sum(), table.shape
    if n < 2 or min(rows, columns) < 2:
        return None
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / n
    phi2 = max(0.0, ((table - expected) ** 2 / expected).sum() / n - (rows - 1) * (columns - 1) / (n - 1))
    smaller = min(size - (size - 1) ** 2 / (n - 1) for size in (rows, columns))
    return float(min(1.0, np.sqrt(phi2 / (smaller - 1)))) if smaller > 1 else None


def eta_squared(values: Mapping[str, Floats]) -> float:
    """Share of the variance of a quantity that lies between the classes (Cohen 1988: .06 is medium, .14 large)."""
    groups = [group for group in values.values() if len(group)]
    if not groups:
        return 0.0
    pooled = np.concatenate(groups)
    within = sum(((group - group.mean()) ** 2).sum() for group in groups)
    whole = ((pooled - pooled.mean()) ** 2).sum()
    return float(1 - within / whole) if whole > 0 else 0.0
