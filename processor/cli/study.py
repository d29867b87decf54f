"""Commands of whoever studies recorded events: judge, tell, measure and tune offline; make events up."""

import json
from pathlib import Path
from typing import Annotated

import typer

from processor.cli.options import ConfigFile, InputFiles, JsonFile, Seed, examples, output, settings_of
from processor.errors import UsageError

commands = typer.Typer()


@commands.command(
    epilog=examples(
        "replay events.jsonl.gz --sort --show-events 10",
        "replay today.jsonl --history lastweek.jsonl.gz --anomalies anomalies.jsonl",
        "replay processes.csv --config configs/msticpy.yaml --sort --clusters c.csv --labels l.csv",
    )
)
def replay(
    files: InputFiles = None,
    config: ConfigFile = None,
    history: Annotated[
        list[Path] | None, typer.Option(help="Learned before, not judged.", metavar="FILE...")
    ] = None,
    since: Annotated[str | None, typer.Option(help="Leave out earlier events.", metavar="TIME")] = None,
    until: Annotated[str | None, typer.Option(help="Leave out events from then on.", metavar="TIME")] = None,
    sort: Annotated[bool, typer.Option("--sort", help="Sort by event time, stably.")] = False,
    partition: Annotated[int, typer.Option(help="The partition to pose as.", metavar="N", min=0)] = 0,
    anomalies: Annotated[Path | None, typer.Option(help="Write anomalies here.", metavar="F.jsonl")] = None,
    clusters: Annotated[
        Path | None, typer.Option(help="Write the clusters and noise at the end here.", metavar="F.csv")
    ] = None,
    labels: Annotated[
        Path | None, typer.Option(help="Write each event's cluster here.", metavar="F.csv")
    ] = None,
    report: Annotated[
        list[Path] | None, typer.Option(help="Write a report here: .html or .md.", metavar="F.html")
    ] = None,
    show_events: Annotated[
        int, typer.Option(help="Show what the first N records were read as.", metavar="N", min=0)
    ] = 0,
) -> None:
    """Judge events from files with the very pipeline that `run` uses."""
    from processor.study import replay as study
    from processor.study.progress import bar

    request = study.Request(
        files=_given(files, "--history"),
        history=history or (),
        since=None if since is None else study.moment(since),
        until=None if until is None else study.moment(until),
        sort=sort,
        partition=partition,
        anomalies=anomalies,
        clusters=clusters,
        labels=labels,
        report=report or (),
        show_events=show_events,
    )
    settings = settings_of(config)
    with bar("replay") as progress:
        summary = study.replay(request, settings, progress)
    typer.echo("\n".join(summary.lines()))


@commands.command(epilog=examples("report anomalies.jsonl --out report.html --out ticket.md"))
def report(
    anomalies: Annotated[
        Path,
        typer.Argument(help="Published anomalies: JSONL, plain, .gz or .zst.", metavar="ANOMALIES.jsonl"),
    ],
    out: Annotated[list[Path], typer.Option(help="Write it here: .html or .md.", metavar="F.html")],
) -> None:
    """Tell what was published, episode by episode, in one file that opens anywhere."""
    from processor.study.report.write import from_anomalies

    from_anomalies(anomalies, out)


@commands.command(
    epilog=examples(
        "evaluate day1.jsonl.gz --labels day1.labels.csv.gz --skip 1000",
        "evaluate a.jsonl b.jsonl --labels a.labels.csv b.labels.csv --json found.json",
    )
)
def evaluate(
    labels: Annotated[
        list[Path], typer.Option(help="Labels, in any order; matched by _id.", metavar="FILE...")
    ],
    files: InputFiles = None,
    config: ConfigFile = None,
    source: Annotated[
        str | None, typer.Option(help="Only events of this _src or format.", metavar="NAME")
    ] = None,
    skip: Annotated[
        list[str] | None,
        typer.Option(help="Feed so many events first, unscored; of one stream: NAME=N.", metavar="N"),
    ] = None,
    json_file: JsonFile = None,
    report: Annotated[Path | None, output("Write precision over recall here.")] = None,
) -> None:
    """Measure detection on labelled streams, ours beside rivals fed the same events."""
    from processor.study import evaluate as study
    from processor.study.progress import bar

    settings = settings_of(config)
    every, named = study.read_skips(skip or [])
    request = study.Request(
        files=_given(files, "--labels"),
        labels=labels,
        source=source,
        skip=every,
        skip_of=named,
        report=report,
    )
    with bar("evaluate") as progress:
        found = study.evaluate(request, settings, progress)
    typer.echo("\n".join(found.lines()))
    if json_file is not None:
        json_file.write_text(json.dumps(found.document(), indent=2) + "\n", encoding="utf-8")


@commands.command(
    epilog=examples(
        "tune week.jsonl.gz --episodes-per-host-day 2 --out tuned.yaml --report tuned.html",
        "tune week.jsonl.gz --config prod.yaml --alerts-per-host-day 5",
    )
)
def tune(
    files: Annotated[
        list[Path],
        typer.Argument(
            help="A benign recording of some days: .jsonl, .csv, .evtx, .parquet.", metavar="FILE..."
        ),
    ],
    config: ConfigFile = None,
    episodes: Annotated[
        float | None, typer.Option("--episodes-per-host-day", help="Episodes to allow.", metavar="N")
    ] = None,
    alerts: Annotated[
        float | None, typer.Option("--alerts-per-host-day", help="Anomalies to allow.", metavar="N")
    ] = None,
    out: Annotated[Path | None, output("Write the config found here.", metavar="FILE")] = None,
    report_file: Annotated[Path | None, output("Write the trade-off here.", "--report")] = None,
) -> None:
    """Find the settings that stay within a budget of alerts and still tell most apart."""
    from processor.study import tune as study
    from processor.study.progress import bar

    request = study.Request(
        files=files,
        episodes_per_host_day=episodes,
        alerts_per_host_day=alerts,
        config=config,
        out=out,
        report=report_file,
    )
    settings = settings_of(config)
    with bar("tune") as progress:
        found = study.tune(request, settings, progress)
    typer.echo("\n".join(found.lines()))


@commands.command(
    epilog=examples(
        "simulate --out fleet.jsonl.gz --hosts 10 --seed 7",
        "simulate --config configs/eventcluster.yaml --rate 200 --seconds 600",
    )
)
def simulate(
    out: Annotated[
        Path | None, typer.Option(help="Write records here, labels beside.", metavar="FILE")
    ] = None,
    config: Annotated[
        Path | None, typer.Option(help="Produce into the first input topic of this config.", metavar="FILE")
    ] = None,
    seed: Seed = 1,
    hosts: Annotated[int, typer.Option(help="Hosts in the fleet.", metavar="N")] = 10,
    rate: Annotated[
        float, typer.Option(help="Records a second; times --seconds, all records.", metavar="N")
    ] = 1000.0,
    seconds: Annotated[float, typer.Option(help="For so long.", metavar="N")] = 60.0,
) -> None:
    """Make the events of a Windows fleet with attacks in it: repeatable, labelled.

    Event time has a pace of its own: about 2,000 events a host and day.
    """
    from processor.study.progress import bar
    from processor.study.simulate import output

    if (out is None) == (config is None):
        raise UsageError("give either --out FILE or --config FILE")
    plan = output.Plan(seed=seed, hosts=hosts, rate=rate, seconds=seconds)
    with bar("simulate") as progress:
        if out is not None:
            output.write_file(out, plan, progress)
        elif config is not None:
            output.write_topic(settings_of(config, broker=True), plan, progress)


def _given(files: list[Path] | None, takes_many: str) -> list[Path]:
    """The files to judge. Raises UsageError: an option that takes every file may have taken those, too."""
    if not files:
        raise UsageError(
            f"no FILE to judge: name it before {takes_many}, which takes every file up to the next option, "
            "or behind --"
        )
    return files
