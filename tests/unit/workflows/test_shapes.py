"""What holds for everything that is rendered, whatever the package is like."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from lockgate.flows.render import Survey, judge, survey, write
from lockgate.model import check_names
from lockgate.ports.pyproject import read_project
from lockgate.workflows import contexts, origins
from lockgate.workflows.emit import Commented
from lockgate.workflows.files import File
from lockgate.workflows.origins import Origin, origin
from tests.support import environment
from tests.unit.workflows.shapes import GOLDEN, SHAPES, Shape
from tests.unit.workflows.test_emit import read

BIN = Path(sys.executable).parent
INPUTS: dict[str, list[str]] = json.loads(Path(__file__).with_name("inputs.json").read_text())
# The action that publishes is read from its own documentation.
INPUTS["pypa/gh-action-pypi-publish"] = ["packages-dir", "attestations"]
# A command of lockgate, called once: words, variables and quoted text, but nothing that a shell would do more with.
CALL = re.compile(
    r"""uv run --project \.github/lockgate --locked lockgate (?:[\w./=:+-]|'[^']*'|"'"|"[^"`\\;|&()]*"| )+"""
)
UNFILTERED = ({"types": ["opened", "synchronize", "reopened", "ready_for_review"]}, None)


@pytest.fixture(scope="module")
def trees(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a repository for each shape."""
    return tmp_path_factory.mktemp("trees")


@pytest.fixture(scope="module")
def rendered(trees: Path) -> dict[str, Survey]:
    """What is rendered, by the shape's name."""
    found = {}
    for shape in SHAPES:
        (trees / shape.name).mkdir()
        found[shape.name] = shape.render(trees / shape.name)
    return found


def workflows(found: Survey) -> Iterator[tuple[File, dict[str, Any]]]:
    """The workflows with their data; that their text says the same is shown below, and in `test_emit`."""
    for file in found.files:
        if "workflows" in file.path:
            yield file, plain(file.document)


def plain(value: Any) -> Any:  # noqa: ANN401
    """Data as a reader of YAML has it."""
    if isinstance(value, Mapping):
        return {key: plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(one) for one in value]
    return plain(value.value) if isinstance(value, Commented) else value


def own_jobs(shape: Shape, document: Mapping[str, Any]) -> dict[str, Any]:
    """The jobs that lockgate renders, without those that the table adds."""
    return {name: job for name, job in document["jobs"].items() if f"extra-jobs.{name}" not in shape.table}


def test_there_are_enough_shapes() -> None:
    assert len({shape.name for shape in SHAPES}) == len(SHAPES) >= 60


@pytest.mark.parametrize("shape", GOLDEN, ids=lambda shape: shape.name)
def test_the_files_say_what_was_meant(rendered: dict[str, Survey], shape: Shape) -> None:
    found = rendered[shape.name]
    for file in found.files:
        if file.document is not None:
            assert read((found.root / file.path).read_text(encoding="utf-8")) == plain(file.document)


# --- what others say


def said(*command: str | Path, cwd: Path) -> str:
    """What a linter says when it is not content."""
    done = subprocess.run(
        [BIN / command[0], *command[1:]], cwd=cwd, capture_output=True, text=True, check=False, env=environment()
    )
    return "" if done.returncode == 0 else done.stdout + done.stderr


def files_of(trees: Path, rendered: Mapping[str, Survey], folder: str) -> list[Path]:
    found = [path.relative_to(trees) for name in rendered for path in sorted((trees / name).glob(folder))]
    assert len(found) >= len(rendered)
    return found


def test_zizmor_finds_nothing(trees: Path, rendered: dict[str, Survey]) -> None:
    options = ("--persona=auditor", "--strict-collection", "--offline", "--no-progress", "--format=plain")
    assert said("zizmor", *options, *rendered, cwd=trees) == ""


@pytest.mark.parametrize(
    ("linter", "options"), [("actionlint", ("-config-file",)), ("jactionlint", ("--strict-exit", "-c"))]
)
def test_linters_find_nothing(
    trees: Path, rendered: dict[str, Survey], tmp_path: Path, linter: str, options: tuple[str, ...]
) -> None:
    # Labels of one's own are named in the linters' configuration, as their owners would do.
    (tmp_path / "linter.yaml").write_text("self-hosted-runner:\n  labels: [gpu-large, big box]\n")
    found = files_of(trees, rendered, ".github/workflows/*.yml")
    if linter == "jactionlint":
        found += files_of(trees, rendered, ".github/dependabot.yml")
    assert said(linter, *options, tmp_path / "linter.yaml", *found, cwd=trees) == ""


@pytest.mark.parametrize("name", ["github-workflows", "dependabot"])
def test_the_schemas_of_github_are_kept(rendered: dict[str, Survey], name: str) -> None:
    schema = json.loads((files("check_jsonschema") / f"builtin_schemas/vendor/{name}.json").read_text(encoding="utf-8"))
    validator = jsonschema.validators.validator_for(schema)(schema)
    documents = [
        plain(file.document)
        for found in rendered.values()
        for file in found.files
        if file.document is not None and ("jobs" in file.document) == (name == "github-workflows")
    ]
    assert len(documents) >= len(rendered)
    assert [error.message for document in documents for error in validator.iter_errors(document)] == []


# --- what we say


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name)
def test_least_privilege(rendered: dict[str, Survey], shape: Shape) -> None:
    for file, document in workflows(rendered[shape.name]):
        assert document["permissions"] == {}
        for name, job in document["jobs"].items():
            assert job["name"]
            assert isinstance(job["permissions"], dict), name
            assert "uses" in job or job["timeout-minutes"] > 0
        granted = {
            (scope, name)
            for name, job in document["jobs"].items()
            for scope, level in job["permissions"].items()
            if level == "write"
        }
        assert {name for scope, name in granted if scope == "contents"} == {
            "security_scan": {"publish-report"}, "publish": {"release"}, "quality_gate": set()
        }[file.name]  # fmt: skip
        assert {name for scope, name in granted if scope == "id-token"} == (
            {"publish"} if file.name == "publish" else set()
        )
        assert all(
            step["with"]["persist-credentials"] is False
            for _, step in steps(document)
            if "checkout@" in step.get("uses", "")
        )


def steps(document: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Steps with the job that they are in."""
    for name, job in document["jobs"].items():
        for step in job.get("steps", []):
            yield name, step


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name)
def test_nothing_is_cached_where_something_is_released(rendered: dict[str, Survey], shape: Shape) -> None:
    for file, document in workflows(rendered[shape.name]):
        for _, step in steps(document):
            inputs = step.get("with", {})
            if "setup-uv@" in step.get("uses", ""):
                assert inputs["enable-cache"] is False
            if file.name == "publish":
                assert "/cache" not in step.get("uses", "")
                assert "LOCKGATE_CACHES" not in step.get("env", {})
                if "codeql-action/init@" in step.get("uses", ""):
                    assert (inputs["trap-caching"], inputs["dependency-caching"]) == (False, False)
            if "actions/cache@" in step.get("uses", ""):
                # Commas and more than 512 characters are refused; a hash is 64 long.
                for key in (inputs["key"], *inputs.get("restore-keys", "").splitlines()):
                    outside = re.sub(r"\$\{\{.*?\}\}", "x" * 64, key)
                    assert "," not in outside
                    assert len(outside) <= 512


def test_jobs_run_where_their_actions_can(rendered: dict[str, Survey]) -> None:
    for name in ("arm", "macos", "self-hosted", "custom-runner"):
        documents = {file.name: document for file, document in workflows(rendered[name])}
        runner = rendered[name].facts.runner
        assert documents["quality_gate"]["jobs"]["test-matrix"]["runs-on"] == runner
        assert documents["publish"]["jobs"]["publish"]["runs-on"] == "ubuntu-24.04"
        expected = "ubuntu-24.04" if name == "arm" else runner
        assert documents["security_scan"]["jobs"]["codeql"]["runs-on"] == expected


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name)
def test_the_yaml_holds_no_logic(rendered: dict[str, Survey], shape: Shape) -> None:
    for _, document in workflows(rendered[shape.name]):
        for name, job in own_jobs(shape, document).items():
            ids = [step["id"] for step in job["steps"]]
            assert len(set(ids)) == len(ids), name
            for step in job["steps"]:
                assert step["name"]
                run = step.get("run", "")
                assert "${{" not in run
                if run and step["id"] in {"gate", "render", "scan", "push", "plan", "build", "verify", "release"}:
                    assert CALL.fullmatch(run), run


@pytest.mark.parametrize("shape", [shape for shape in SHAPES if shape.folder], ids=lambda shape: shape.name)
def test_a_shell_passes_the_folder_on_as_it_is_called(rendered: dict[str, Survey], shape: Shape) -> None:
    stand_in = "uv() { for argument; do printf '%s\\0' \"$argument\"; done; }"
    for _, document in workflows(rendered[shape.name]):
        for run in [step["run"] for _, step in steps(document) if "run" in step]:
            done = subprocess.run(["bash", "-c", f"{stand_in}\n{run}"], capture_output=True, check=True)
            arguments = done.stdout.decode().split("\0")
            assert arguments[arguments.index("-C") + 1] == shape.folder
            assert arguments[:5] == ["run", "--project", ".github/lockgate", "--locked", "lockgate"]


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name)
def test_inputs_are_those_that_the_actions_have(rendered: dict[str, Survey], shape: Shape) -> None:
    for _, document in workflows(rendered[shape.name]):
        for _, step in steps(document):
            action = step.get("uses", "").partition("@")[0]
            if action and not action.startswith(("example/", "docker://")):
                assert set(step.get("with", {})) <= set(INPUTS[action]), action


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name)
def test_artifacts_are_made_once_and_fetched_by_jobs_that_need_them(rendered: dict[str, Survey], shape: Shape) -> None:
    for _, document in workflows(rendered[shape.name]):
        made: dict[str, str] = {}
        for name, step in steps(document):
            inputs = step.get("with", {})
            if "upload-artifact@" in step.get("uses", ""):
                assert inputs["name"] not in made
                assert not set('":<>|*?\r\n\\/') & set(re.sub(r"\$\{\{.*?\}\}", "", inputs["name"]))
                made[inputs["name"]] = name
        for name, step in steps(document):
            inputs = step.get("with", {})
            if "download-artifact@" in step.get("uses", "") and "run-id" not in inputs:
                wanted = re.escape(inputs.get("name") or inputs["pattern"]).replace(r"\*", ".*")
                makers = {maker for artifact, maker in made.items() if re.fullmatch(wanted, artifact)}
                assert makers
                assert makers <= needed(document, name), (name, inputs)


def needed(document: Mapping[str, Any], job: str) -> set[str]:
    """The jobs that `job` waits for, directly or not."""
    direct = document["jobs"][job].get("needs", [])
    return {*direct, *(one for name in direct for one in needed(document, name))}


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name)
def test_required_checks_report_on_every_change(rendered: dict[str, Survey], shape: Shape) -> None:
    found = rendered[shape.name]
    documents = {file.name: document for file, document in workflows(found)}
    reported = {
        context
        for name in ("quality_gate", "security_scan")
        if documents[name]["on"]["pull_request"] == UNFILTERED[0]
        and documents[name]["on"]["merge_group"] == UNFILTERED[1]
        for job, content in documents[name]["jobs"].items()
        for context in check_names.names(job, content)
    }
    required = contexts.required(documents)
    assert set(required) <= reported
    assert len(set(required)) == len(required)
    facts = found.facts
    cells = {f"test-matrix ({python})" for python in facts.pythons} if facts.tests else set()
    assert set(required) == {
        *cells,
        "quality-checks",
        "security-scan",
        *(["coverage-report"] if facts.coverage else []),
    }
    for name in ("coverage-report", "security-scan"):
        job = {**documents["quality_gate"]["jobs"], **documents["security_scan"]["jobs"]}.get(name)
        assert job is None or job["if"] == "${{ always() }}"


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name)
def test_every_line_has_a_reason(rendered: dict[str, Survey], shape: Shape) -> None:
    found = rendered[shape.name]
    for file in found.files:
        for place, source in reasons(file, found).items():
            assert source.reason
            if source.reason == "added by the table":
                assert keys_are_there(found, source.setting), place
        assert all(line.place or not line.text for line in file.lines)


def reasons(file: File, found: Survey) -> dict[str, Origin]:
    """Why each place of a file is as it is."""
    lines = {line.place: number for number, line in enumerate(file.lines, start=1)}
    return {place: origin(file, number, found.facts) for place, number in lines.items()}


def keys_are_there(found: Survey, setting: str) -> bool:
    """Whether the table has what a line is said to come from."""
    value: Any = read_project(found.root / found.facts.folder).tool("lockgate")
    for key in setting.split("."):
        value = value.get(key) if isinstance(value, Mapping) else None
    return value is not None


def test_no_reason_is_for_nothing(rendered: dict[str, Survey]) -> None:
    used = {
        source.place for found in rendered.values() for file in found.files for source in reasons(file, found).values()
    }
    assert [one.place for one in origins._ORIGINS if one.place not in used] == []  # noqa: SLF001


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name)
def test_rendering_again_changes_nothing(rendered: dict[str, Survey], shape: Shape) -> None:
    project = read_project(rendered[shape.name].root / rendered[shape.name].facts.folder)
    again = survey(project)
    assert again.files == rendered[shape.name].files
    assert {what for _, what in write(again, overwrite=False)} == {"unchanged"}
    report = judge(again)
    assert report.verdict == "pass"
    assert {file.state for file in report.files} == {"same"}


def test_another_process_renders_the_same(rendered: dict[str, Survey]) -> None:
    """Sets and dictionaries have another order there."""
    some = list(rendered.values())[::3]
    roots = [str(found.root / found.facts.folder) for found in some]
    program = (
        "import sys; from pathlib import Path; from lockgate.flows.render import survey;"
        "from lockgate.ports.pyproject import read_project\n"
        "for root in sys.argv[1:]:\n  for file in survey(read_project(Path(root))).files: sys.stdout.write(file.text)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *roots],
        capture_output=True,
        check=True,
        env=environment(PYTHONHASHSEED="77", PYTHONUTF8="1"),
    )
    assert done.stdout == "".join(file.text for found in some for file in found.files).encode()
