from __future__ import annotations

from lockgate.model.problem import Problem


def test_a_place_is_shown_as_far_as_it_is_known() -> None:
    assert Problem(tool="t", message="m").where() == ""
    assert Problem(tool="t", message="m", path="a.py").where() == "a.py"
    assert Problem(tool="t", message="m", path="a.py", line=3).where() == "a.py:3"
    assert Problem(tool="t", message="m", path="a.py", line=3, column=1).where() == "a.py:3:1"
