"""From the config's sections to what a pipeline is told."""

import hashlib
import json
from typing import TYPE_CHECKING, Final

import processor
from processor.detection.settings import (
    DetectorSettings,
    EpisodeSettings,
    KindSettings,
    ScopeSettings,
    WarmupSettings,
    WindowSettings,
)
from processor.events.event import LOGON, PROCESS, Kind
from processor.features import sets
from processor.pipeline import PipelineSettings
from processor.records.ecs import RecordSettings
from processor.records.redact import Redactor

if TYPE_CHECKING:
    from processor.config.model import KindSection, Settings

# The sections that decide records; brokers, ports and log levels do not.
_DECIDING: Final = (
    *("input", "process", "logon", "scope", "window", "warmup", "episode"),
    *("suppress", "output", "redact", "limits", "state"),
)


def pipeline_settings(settings: "Settings") -> PipelineSettings:
    """What the config tells a pipeline; feature sets are built, patterns compiled."""
    chosen = settings.input.formats
    return PipelineSettings(
        detector=_detector(settings),
        formats=None if isinstance(chosen, str) else frozenset(chosen),
        max_record_size=settings.input.max_record_size,
        max_command_line=settings.input.max_command_line,
        mappings=tuple(entry.source() for entry in settings.input.mappings),
        records=RecordSettings(
            original=settings.output.original,
            max_original=settings.output.max_original,
            config_hash=config_hash(settings),
            version=processor.__version__,
            redactor=Redactor(
                defaults=settings.redact.defaults,
                rules=[(rule.pattern(), rule.replace) for rule in settings.redact.rules],
            ),
        ),
    )


def config_hash(settings: "Settings") -> str:
    """Twelve hexadecimal digits that name the settings which decide records: equal for equal settings."""
    deciding = settings.model_dump(mode="json", include=set(_DECIDING))
    return hashlib.sha256(json.dumps(deciding, sort_keys=True).encode()).hexdigest()[:12]


def _detector(settings: "Settings") -> DetectorSettings:
    kinds: dict[Kind, KindSettings] = {}
    if settings.process.enabled:
        kinds[PROCESS] = _kind(settings.process)
    if settings.logon.enabled:
        kinds[LOGON] = _kind(settings.logon)
    fold = settings.episode.fold
    return DetectorSettings(
        kinds=kinds,
        scope=ScopeSettings(
            by=settings.scope.by,
            rewrite=tuple((rule.pattern(), rule.replace) for rule in settings.scope.rewrite),
        ),
        window=WindowSettings(**settings.window.model_dump()),
        warmup=WarmupSettings(**settings.warmup.model_dump()),
        episode=EpisodeSettings(
            gap=settings.episode.gap,
            max_length=settings.episode.max_length,
            escalate_at=settings.episode.escalate_at,
            fold={PROCESS: fold.process, LOGON: fold.logon},
            keep=fold.keep,
        ),
        min_score=settings.output.min_score,
        max_vectors=settings.limits.max_vectors,
        max_scopes=settings.limits.max_scopes,
        max_segment_events=settings.state.max_segment_events,
        suppress=tuple(entry.rule() for entry in settings.suppress),
    )


def _kind(section: "KindSection") -> KindSettings:
    return KindSettings(
        features=sets.build(section.kind, section.features, section.normalize, section.gate),
        eps=section.eps,
        min_samples=section.min_samples,
        rare_cluster_size=section.rare_cluster_size,
        engine=section.engine,
    )
