import json

from click.testing import CliRunner

from earmark.cli import main
from earmark.doctor import Finding, examine, explain


def test_it_finds_this_machine(project_root, monkeypatch):
    monkeypatch.chdir(project_root)
    findings = {f.name: f for f in examine()}
    assert int(findings["cores"].found) >= 1
    assert findings["snakemake"].level == "ok"
    assert "earmark_base" in findings["backbones"].found
    assert not [f for f in findings.values() if f.level == "missing"]


def test_what_is_missing_is_counted_and_sets_the_exit_code(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(main, ["doctor", "--json"])
    missing = [f["name"] for f in json.loads(result.output) if f["level"] == "missing"]
    assert missing == ["params.yaml"]
    assert result.exit_code == 1


def test_the_verdict_is_plain():
    assert "1 thing(s) missing" in explain([Finding("git", "not found", "missing")])
    assert "all that is needed is here" in explain([Finding("git", "/usr/bin/git")])
