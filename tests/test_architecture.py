"""The house plan, checked: imports point down, heavy libraries stay where they are needed."""

import ast
import subprocess
import sys

import pytest

ROOMS = ("ground", "audio", "shards", "corpus", "models", "serving", "evaluation")
FLOORS = {
    "ground": set(),
    "audio": {"ground"},
    "shards": {"ground", "audio"},
    "corpus": {"ground", "audio"},
    "models": {"ground", "audio", "shards"},
    "serving": {"ground", "audio", "models"},
    "evaluation": {"ground", "audio", "shards", "models", "serving"},
    "plan": {"ground", "audio", "shards", "corpus", "models"},
    "tracking": {"ground", "audio", "serving"},
    "profile": {"ground", "evaluation"},
    "stage_times": {"ground", "shards", "plan", "profile"},
    "sweeps": {"ground", "shards", "models", "evaluation", "plan", "tracking", "profile", "stage_times"},
    "top": {*ROOMS, "plan", "tracking", "profile", "stage_times", "sweeps"},
}
GROUND = {
    "errors",
    "versions",
    "digest",
    "provenance",
    "sections",
    "training",
    "space",
    "overlay",
    "config",
    "recipes",
    "store",
    "recordings",
    "inventory",
    "naming",
    "seeding",
    "splits",
}
ONLY_IN: dict[str, set[str]] = {
    "mlflow": {"tracking/", "serving/pyfunc.py", "lineage/tracked.py"},
    "optuna": {"sweeps/trials.py"},
    "snakemake": {"sweeps/benchmark.py"},
    "tensorflow": {"models/litert.py", "models/tensorflow_"},  # the converter to its own format
}


def room(module: str) -> str:
    """Which part of the house ``earmark.<first>…`` belongs to."""
    parts = module.split(".")
    first = parts[1] if len(parts) > 1 else "__init__"
    if first in FLOORS:
        return first
    return "ground" if first in GROUND or first in ("__init__", "__version__") else "top"


def imports(path):
    """Dotted names that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def sources(project_root):
    package = project_root / "earmark"
    return [(path, path.relative_to(package).as_posix()) for path in sorted(package.rglob("*.py"))]


def test_imports_only_point_down(project_root):
    wrong = []
    for path, name in sources(project_root):
        here = room("earmark." + name.removesuffix(".py").replace("/", "."))
        for module in imports(path):
            if module.startswith("earmark.") and (there := room(module)) not in FLOORS[here] | {here}:
                wrong.append(f"{name} ({here}) imports {module} ({there})")
    assert wrong == []


def test_heavy_libraries_stay_in_their_rooms(project_root):
    for path, name in sources(project_root):
        for module in imports(path):
            library = module.split(".")[0]
            assert library not in ONLY_IN or name.startswith(tuple(ONLY_IN[library])), f"{name} imports {module}"
            assert library != "keras" or name.startswith(("models/", "serving/")), f"{name} imports keras"


def imported(module, names):
    """Which of ``names`` importing ``module`` imports, in a process of its own."""
    code = f"import sys, {module}; print(*sorted(set(sys.modules) & set(sys.argv[1:])))"
    return subprocess.run(
        [sys.executable, "-c", code, *names], capture_output=True, text=True, check=True
    ).stdout.split()


@pytest.mark.parametrize(
    "module", ["earmark.cli", "earmark.plan", "earmark.sweeps.search", "earmark.shards.write", "earmark.audio.frontend"]
)
def test_light_modules_import_nothing_heavy(module):
    assert imported(module, ["tensorflow", "keras", "mlflow", "librosa", "matplotlib", "sklearn", "pandas"]) == []


@pytest.mark.parametrize(
    "module", ["earmark.evaluation.evaluate", "earmark.evaluation.explore", "earmark.tracking.record"]
)
def test_what_only_judges_does_not_wait_for_tensorflow(module):
    """It takes several seconds to import."""
    assert imported(module, ["tensorflow", "keras"]) == []


def test_files_are_short_and_mirrored_by_tests(project_root):
    tests = {path.name for path in (project_root / "tests").rglob("test_*.py")}
    for path, name in sources(project_root):
        assert len(path.read_text().splitlines()) <= 400, f"{name} is longer than 400 lines"
        if path.stem not in ("__init__", "__main__", "versions"):
            assert f"test_{path.stem}.py" in tests, f"{name} has no test_{path.stem}.py"
