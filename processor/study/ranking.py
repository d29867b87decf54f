"""How well scores rank attacks before the rest: precision and recall of a ranking, ties as one block."""

from collections.abc import Sequence
from itertools import groupby
from math import ceil


def average_precision(scores: Sequence[float], attacks: Sequence[bool]) -> float | None:
    """Area under precision over recall, as scikit-learn's average_precision_score; None without an attack."""
    points = precision_recall(scores, attacks)
    if not points:
        return None
    before = [0.0, *(recall for recall, _ in points)]
    return sum((recall - last) * precision for last, (recall, precision) in zip(before, points, strict=False))


def precision_recall(scores: Sequence[float], attacks: Sequence[bool]) -> list[tuple[float, float]]:
    """(recall, precision) at each distinct score, the highest first; empty without an attack."""
    total = sum(attacks)
    if not total:
        return []
    ranked = sorted(zip(scores, attacks, strict=True), key=lambda pair: -pair[0])
    points, seen, hits = [], 0, 0
    for _, tied in groupby(ranked, key=lambda pair: pair[0]):
        block = [attack for _, attack in tied]
        seen += len(block)
        hits += sum(block)
        points.append((hits / total, hits / seen))
    return points


def precision_at(scores: Sequence[float], attacks: Sequence[bool], first: int) -> float:
    """Share of attacks among the `first` highest scores; of equal scores the earlier event counts first."""
    ranked = sorted(range(len(scores)), key=lambda number: (-scores[number], number))[:first]
    return sum(attacks[number] for number in ranked) / len(ranked) if ranked else 0.0


def threshold(benign_scores: Sequence[float], budget: float) -> float:
    """The lowest score above which at most the share `budget` of benign events lies.

    Events score strictly above it to be alerts, so that a block of ties never breaks the budget.
    """
    if not benign_scores:
        return 0.0
    ranked = sorted(benign_scores, reverse=True)
    allowed = min(len(ranked) - 1, ceil(budget * len(ranked)) if budget * len(ranked) >= 1 else 0)
    return ranked[allowed]


def recall_above(scores: Sequence[float], attacks: Sequence[bool], limit: float) -> float | None:
    """Share of the attacks that score above `limit`; None without an attack."""
    total = sum(attacks)
    if not total:
        return None
    return sum(score > limit for score, attack in zip(scores, attacks, strict=True) if attack) / total
