"""`make audit`: known vulnerabilities of what the image installs.

pip-audit asks an advisory service (PyPI's, then OSV's, or a mirror). Where none can be reached it reports
"no known vulnerabilities" of packages that it could not look up; this says so instead: nothing was audited.
Exit 0 audited and clean, or no service reachable; 1 vulnerable.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

REQUIREMENTS: Final = Path(__file__).resolve().parents[2] / "requirements" / "runtime.txt"
PUBLIC: Final = (("--vulnerability-service", "pypi"), ("--vulnerability-service", "osv"))
ANSWER_WITHIN_S: Final = 120


def audited(answer: dict[str, Any]) -> list[str]:
    """Names of the packages that the service knew (PyPI knows all that we install)."""
    return [each["name"] for each in answer["dependencies"] if "skip_reason" not in each]


def skipped(answer: dict[str, Any]) -> list[str]:
    """Names of those that it did not."""
    return [each["name"] for each in answer["dependencies"] if "skip_reason" in each]


def vulnerable(answer: dict[str, Any]) -> list[str]:
    """One line for each known vulnerability."""
    return [
        f"{package['name']} {package['version']}: {found['id']}, fixed in {_releases(found)}"
        for package in answer["dependencies"]
        for found in package.get("vulns", ())
    ]


def _releases(found: dict[str, Any]) -> str:
    return ", ".join(found["fix_versions"]) or "no release"


def _ask(service: Iterable[str]) -> dict[str, Any] | None:
    """What pip-audit answers as JSON; None where the service did not answer, or knew no package at all."""
    command = [sys.executable, "-m", "pip_audit", "--require-hashes", "--disable-pip"]
    command += ["--progress-spinner", "off", "--timeout", "10", "--format", "json", *service]
    try:
        done = subprocess.run(  # noqa: S603 - our own arguments
            [*command, "--requirement", str(REQUIREMENTS)],
            capture_output=True,
            text=True,
            check=False,
            timeout=ANSWER_WITHIN_S,
        )
        answer: dict[str, Any] = json.loads(done.stdout)
    except (ValueError, subprocess.TimeoutExpired):
        return None
    return answer if audited(answer) else None


def main(arguments: Sequence[str]) -> int:
    """Audit with the first service that answers."""
    parser = argparse.ArgumentParser(description="Known vulnerabilities of what the image installs.")
    parser.add_argument(
        "--osv-url", help="a mirror of https://api.osv.dev/v1/query, asked in place of the public ones"
    )
    mirror = parser.parse_args(arguments).osv_url
    services = (("--vulnerability-service", "osv", "--osv-url", mirror),) if mirror else PUBLIC
    for service in services:
        answer = _ask(service)
        if answer is not None:
            lines = vulnerable(answer)
            lines += [f"NOT AUDITED: {name}: the service does not know it" for name in skipped(answer)]
            lines.append(
                f"audited {len(audited(answer))} packages, {len(vulnerable(answer))} known vulnerabilities"
            )
            sys.stdout.write("".join(f"{line}\n" for line in lines))
            return 1 if vulnerable(answer) else 0
    asked = mirror or "PyPI nor OSV"
    sys.stdout.write(
        f"NOT AUDITED: {'' if mirror else 'neither '}{asked} answers from here: known vulnerabilities of "
        "requirements/runtime.txt were not looked for. OSV_URL=... names a mirror\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
