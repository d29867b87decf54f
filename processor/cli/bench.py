"""The commands that measure."""

from pathlib import Path
from typing import Annotated

import typer

from processor.cli.options import ConfigFile, JsonFile, examples, group, output, settings_of

commands = group(
    "Measure, as JSON; only ratios are comparable between runs.", "bench pipeline --json pipeline.json"
)

PlotFile = Annotated[Path | None, output("Write a plot of it here.")]


@commands.command(
    "clusterer",
    epilog=examples("bench clusterer --quick", "bench clusterer --json clusterer.json --plot clusterer.html"),
)
def bench_clusterer(
    json_file: JsonFile = None,
    plot: PlotFile = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="Less of everything: three minutes instead of thirty.")
    ] = False,
) -> None:
    """Measure the clusterer against incdbscan, DBSTREAM, DenStream and scikit-learn, and its worst cases."""
    from processor.study.bench import clusterer

    clusterer.run(json_file, quick=quick, plot=plot)


@commands.command("pipeline", epilog=examples("bench pipeline --json pipeline.json --plot pipeline.html"))
def bench_pipeline(
    config: ConfigFile = None,
    json_file: JsonFile = None,
    plot: PlotFile = None,
) -> None:
    """Measure bytes to verdict without a broker, against merely parsing the same bytes."""
    from processor.study.bench import pipeline

    pipeline.run(settings_of(config), json_file, plot)


@commands.command("state", epilog=examples("bench state --json state.json", "bench state --events 100000"))
def bench_state(
    config: ConfigFile = None,
    json_file: JsonFile = None,
    events: Annotated[int, typer.Option(help="In the window.", metavar="N", min=1000)] = 1_000_000,
) -> None:
    """Measure how large the state of a window is, and how long a restart takes to restore it."""
    from processor.study.bench import state

    state.run(settings_of(config), events, json_file)


@commands.command(
    "kafka",
    epilog=examples(
        "bench kafka --bootstrap localhost:9092 --json kafka.json --plot kafka.html",
        "bench kafka --bootstrap localhost:9092 --records 1000000 --seconds 60",
        "bench kafka --bootstrap localhost:9092 --profile flames.svg",
    ),
)
def bench_kafka(
    bootstrap: Annotated[
        str,
        typer.Option(
            help="Brokers to measure on, in place of kafka.bootstrap_servers; topics are made there.",
            metavar="H:P",
        ),
    ],
    config: ConfigFile = None,
    json_file: JsonFile = None,
    plot: PlotFile = None,
    profile: Annotated[
        Path | None, output("Write a flame graph of one run more here.", metavar="F.svg")
    ] = None,
    records: Annotated[
        int,
        typer.Option(
            help="To read, behind the history; a fifth where 1, 20 and 100 % are new.",
            metavar="N",
            min=20_000,
        ),
    ] = 1_500_000,
    rounds: Annotated[int, typer.Option(help="Turns of each engine.", metavar="N", min=1)] = 2,
    seconds: Annotated[
        float, typer.Option(help="At each rate of produce.", metavar="N", min=1, max=86_400)
    ] = 20.0,
) -> None:
    """Measure Kafka to Kafka, exactly once, against merely reading and parsing the same topic."""
    from processor.study.bench import kafka

    plan = kafka.Plan(records, rounds, seconds)
    kafka.run(settings_of(config), bootstrap, json_file, plan=plan, plot=plot, profile=profile)
