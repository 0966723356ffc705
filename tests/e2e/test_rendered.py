"""lockgate's own workflows and those of the example are rendered by it, and fit to be published."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from lockgate import __version__
from tests.support import lockgate

REPOSITORY = Path(__file__).parents[2]
PLACES = [REPOSITORY, REPOSITORY / "examples/mypylogger"]


@pytest.mark.parametrize("root", PLACES, ids=["lockgate", "example"])
def test_the_files_are_what_the_table_says(root: Path) -> None:
    ran = lockgate(root, "render", "--check")
    assert (ran.code, ran.out) == (0, ""), ran.out
    assert ran.err == "lockgate: pass: 5 of 5 files are as they should be\n"
    assert (root / ".github/CODEOWNERS").read_text().count("@lockgate/maintainers") >= 3


@pytest.mark.parametrize("root", PLACES, ids=["lockgate", "example"])
def test_the_lock_is_that_of_this_lockgate_and_names_public_places_only(root: Path) -> None:
    text = (root / ".github/lockgate/uv.lock").read_text()
    packages = {one["name"]: one for one in tomllib.loads(text)["package"]}
    assert packages["lockgate"]["version"] == __version__
    assert (root / ".github/lockgate" / packages["lockgate"]["source"]["editable"]).resolve() == REPOSITORY
    hosts = set(re.findall(r"https?://([^/\"]+)", text))
    assert hosts == {"pypi.org", "files.pythonhosted.org"}
    assert not re.search(r'"/', text)
