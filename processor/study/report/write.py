"""`replay --report` and `eventcluster report`: a file as HTML or as Markdown, by its name's ending."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from processor.errors import UsageError
from processor.status import MAX_ANOMALIES
from processor.stream.files import InputFile, output
from processor.study.report.markdown import markdown
from processor.study.report.render import Report, html
from processor.web.summaries import Listed, listed

_FORMS: Final = {".html": html, ".htm": html, ".md": markdown}
# A published record with its original is at most so long.
_MAX_RECORD: Final = 16 * 1024 * 1024


def check(paths: Sequence[Path]) -> None:
    """Raises UsageError for a file whose ending names no form, before hours of work are done for it."""
    for path in paths:
        if path.suffix.lower() not in _FORMS:
            raise UsageError(f"{path}: a report ends in .html or .md")


def rendered(report: Report, path: Path) -> bytes:
    """The report in the form that the path's ending names."""
    return _FORMS[path.suffix.lower()](report)


def from_anomalies(source: Path, paths: Sequence[Path]) -> None:
    """A report over published anomalies, JSONL as `replay --anomalies` or a consumer of the topic writes it.

    Of more than MAX_ANOMALIES those with the highest scores are told. Raises UsageError naming the file and
    line of what is no anomaly, OutputFailed for a file that cannot be written.
    """
    check(paths)
    records: list[tuple[Listed, bytes]] = []
    reasons: Counter[str] = Counter()
    published = 0
    for value in InputFile(source, _MAX_RECORD):
        published += 1
        try:
            line = listed(published, value)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise UsageError(f"{source}, record {published}: no anomaly ({error})") from error
        reasons[line.summary.reason] += 1
        records.append((line, value))
        if len(records) > 2 * MAX_ANOMALIES:
            records = _worst(records)
    kept = _worst(records)
    lines = [
        f"{published:,} anomalies from {source.name}",
        ", ".join(f"{count:,} {reason.replace('_', ' ')}" for reason, count in reasons.most_common()),
    ]
    if len(kept) < published:
        lines.append(f"the {len(kept):,} with the highest scores are told")
    report = Report(
        f"eventcluster report: {source.name}",
        [line for line in lines if line],
        [v for _, v in kept],
        published,
    )
    for path in paths:
        with output(path) as target:
            target.write(rendered(report, path))


def _worst(records: list[tuple[Listed, bytes]]) -> list[tuple[Listed, bytes]]:
    """At most MAX_ANOMALIES with the highest scores, in their order."""
    chosen = sorted(records, key=lambda each: -each[0].summary.score)[:MAX_ANOMALIES]
    return sorted(chosen, key=lambda each: each[0].summary.number)
