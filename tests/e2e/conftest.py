"""What several end-to-end tests share."""

from __future__ import annotations

import pytest

from tests.e2e.places import Makes, Place


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> Makes:
    """A place for each set of packages; `variant` asks for one more, for a package whose environment differs."""
    made: dict[tuple[str, ...], Place] = {}

    def make(*packages: str, python: str = "3.12", variant: str = "") -> Place:
        key = (python, variant, *packages)
        if key not in made:
            made[key] = Place(tmp_path_factory.mktemp("place") / "sample", packages, python)
        return made[key]

    return make
