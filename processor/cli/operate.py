"""Commands of whoever runs the service: run and demo, its configuration, its schema, its dead letters."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from processor import logs
from processor.cli.options import RequiredConfigFile, Seed, examples, group, settings_of

commands = typer.Typer()
config_commands = group(
    "Check, show and explain configuration files.",
    "config check prod.yaml",
    "config reference > reference.yaml",
)
schema_commands = group("Print the JSON Schema of what is published.", "schema anomaly > anomaly.schema.json")
dead_letters_commands = group(
    "Look at the records that were rejected.", "dead-letters show --config prod.yaml --limit 20"
)


@commands.command(epilog=examples("run --config configs/eventcluster.yaml"))
def run(config: RequiredConfigFile) -> None:
    """Read events from Kafka and publish anomalies until SIGTERM or SIGINT."""
    from processor import service

    settings = settings_of(config, broker=True)
    logs.set_up(settings.logging.level, settings.logging.format)
    raise typer.Exit(service.run(settings))


@commands.command(epilog=examples("demo", "demo --seconds 30 --seed 7"))
def demo(
    seconds: Annotated[
        float | None,
        typer.Option(help="End after so long, later on a slow machine, with a summary.", metavar="N"),
    ] = None,
    seed: Seed = 1,
    port: Annotated[
        int, typer.Option(help="Where page and /metrics are served.", metavar="N", min=0, max=65_535)
    ] = 8080,
) -> None:
    """Run everything in one process: a broker, a simulated fleet under attack, and the service."""
    from processor import demo as show

    raise typer.Exit(show.run(seconds=seconds, seed=seed, port=port))


@config_commands.command(epilog=examples("config check prod.yaml", "config check prod.yaml --broker"))
def check(
    file: Annotated[Path, typer.Argument(metavar="FILE")],
    broker: Annotated[
        bool, typer.Option("--broker", help="Also look at the topics: keys, timestamps, retention, rights.")
    ] = False,
) -> None:
    """Say what is wrong with a config file, or that nothing is."""
    from processor.config.advice import advice

    settings = settings_of(file, broker=True)
    settings.pipeline()
    typer.echo(f"{file}: good")
    for line in advice(settings, datetime.now(UTC).date()):
        typer.echo(f"advice: {line}")
    if broker:
        from processor import service

        findings = service.inspect(settings)
        typer.echo("\n".join(map(str, findings)))
        raise typer.Exit(any(finding.level == "wrong" for finding in findings))


@config_commands.command(epilog=examples("config show prod.yaml"))
def show(file: Annotated[Path, typer.Argument(metavar="FILE")]) -> None:
    """Print the whole effective configuration, secrets hidden."""
    from processor.config import render

    typer.echo(render.effective(settings_of(file)), nl=False)


@config_commands.command(epilog=examples("config reference > reference.yaml"))
def reference() -> None:
    """Print every option with its default and meaning."""
    from processor.config import render

    typer.echo(render.reference(), nl=False)


@config_commands.command("schema", epilog=examples("config schema > eventcluster.schema.json"))
def config_schema() -> None:
    """Print the JSON Schema of config files, for editors."""
    from processor.config import render

    typer.echo(json.dumps(render.json_schema(), indent=2))


@schema_commands.command(epilog=examples("schema anomaly > anomaly.schema.json"))
def anomaly() -> None:
    """Print the JSON Schema of the records in the anomalies topic."""
    from processor.records.schemas import anomaly_schema

    typer.echo(anomaly_schema(), nl=False)


@dead_letters_commands.command("show", epilog=examples("dead-letters show --config prod.yaml --limit 20"))
def dead_letters_show(
    config: RequiredConfigFile,
    limit: Annotated[int, typer.Option(help="The newest so many.", metavar="N", min=1, max=100_000)] = 10,
) -> None:
    """Print the newest rejected records: why, from where, and how each begins."""
    from processor import service

    for line in service.dead_letters(settings_of(config, broker=True), limit):
        typer.echo(line)
