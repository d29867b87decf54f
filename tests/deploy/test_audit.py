from deploy.image.audit import audited, vulnerable


def test_an_answer_in_which_every_package_was_skipped_is_no_audit() -> None:
    """pip-audit calls it "no known vulnerabilities", though the service knew none of the packages."""
    skipped = {"dependencies": [{"name": "jinja2", "skip_reason": "Dependency not found on PyPI"}]}

    assert not audited(skipped)


def test_a_known_vulnerability_is_told_with_its_remedy() -> None:
    """Package, version, advisory and the release that mends it."""
    found = {"id": "GHSA-1", "fix_versions": ["3.1.6"]}
    answer = {"dependencies": [{"name": "jinja2", "version": "3.1.0", "vulns": [found]}]}

    assert audited(answer)
    assert ["jinja2 3.1.0: GHSA-1, fixed in 3.1.6"] == vulnerable(answer)
