"""The command line: options in, a call, its result out. What commands do is in the modules that they call."""

import json
import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import processor
from processor import logs
from processor.errors import EventclusterError, UsageError

if TYPE_CHECKING:
    from processor.config import Settings


# Options of a command that take every file up to the next option.
_TAKE_MANY = {"replay": ("--history",), "evaluate": ("--labels",)}


def _examples(*commands: str) -> str:
    # \b keeps click from joining the lines.
    return "\b\nExamples:\n" + "\n".join(f"  eventcluster {command}" for command in commands)


def _typer(help_text: str, *examples: str) -> typer.Typer:
    return typer.Typer(
        help=help_text,
        epilog=_examples(*examples),
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )


app = _typer(
    "Find the unusual process and logon events in a Kafka topic by exact streaming DBSCAN.",
    "demo",
    "replay events.jsonl.gz --sort --report report.html",
    "config check prod.yaml --broker",
    "run --config prod.yaml",
)
config_app = _typer(
    "Check, show and explain configuration files.",
    "config check prod.yaml",
    "config reference > reference.yaml",
)
schema_app = _typer("Print the JSON Schema of what is published.", "schema anomaly > anomaly.schema.json")
bench_app = _typer(
    "Measure, as JSON; only ratios are comparable between runs.", "bench pipeline --json pipeline.json"
)
dead_letters_app = _typer(
    "Look at the records that were rejected.", "dead-letters show --config prod.yaml --limit 20"
)
app.add_typer(config_app, name="config")
app.add_typer(schema_app, name="schema")
app.add_typer(bench_app, name="bench")
app.add_typer(dead_letters_app, name="dead-letters")

ConfigFile = Annotated[
    Path | None,
    typer.Option("--config", help="YAML file; EVENTCLUSTER_ variables override it.", metavar="FILE"),
]
RequiredConfigFile = Annotated[
    Path, typer.Option("--config", help="YAML file; EVENTCLUSTER_ variables override it.", metavar="FILE")
]
InputFiles = Annotated[
    list[Path] | None,
    typer.Argument(
        help=".jsonl or .csv, plain, .gz or .zst; .evtx, .parquet.", metavar="FILE...", show_default=False
    ),
]
JsonFile = Annotated[Path | None, typer.Option("--json", help="Write the measurements here.", metavar="F")]
Seed = Annotated[int, typer.Option(help="Another seed gives other events.", metavar="N", min=0)]


def main() -> None:
    """Run the command line; exit code 0 good, 1 failed while running, 2 bad usage or config."""
    logs.quiet()
    try:
        try:
            app(_spread(sys.argv[1:]), prog_name="eventcluster")
        finally:
            sys.stdout.flush()
    except EventclusterError as error:
        _complain(str(error))
        sys.exit(2 if isinstance(error, UsageError) else 1)
    except OSError as error:
        # The interpreter flushes once more when it ends, and would say it all again with a traceback.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        _complain(f"{error.strerror}: {error.filename or 'standard output'}")
        sys.exit(1)


def _spread(arguments: Sequence[str]) -> list[str]:
    """`--labels a b` as click wants it: `--labels a --labels b`; the next option, or `--`, ends the list."""
    spread: list[str] = []
    option = ""
    takes_many = _TAKE_MANY.get(arguments[0], ()) if arguments else ()
    for argument in arguments:
        if argument.startswith("-"):
            option = argument if argument in takes_many else ""
        elif option and spread[-1] != option:
            spread.append(option)
        spread.append(argument)
    return spread


def _given(files: list[Path] | None, takes_many: str) -> list[Path]:
    """The files to judge. Raises UsageError: an option that takes every file may have taken those, too."""
    if not files:
        raise UsageError(
            f"no FILE to judge: name it before {takes_many}, which takes every file up to the next option, "
            "or behind --"
        )
    return files


@app.callback(invoke_without_command=True)
def _root(
    version: Annotated[bool, typer.Option("--version", help="Print the version.", is_eager=True)] = False,
) -> None:
    if version:
        typer.echo(f"eventcluster {processor.__version__}")
        raise typer.Exit


@app.command(epilog=_examples("run --config configs/eventcluster.yaml"))
def run(config: RequiredConfigFile) -> None:
    """Read events from Kafka and publish anomalies until SIGTERM or SIGINT."""
    from processor import service

    settings = _settings(config, broker=True)
    logs.set_up(settings.logging.level, settings.logging.format)
    raise typer.Exit(service.run(settings))


@app.command(epilog=_examples("demo", "demo --seconds 30 --seed 7"))
def demo(
    seconds: Annotated[
        float | None, typer.Option(help="End after so long, with a summary.", metavar="N")
    ] = None,
    seed: Seed = 1,
    port: Annotated[
        int, typer.Option(help="Where /metrics is served.", metavar="N", min=0, max=65_535)
    ] = 8080,
) -> None:
    """Run everything in one process: a broker, a simulated fleet under attack, and the service."""
    from processor import demo as show

    raise typer.Exit(show.run(seconds=seconds, seed=seed, port=port))


@app.command(
    epilog=_examples(
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
    settings = _settings(config)
    with bar("replay") as progress:
        summary = study.replay(request, settings, progress)
    typer.echo("\n".join(summary.lines()))


@app.command(epilog=_examples("report anomalies.jsonl --out report.html --out ticket.md"))
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


@app.command(
    epilog=_examples(
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
    report: Annotated[
        Path | None, typer.Option(help="Write precision over recall here.", metavar="F.html")
    ] = None,
) -> None:
    """Measure detection on labelled streams, ours beside rivals fed the same events."""
    from processor.study import evaluate as study
    from processor.study.progress import bar

    settings = _settings(config)
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


@app.command(
    epilog=_examples(
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
    out: Annotated[Path | None, typer.Option(help="Write the config found here.", metavar="FILE")] = None,
    report_file: Annotated[
        Path | None, typer.Option("--report", help="Write the trade-off here.", metavar="F.html")
    ] = None,
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
    settings = _settings(config)
    with bar("tune") as progress:
        found = study.tune(request, settings, progress)
    typer.echo("\n".join(found.lines()))


@app.command(
    epilog=_examples(
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
            output.write_topic(_settings(config, broker=True), plan, progress)


@bench_app.command(
    "clusterer", epilog=_examples("bench clusterer --quick", "bench clusterer --json clusterer.json")
)
def bench_clusterer(
    json_file: JsonFile = None,
    plot: Annotated[Path | None, typer.Option(help="Write a plot of it here.", metavar="F.html")] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Fewer rounds: minutes become one.")] = False,
) -> None:
    """Measure the clusterer against incdbscan, DBSTREAM, DenStream and scikit-learn."""
    from processor.study.bench import clusterer

    clusterer.run(json_file, quick=quick, plot=plot)


@bench_app.command("pipeline", epilog=_examples("bench pipeline --json pipeline.json --plot pipeline.html"))
def bench_pipeline(
    config: ConfigFile = None,
    json_file: JsonFile = None,
    plot: Annotated[Path | None, typer.Option(help="Write a plot of it here.", metavar="F.html")] = None,
) -> None:
    """Measure bytes to verdict without a broker, against merely parsing the same bytes."""
    from processor.study.bench import pipeline

    pipeline.run(_settings(config), json_file, plot)


@bench_app.command(
    "kafka",
    epilog=_examples(
        "bench kafka --bootstrap localhost:9092 --json kafka.json --plot kafka.html",
        "bench kafka --bootstrap localhost:9092 --records 1000000 --seconds 60",
        "bench kafka --bootstrap localhost:9092 --profile flames.svg",
    ),
)
def bench_kafka(
    bootstrap: Annotated[
        str, typer.Option(help="Brokers to measure on; topics are made there.", metavar="H:P")
    ],
    config: ConfigFile = None,
    json_file: JsonFile = None,
    plot: Annotated[Path | None, typer.Option(help="Write a plot of it here.", metavar="F.html")] = None,
    profile: Annotated[
        Path | None, typer.Option(help="Write a flame graph of one run more here.", metavar="F.svg")
    ] = None,
    records: Annotated[
        int, typer.Option(help="To read, behind the history.", metavar="N", min=1000)
    ] = 200_000,
    rounds: Annotated[int, typer.Option(help="Turns of each engine.", metavar="N", min=1)] = 2,
    seconds: Annotated[float, typer.Option(help="At each rate of produce.", metavar="N", min=1)] = 20.0,
) -> None:
    """Measure Kafka to Kafka, exactly once, against merely reading and parsing the same topic."""
    from processor.study.bench import kafka

    plan = kafka.Plan(records, rounds, seconds)
    kafka.run(_settings(config), bootstrap, json_file, plan=plan, plot=plot, profile=profile)


@config_app.command(epilog=_examples("config check prod.yaml", "config check prod.yaml --broker"))
def check(
    file: Annotated[Path, typer.Argument(metavar="FILE")],
    broker: Annotated[
        bool, typer.Option("--broker", help="Also look at the topics: keys, timestamps, retention, rights.")
    ] = False,
) -> None:
    """Say what is wrong with a config file, or that nothing is."""
    from processor.config.advice import advice

    settings = _settings(file, broker=True)
    settings.pipeline()
    typer.echo(f"{file}: good")
    for line in advice(settings, datetime.now(UTC).date()):
        typer.echo(f"advice: {line}")
    if broker:
        from processor import service

        findings = service.inspect(settings)
        typer.echo("\n".join(map(str, findings)))
        raise typer.Exit(any(finding.level == "wrong" for finding in findings))


@config_app.command(epilog=_examples("config show prod.yaml"))
def show(file: Annotated[Path, typer.Argument(metavar="FILE")]) -> None:
    """Print the whole effective configuration, secrets hidden."""
    from processor.config import render

    typer.echo(render.effective(_settings(file)), nl=False)


@config_app.command(epilog=_examples("config reference > reference.yaml"))
def reference() -> None:
    """Print every option with its default and meaning."""
    from processor.config import render

    typer.echo(render.reference(), nl=False)


@config_app.command("schema", epilog=_examples("config schema > eventcluster.schema.json"))
def config_schema() -> None:
    """Print the JSON Schema of config files, for editors."""
    from processor.config import render

    typer.echo(json.dumps(render.json_schema(), indent=2))


@schema_app.command(epilog=_examples("schema anomaly > anomaly.schema.json"))
def anomaly() -> None:
    """Print the JSON Schema of the records in the anomalies topic."""
    from importlib import resources

    typer.echo(
        resources.files("processor.records.schemas").joinpath("anomaly.json").read_text("utf-8"), nl=False
    )


@dead_letters_app.command("show", epilog=_examples("dead-letters show --config prod.yaml --limit 20"))
def dead_letters_show(
    config: RequiredConfigFile,
    limit: Annotated[int, typer.Option(help="The newest so many.", metavar="N", min=1, max=100_000)] = 10,
) -> None:
    """Print the newest rejected records: why, from where, and how each begins."""
    from processor import service

    for line in service.dead_letters(_settings(config, broker=True), limit):
        typer.echo(line)


def _settings(path: Path | None, *, broker: bool = False) -> "Settings":
    from processor.config import load

    return load(path, os.environ, broker=broker)


def _complain(text: str) -> None:
    for line in text.splitlines():
        typer.echo(f"error: {line}", err=True)
