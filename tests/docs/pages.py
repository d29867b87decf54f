"""The fenced blocks of a Markdown page, and the commands in them.

```console            run in order, in a folder where the checkout's files can be seen
```console kafka      as above, with $KAFKA and, over TLS, $KAFKA_TLS, $KAFKA_CA, $KAFKA_PASSWORD_FILE
```console alertmanager   as above, and $ALERTMANAGER
```console setup      `make` targets that the tests' set-up, or a test of their own, has run already: dry-run
```console docker     where a docker engine answers
```console kubernetes   where kubectl reaches a cluster
```python             a program, or a doctest
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_FENCE: Final = re.compile(r"^```(\S+)?([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NEEDS: Final = ("", "setup", "kafka", "alertmanager", "docker", "kubernetes")
# Languages of blocks that hold no commands.
SILENT: Final = ("yaml", "json", "text")


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block: its language, the word after it, its text."""

    language: str
    needs: str
    text: str

    @property
    def script(self) -> str:
        """The lines behind "$ ", with their continuations: here-documents and indented lines."""
        lines: list[str] = []
        ending = ""
        for line in self.text.splitlines():
            if line.startswith("$ ") and not ending:
                lines.append(line[2:])
                found = re.search(r"<<'?(\w+)'?", line)
                ending = found[1] if found else ""
            elif ending or (lines and lines[-1].endswith("\\")):
                lines.append(line)
                ending = "" if line == ending else ending
        return "\n".join(lines) + "\n"


def blocks(page: Path) -> list[Block]:
    """Every fenced block of a page, in order."""
    return [
        Block(language or "", needs.strip(), text)
        for language, needs, text in _FENCE.findall(page.read_text())
    ]
