import json
import re
from pathlib import Path

import pytest

from deploy.grafana.__main__ import FILES
from deploy.grafana.board import Board, Panel, render
from tests.deploy.promql import unknown_names

PANELS = [(board.uid, panel) for board in FILES.values() for panel in board.panels]


@pytest.mark.parametrize(("path", "board"), FILES.items(), ids=lambda each: getattr(each, "stem", ""))
def test_the_committed_dashboard_is_what_the_code_gives(path: Path, board: Board) -> None:
    """`make generate-deploy` would change nothing."""
    assert render(board) == path.read_text()


@pytest.mark.parametrize(("uid", "panel"), PANELS, ids=[f"{uid}-{panel.title}" for uid, panel in PANELS])
def test_a_panel_asks_only_for_what_the_service_exports(uid: str, panel: Panel) -> None:
    """No query names a metric that does not exist."""
    assert set() == {name for query in panel.queries for name in unknown_names(query.expr)}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_dashboard_names_no_data_source_of_its_own(path: Path) -> None:
    """Every panel and query takes the data source that the viewer chose."""
    uids = set(re.findall(r'"uid": "([^"]+)"', path.read_text())) - {json.loads(path.read_text())["uid"]}

    assert {"${datasource}"} == uids


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_panel_has_a_description(path: Path) -> None:
    """A reader can hover over any panel and learn what to conclude."""
    panels = [panel for panel in json.loads(path.read_text())["panels"] if panel["type"] != "row"]

    assert panels
    assert all(panel["description"] for panel in panels)
