"""`make audit`: known vulnerabilities of what the image installs.

pip-audit asks an advisory service (PyPI's, then OSV). Where none can be reached it reports "no known
vulnerabilities" of packages that it could not look up; this says so instead: nothing was audited.
Exit 0 audited and clean, or no service reachable; 1 vulnerable.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

REQUIREMENTS: Final = Path(__file__).resolve().parents[2] / "requirements" / "runtime.txt"
SERVICES: Final = ("pypi", "osv")


def audited(answer: dict[str, Any]) -> bool:
    """Whether the service knew at least one of the packages (PyPI knows all that we install)."""
    return any("skip_reason" not in package for package in answer["dependencies"])


def vulnerable(answer: dict[str, Any]) -> list[str]:
    """One line for each known vulnerability."""
    return [
        f"{package['name']} {package['version']}: {found['id']}, fixed in {_releases(found)}"
        for package in answer["dependencies"]
        for found in package.get("vulns", ())
    ]


def _releases(found: dict[str, Any]) -> str:
    return ", ".join(found["fix_versions"]) or "no release"


def _ask(service: str) -> dict[str, Any] | None:
    command = [
        sys.executable,
        "-m",
        "pip_audit",
        "--require-hashes",
        "--disable-pip",
        "--progress-spinner",
        "off",
    ]
    command += ["--vulnerability-service", service, "--timeout", "10", "--format", "json"]
    done = subprocess.run(  # noqa: S603 - fixed arguments
        [*command, "--requirement", str(REQUIREMENTS)], capture_output=True, text=True, check=False
    )
    try:
        answer: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        return None
    return answer if audited(answer) else None


def main() -> int:
    """Audit with the first service that answers."""
    for service in SERVICES:
        answer = _ask(service)
        if answer is not None:
            lines = vulnerable(answer)
            sys.stdout.write("".join(f"{line}\n" for line in lines))
            sys.stdout.write(
                f"audited {len(answer['dependencies'])} packages, {len(lines)} known vulnerabilities\n"
            )
            return 1 if lines else 0
    sys.stdout.write("NOT AUDITED: no advisory service can be reached from here\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
