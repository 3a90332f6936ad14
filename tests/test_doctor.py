import json
import subprocess
import sys

from click.testing import CliRunner

from earmark.cli import main
from earmark.doctor import Finding, examine, explain
from earmark.models.registry import get, rows
from earmark.models.weight_files import imagenet_path


def test_it_finds_this_machine(project_root, monkeypatch):
    monkeypatch.chdir(project_root)
    findings = {f.name: f for f in examine()}
    assert int(findings["cores"].found) >= 1
    assert findings["snakemake"].level == "ok"
    assert findings["earmark_base"].found == "0.2 M parameters, 384 channels, weights embedded, none, a file"
    assert not [f for f in findings.values() if f.level == "missing"]


def test_it_says_which_imagenet_weights_are_here(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    (tmp_path / "models").mkdir()
    imagenet_path(get("resnet50")).touch()
    findings = {f.name: f for f in examine()}
    assert findings["backbones"].found.endswith(f"looked for in {tmp_path}/models")
    said = "M parameters, 2048 channels, 224 pixels, weights imagenet"
    assert (findings["resnet50"].found, findings["resnet50"].level) == (f"23.6 {said}, none, a file", "ok")
    assert findings["resnet101"].found == f"42.7 {said} (not here yet), none, a file"
    assert findings["resnet101"].level == "note"
    assert {row.name for row in rows()} <= findings.keys()


def test_it_is_quick():
    code = "import sys; from earmark.doctor import examine; examine(); sys.exit('keras' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_what_is_missing_is_counted_and_sets_the_exit_code(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(main, ["doctor", "--json"])
    missing = [f["name"] for f in json.loads(result.output) if f["level"] == "missing"]
    assert missing == ["params.yaml"]
    assert result.exit_code == 1


def test_the_verdict_is_plain():
    assert "1 thing(s) missing" in explain([Finding("git", "not found", "missing")])
    assert "all that is needed is here" in explain([Finding("git", "/usr/bin/git")])
