from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockgate.publish.changelog import section

HEADINGS = [
    "## [1.2.0] - 2026-01-02",
    "## 1.2.0",
    "# v1.2.0 (2026-01-02)",
    "### Release 1.2.0",
    "## Version 1.2.0: the one",
    "## my-package 1.2.0 (2026-01-02)",
    "## My_Package v1.2.0",
    "## [v1.2.0](https://example.org/1.2.0)",
    "## **1.2.0**",
    "## 1.2",
    "1.2.0 (2026-01-02)\n------------------",
    "Version 1.2.0\n=============",
    "v1.2.0\n~~~~~~",
]


@pytest.mark.parametrize("heading", HEADINGS)
def test_headings_of_many_kinds_are_found_with_what_stands_below(heading: str) -> None:
    older = heading.replace("1.2", "1.1")
    newer = heading.replace("1.2", "1.3")
    text = f"# Changelog\n\n{newer}\n\nlater\n\n{heading}\n\n- New: this.\n\n{older}\n\nearlier\n"
    assert section(text, "1.2.0", "my-package") == "- New: this."


@pytest.mark.parametrize(
    "text",
    [
        "",
        "## 1.2.0rc1\n",
        "## 1.2.0.1\n",
        "## Upgrading from 1.2.0\n",
        "## Since 1.2.0\n",
        "in 1.2.0 we said\n",
        "## other 1.2.0\n",
        "- 1.2.0\n",
        "##1.2.0\n",
        "## 11.2.0\n",
        "<!--\n## 1.2.0\n-->\n",
        "```md\n## 1.2.0\n```\n",
        "```\n## 1.2.0\n",
    ],
)
def test_a_mere_mention_is_no_heading(text: str) -> None:
    assert section(text, "1.2.0", "my-package") is None


def test_code_and_comments_belong_to_the_version() -> None:
    text = "# 1.1\n\n```sh\n# 1.0\n```\n<!-- # 1.0 -->\n\n# 1.0\n\n- a\n"
    assert section(text, "1.1", "p") == "```sh\n# 1.0\n```\n<!-- # 1.0 -->"
    assert section(text, "1.0", "p") == "- a"


def test_inner_headings_belong_to_the_version() -> None:
    text = "# 1.1\n\n## Added\n\n- a\n\n## Fixed\n\n- b\n\n# 1.0\n"
    assert section(text, "1.1", "p") == "## Added\n\n- a\n\n## Fixed\n\n- b"
    assert section(text, "1.0", "p") == ""


@given(st.text())
def test_no_text_breaks_it(text: str) -> None:
    found = section(text, "1.0", "a.b-c")
    assert found is None or found in text.replace("\r\n", "\n").replace("\r", "\n") or found
