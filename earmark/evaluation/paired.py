"""Two models on the same clips: which is right more often, and whether chance alone would do as much.

The exact test of McNemar (1947): only the clips on which one model is right and the other wrong tell them apart, and
if the models are equally good each of those falls to either like a coin.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from earmark.splits import SPLITS

LEVEL = 0.05
"""Significance: a difference that chance gives more seldom counts as one."""

COLUMNS = ["clip_id", "split", "label", "predicted"]


@dataclass(frozen=True)
class Paired:
    """``n`` clips that both models judged; those that only the one, or only the other, answered rightly."""

    n: int
    both: int
    only_new: int
    only_old: int

    @property
    def p(self) -> float:
        """Two-sided p value of the exact test: 1 where no clip tells the models apart."""
        from scipy.stats import binomtest

        different = self.only_new + self.only_old
        return float(binomtest(self.only_new, different, 0.5).pvalue) if different else 1.0

    @property
    def is_worse(self) -> bool:
        """Whether the new model is worse by more than chance."""
        return self.only_new < self.only_old and self.p < LEVEL

    @property
    def is_better(self) -> bool:
        """Whether the new model is better by more than chance."""
        return self.only_new > self.only_old and self.p < LEVEL

    @property
    def words(self) -> str:
        """What was compared, and what it says."""
        if self.n == 0:
            return "they have no test clip in common"
        right = [self.both + count for count in (self.only_new, self.only_old)]
        verdict = "cannot be told apart from it"
        if self.is_better or self.is_worse:
            verdict = f"is {'better' if self.is_better else 'worse'} than it"
        return (
            f"on the {self.n} test clips of both it is right on {right[0]} ({right[0] / self.n:.1%}), "
            f"the other on {right[1]} ({right[1] / self.n:.1%}); only it on {self.only_new}, only the other on "
            f"{self.only_old}: it {verdict} (McNemar's exact test, p = {self.p:.2g})"
        )


def compare(new: Path, old: Path) -> Paired:
    """Compare two ``predictions.parquet`` on the test clips with one label that are in both."""
    ours, theirs = _right(new), _right(old)
    common = ours.keys() & theirs.keys()
    pairs = [(ours[clip], theirs[clip]) for clip in common]
    return Paired(
        n=len(pairs),
        both=sum(mine and other for mine, other in pairs),
        only_new=sum(mine and not other for mine, other in pairs),
        only_old=sum(other and not mine for mine, other in pairs),
    )


def _right(predictions: Path) -> dict[tuple[str, str], bool]:
    """Test clip and label → whether it was answered rightly."""
    table: pa.Table = pq.read_table(predictions, columns=COLUMNS, filters=[("split", "==", SPLITS[-1])])
    rows = zip(*(table.column(name).to_pylist() for name in ("clip_id", "label", "predicted")), strict=True)
    return {(clip, label): label == predicted for clip, label, predicted in rows}
