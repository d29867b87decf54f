from contextlib import suppress
from pathlib import Path
from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from processor.config import Settings, load, render
from processor.errors import ConfigError

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**20), 10**20),
    st.floats(),
    st.dates(),
    st.sampled_from(
        ["7d", "0s", "1MiB", "msticpy", "host.name", "(a+)+", "\\", "a:1", "auto", "", "*", "::", "ünï"]
    ),
    st.text(max_size=20),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["match", "replace", "reason", "host.name", "kind"]), inner, max_size=3
        )
        | st.dictionaries(SCALARS, inner, max_size=2)
    ),
    max_leaves=6,
)


def sections(model: type[BaseModel]) -> st.SearchStrategy[Any]:
    """Configs with the keys of `model`, a few of them, and any values."""
    fields: dict[str, st.SearchStrategy[Any]] = {
        name: VALUES | sections(type(field.default)) if isinstance(field.default, BaseModel) else VALUES
        for name, field in model.model_fields.items()
    }
    return st.lists(st.sampled_from(sorted(fields)), max_size=4, unique=True).flatmap(
        lambda names: st.fixed_dictionaries({name: fields[name] for name in names})
    )


@settings(max_examples=300)
@given(sections(Settings))
def test_any_config_is_taken_or_refused_with_a_sentence(
    tmp_path_factory: Any, config: dict[str, Any]
) -> None:
    """Whatever stands in the file: settings that can be built and shown, or a ConfigError, no traceback."""
    file: Path = tmp_path_factory.mktemp("any") / "c.yaml"
    file.write_text(yaml.safe_dump(config, allow_unicode=True), encoding="utf-8")

    with suppress(ConfigError):
        taken = load(file, {})
        taken.pipeline()
        file.write_text(render.effective(taken), encoding="utf-8")
        assert taken == load(file, {}) or taken.kafka.properties or taken.web.token


@settings(max_examples=300)
@given(st.text(max_size=200))
def test_any_text_is_taken_or_refused_with_a_sentence(tmp_path_factory: Any, text: str) -> None:
    """A file that is no YAML, or YAML's odd corners, gives a ConfigError."""
    file: Path = tmp_path_factory.mktemp("any") / "c.yaml"
    file.write_text(text, encoding="utf-8", errors="surrogatepass")

    with suppress(ConfigError):
        load(file, {})
