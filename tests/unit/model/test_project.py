from __future__ import annotations

from typing import Any

import pytest

from lockgate.model.project import minor, normalize, supported_pythons
from tests.unit.builders import project

ALL = ("3.8", "3.9", "3.10", "3.11", "3.12")


def pythons(requires: str | None, *classifiers: str) -> tuple[str, ...]:
    own: dict[str, Any] = {"classifiers": [f"Programming Language :: Python :: {name}" for name in classifiers]}
    if requires is not None:
        own["requires-python"] = requires
    return supported_pythons({"project": own})


@pytest.mark.parametrize(
    ("requires", "expected"),
    [
        (None, ALL),
        ("", ALL),
        (">=3.8", ALL),
        (">=3.8.1", ALL),  # 3.8 is supported, though not its first patch
        (">=3.10", ("3.10", "3.11", "3.12")),
        (">=3.8,<3.12", ("3.8", "3.9", "3.10", "3.11")),
        (">=3.8,!=3.9.*", ("3.8", "3.10", "3.11", "3.12")),
        ("~=3.10", ("3.10", "3.11", "3.12")),
        ("~=3.9.1", ("3.9",)),
        ("==3.11.*", ("3.11",)),
        (">=2.7,!=3.0.*,!=3.1.*", ALL),
        (">=3.7,<4", ALL),
        (">=3.8,<3.13", ALL),
        # Newer than every version of the default matrix: the later ones.
        (">=3.13", ("3.13", "3.14", "3.15")),
        (">=3.14,<3.15", ("3.14",)),
        ("<3.8", ()),
    ],
)
def test_without_classifiers_requires_python_decides(requires: str | None, expected: tuple[str, ...]) -> None:
    assert pythons(requires) == expected


def test_classifiers_within_requires_python_decide() -> None:
    assert pythons(">=3.9", "3", "3.8", "3.9", "3.10", "3 :: Only") == ("3.9", "3.10")


def test_classifiers_may_name_later_pythons_and_are_put_in_order() -> None:
    assert pythons(None, "3.13", "3.10", "3.9") == ("3.9", "3.10", "3.13")


def test_a_classifier_of_an_implementation_is_no_cell() -> None:
    assert pythons(">=3.11", "Implementation :: CPython", "3") == ("3.11", "3.12")


def test_classifiers_that_contradict_requires_python_do_not_count() -> None:
    assert pythons(">=3.12", "3.8", "3.9") == ("3.12",)


@pytest.mark.parametrize("text", ["3.8 or later", 3.8, ["3.8"], {"min": "3.8"}])
def test_a_requires_python_that_is_none_is_refused(text: object) -> None:
    with pytest.raises(ValueError, match="is not a version specifier"):
        supported_pythons({"project": {"requires-python": text}})


def test_versions_are_ordered_as_numbers() -> None:
    assert sorted(["3.10", "3.9", "3.8.18"], key=minor) == ["3.8.18", "3.9", "3.10"]


def test_names_of_distributions_have_one_form() -> None:
    assert normalize("Ruamel.YAML__x") == "ruamel-yaml-x"


def test_dependencies_are_gathered_from_everywhere() -> None:
    found = project("""
        [project]
        dependencies = ["Click>=8", "rich[extra]; python_version < '3.9'"]
        optional-dependencies.docs = ["sphinx"]
        [dependency-groups]
        dev = ["Pytest_Cov", {include-group = "lint"}]
        lint = ["ruff==0.1"]
        [tool.uv]
        dev-dependencies = ["mypy"]
        [tool.lockgate]
        packages = ["pretend"]
    """)
    assert found.dependencies() == {"click", "rich", "sphinx", "pytest-cov", "ruff", "mypy", "pretend"}


@pytest.mark.parametrize(
    ("toml", "files", "expected"),
    [
        ("", (), False),
        ("", ("setup.py",), True),
        ('[build-system]\nrequires = ["uv_build"]', (), True),
        ("[build-system]\nrequires = []\n[tool.uv]\npackage = false", (), False),
        ("[tool.uv]\npackage = true", (), True),
    ],
)
def test_what_is_built_is_decided_as_uv_does(toml: str, files: tuple[str, ...], *, expected: bool) -> None:
    assert project(toml, files=files).is_package is expected


def test_tables_of_the_wrong_kind_count_as_absent() -> None:
    found = project(
        'dependency-groups = 3\n[project]\noptional-dependencies = "x"\ndependencies = "click"\n[tool]\nruff = 1'
    )
    assert found.tool("ruff") is None
    assert found.groups() == {}
    assert found.extras() == {}
    assert found.dependencies() == frozenset()


def test_a_key_of_the_table_has_a_place_in_its_file() -> None:
    text = "\n[tool.lockgate]\n[tool.lockgate.coverage]\nthreshold = 5\n"
    found = project(text, config_text=text)
    assert found.where("coverage", "threshold") == "pyproject.toml:4"
    assert found.where("python") == "pyproject.toml:2"
    outside = project(config_file="gate.toml", config_text="a = 1\npython = ['3.8']\n", config_keys=())
    assert outside.where("python", 0) == "gate.toml:2"
