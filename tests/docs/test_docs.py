"""Every command in the docs is run; every link and every config in them is looked at."""

import doctest
import os
import re
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
import yaml
from _pytest.mark import ParameterSet

from processor.config import Settings, load
from tests.deploy.command_line import unknown_words
from tests.deploy.tools import CHECKOUT, program, without_ours
from tests.docs.pages import NEEDS, SILENT, Block, blocks
from tests.kafka.services import until
from tests.support import kafka_tools
from tests.support.absent import absent
from tests.support.brokers import Unavailable, docker_answers, free_ports
from tests.support.secure_kafka import SecureCluster, started

DOCS: Final = CHECKOUT / "docs"
PAGES: Final = [CHECKOUT / "README.md", *sorted(DOCS.rglob("*.md"))]
PASSWORD: Final = "correct horse"  # noqa: S105 - of a user that lives as long as the test


@pytest.fixture
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecureCluster]:
    """A page's own broker with TLS, SCRAM and ACLs, on which the plain listener may do everything."""
    running = started(tmp_path_factory.mktemp("certificates"))
    running.add_user("eventcluster", PASSWORD)
    yield running
    running.stop()


@pytest.fixture(scope="module")
def alertmanager(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a real Alertmanager with the config of deploy/downstream."""
    folder = tmp_path_factory.mktemp("alertmanager")
    [port] = free_ports(1)
    config = CHECKOUT / "deploy/downstream/alertmanager.yml"
    command = [program("prometheus-alertmanager"), f"--config.file={config}", f"--storage.path={folder}"]
    command += [f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address="]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    address = f"127.0.0.1:{port}"
    until(lambda: _answers(f"{address}/-/ready"), "Alertmanager is ready")
    yield f"http://{address}"
    process.terminate()
    process.wait(60)


@pytest.fixture
def workplace(tmp_path: Path) -> Path:
    """A folder to write in, in which everything of the checkout can be seen."""
    for entry in CHECKOUT.iterdir():
        if entry.name not in {".git", ".artefacts"}:
            (tmp_path / entry.name).symlink_to(entry)
    return tmp_path


def _with_commands() -> list[ParameterSet]:
    """Pages that have any; those that need a broker one after the other."""
    pages = []
    for page in PAGES:
        needed = {block.needs for block in blocks(page) if block.language == "console"}
        brokers = [pytest.mark.kafka, pytest.mark.xdist_group("kafka-docs")]
        if needed:
            marks = brokers if needed & {"kafka", "alertmanager"} else []
            pages.append(pytest.param(page, id=page.stem, marks=marks))
    return pages


@pytest.mark.timeout(900)
@pytest.mark.parametrize("page", _with_commands())
def test_the_commands_of_a_page_work(
    page: Path, workplace: Path, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> None:
    """In order, in one folder; each exits 0."""
    needed = {block.needs for block in blocks(page) if block.language == "console"}
    environment = without_ours()
    bin_folder = tmp_path_factory.mktemp("bin")
    path = [str(bin_folder), str(Path(sys.executable).parent), environment["PATH"]]
    environment["PATH"] = os.pathsep.join(path)
    if needed & {"kafka", "alertmanager"}:
        environment |= _kafka(request.getfixturevalue("cluster"), bin_folder)
    if "alertmanager" in needed:
        environment["ALERTMANAGER"] = request.getfixturevalue("alertmanager")
        _publish_anomalies(environment, workplace)
    for block in blocks(page):
        if block.language == "console" and _can_run(block):
            said = _run(block, workplace, environment)
            sys.stdout.write(said)
            if block.needs == "alertmanager":
                assert "EventclusterAnomaly" in said


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_block_is_a_command_that_is_run_or_no_command(page: Path) -> None:
    """No fenced block escapes: its language says what is done with it."""
    for block in blocks(page):
        assert block.language in (*SILENT, "console", "python"), block
        assert block.language != "console" or (block.needs in NEEDS and block.script.strip()), block


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_link_leads_somewhere(page: Path) -> None:
    """To a file of the checkout, and to a heading in it where the link names one."""
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        if target.startswith(("http://", "https://")):
            continue
        name, _, anchor = target.partition("#")
        file = (page.parent / name).resolve() if name else page
        assert file.exists(), f"{page.name}: {target}"
        if anchor:
            headings = re.findall(r"^#+ (.+)$", file.read_text(), re.MULTILINE)
            slugs = {
                re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in headings
            }
            assert anchor in slugs, f"{page.name}: {target}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_python_in_a_page_runs(page: Path) -> None:
    """Blocks with prompts, as one session, give what they say; others run as they are."""
    ours = [block for block in blocks(page) if block.language == "python"]
    for block in ours:
        if ">>>" not in block.text:
            subprocess.run([sys.executable, "-c", block.text], check=True, cwd=CHECKOUT, timeout=250)

    session = "".join(block.text for block in ours if ">>>" in block.text)
    failed, _ = doctest.DocTestRunner().run(
        doctest.DocTestParser().get_doctest(session, {}, page.stem, str(page), 0)
    )
    assert failed == 0


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_command_named_in_a_sentence_exists(page: Path) -> None:
    """Each `eventcluster ...` and `make ...` between backticks: the command, its options, the target."""
    inline = re.findall(r"(?<!`)`([^`\n]+)`(?!`)", page.read_text())
    targets = set(re.findall(r"^([a-z-]+):", _makefiles(), re.MULTILINE))
    for said in inline:
        program_name, *words = said.split()
        if program_name == "eventcluster" and words:
            assert unknown_words(words) == [], f"{page.name}: {said}"
        elif program_name == "make":
            assert set(words) <= targets, f"{page.name}: {said}"


def test_the_readme_leads_to_every_page() -> None:
    """Nobody has to list the folder."""
    linked = {
        (CHECKOUT / target.partition("#")[0]).resolve()
        for target in re.findall(r"\]\(([^)\s]+)\)", (CHECKOUT / "README.md").read_text())
    }

    assert set(DOCS.glob("*.md")) <= linked


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_config_in_a_page_is_good(page: Path, tmp_path: Path) -> None:
    """YAML whose keys are ours loads; other blocks are somebody else's YAML and parse."""
    for number, block in enumerate(blocks(page)):
        if block.language == "yaml":
            parsed = yaml.safe_load(block.text)
            if parsed.keys() <= Settings.model_fields.keys():
                config = tmp_path / f"{number}.yaml"
                config.write_text(block.text)
                load(config, {})


def test_the_published_schema_is_the_packages_own() -> None:
    """docs/schemas/anomaly.json is what `eventcluster schema anomaly` prints."""
    packaged = CHECKOUT / "processor/records/schemas/anomaly.json"

    assert packaged.read_text() == (DOCS / "schemas/anomaly.json").read_text()


def _makefiles() -> str:
    return (CHECKOUT / "Makefile").read_text() + (CHECKOUT / "deploy/deploy.mk").read_text()


def _kafka(cluster: SecureCluster, bin_folder: Path) -> dict[str, str]:
    try:
        kafka_tools.install(bin_folder)
    except Unavailable as missing:
        absent(missing)
    password = bin_folder / "password"
    password.write_text(f"{PASSWORD}\n")
    return {
        "KAFKA": cluster.bootstrap,
        "KAFKA_TLS": cluster.secure,
        "KAFKA_CA": str(cluster.certificates / "ca.crt"),
        "KAFKA_PASSWORD_FILE": str(password),
    }


def _publish_anomalies(environment: dict[str, str], folder: Path) -> None:
    """Anomalies as the service publishes them, from a simulated fleet, into the anomalies topic."""
    steps = """
        kafka-topics.sh --bootstrap-server $KAFKA --create --if-not-exists --topic eventcluster.anomalies
        eventcluster simulate --out fleet.jsonl.gz --hosts 3 --rate 1000 --seconds 12
        eventcluster replay fleet.jsonl.gz --anomalies found.jsonl
        kcat -b $KAFKA -P -t eventcluster.anomalies -l found.jsonl
    """
    _shell(steps, folder, environment)


def _can_run(block: Block) -> bool:
    if block.needs == "docker":
        return docker_answers()
    if block.needs == "kubernetes":
        asked = ["kubectl", "version", "--request-timeout=5s"]
        kubectl = shutil.which("kubectl")
        return kubectl is not None and subprocess.run(asked, capture_output=True, check=False).returncode == 0
    return True


def _run(block: Block, folder: Path, environment: dict[str, str]) -> str:
    script = block.script
    if block.needs == "setup":
        script = re.sub(r"^make ", "make --dry-run ", script, flags=re.MULTILINE)
    return _shell(script, folder, environment)


def _shell(script: str, folder: Path, environment: dict[str, str]) -> str:
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, f"{script}\n{done.stdout[-3000:]}"
    return done.stdout


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"http://{address}", timeout=20) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False
