"""`python -m deploy.grafana` writes the dashboards' JSON; `--check` fails where one is not current."""

import argparse
import sys
from pathlib import Path

from deploy.grafana.board import Board, render
from deploy.grafana.detection import DETECTION
from deploy.grafana.service import SERVICE

FILES: dict[Path, Board] = {
    Path(__file__).parent / "dashboards" / f"{name}.json": board
    for name, board in (("detection", DETECTION), ("service", SERVICE))
}


def main() -> int:
    """Write every dashboard, or say which file is not what the code gives."""
    parser = argparse.ArgumentParser(prog="python -m deploy.grafana", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, exit 1 where a file is stale")
    check = parser.parse_args().check
    stale = [path for path, board in FILES.items() if not path.exists() or path.read_text() != render(board)]
    for path in stale:
        if check:
            sys.stderr.write(f"{path} is not current: run `make generate-deploy`\n")
        else:
            path.write_text(render(FILES[path]))
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
