from __future__ import annotations

import json
from pathlib import Path

import pytest

from lockgate.model.release import ReleaseFile
from lockgate.ports.installer import Errand, NoEnvironmentError
from lockgate.ports.process import Cancel
from lockgate.publish import metadata, proofs, rendering
from lockgate.publish.contents import Unreadable
from lockgate.publish.sbom import sbom
from lockgate.publish.trial import fitting, modules
from lockgate.publish.workshop import Order, requires
from tests.unit.publish.archives import METADATA, sdist, wheel

ERRAND = Errand(Cancel(), lambda _what: None, lambda _what: None)


def made(folder: Path, name: str = "sample-1.0-py3-none-any.whl") -> proofs.Made:
    return proofs.Made(sdist=sdist(folder, {}), wheel=wheel(folder, {}, name))


def test_the_built_wheel_is_released_unless_others_are_given(tmp_path: Path) -> None:
    pure, native = made(tmp_path), made(tmp_path, "sample-1.0-cp312-cp312-linux_x86_64.whl")
    assert proofs.supplied((), pure) == (pure.wheel,)
    with pytest.raises(NoEnvironmentError, match="cibuildwheel") as refused:
        proofs.supplied((), native)
    assert refused.value.status == "unknown"
    given = wheel(tmp_path / "house", {}, "Sample-1.0-cp311-cp311-manylinux_2_17_x86_64.whl")
    assert proofs.supplied((tmp_path / "house",), native) == (given,)
    assert proofs.supplied((given,), native) == (given,)
    (tmp_path / "empty").mkdir()
    with pytest.raises(NoEnvironmentError, match="there is no wheel in"):
        proofs.supplied((tmp_path / "empty",), pure)
    for name in ("sample-2.0-py3-none-any.whl", "other-1.0-py3-none-any.whl", "sample-1.0.tar.gz", "sample.whl"):
        with pytest.raises(NoEnvironmentError, match=r"is not of sample 1\.0|is no wheel"):
            proofs.supplied((tmp_path / name,), pure)


def test_how_a_proof_ends() -> None:
    def ends(error: Exception) -> proofs.Proof:
        def step() -> str:
            raise error

        return proofs.proved(step)

    assert proofs.proved(lambda: "fine") == proofs.Proof("pass", "fine")
    assert ends(NoEnvironmentError("fail", "no", "out")) == proofs.Proof("fail", "no", "out")
    assert ends(NoEnvironmentError("unknown", "no net")).status == "unknown"
    assert ends(NoEnvironmentError("skipped", "stopped")).status == "unknown"
    assert ends(Unreadable("damaged")) == proofs.Proof("fail", "damaged")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (METADATA, None),
        ("Metadata-Version: 2.1\nVersion: 1.0\n", "name"),
        (METADATA + "Classifier: Private :: No\n", "forbids publishing"),
        (METADATA.replace("sample", "other"), "Name is other"),
        (METADATA.replace("1.0", "1.1"), "Version is 1.1"),
        (METADATA + "Requires-Dist: a @ https://example.org/a.whl\n", "direct references"),
        (METADATA.replace("2.1", "9.9"), "9.9"),
        (METADATA + "Requires-Python: nonsense\n", "requires-python"),
        (METADATA + "Summary: two\n  lines\n", "summary"),
    ],
)
def test_metadata_that_an_index_would_refuse(text: str, words: str | None) -> None:
    found = metadata.objections({"": text}, "sample", "1.0")
    assert (words is None) == (not found)
    assert words is None or words.lower() in " ".join(found).lower()


@pytest.mark.parametrize(
    ("kind", "text", "note"),
    [
        ("text/markdown", "# x", None),
        ("text/plain", "x", None),
        ("", "", "no description"),
        ("", "UNKNOWN", "no description"),
    ],
)
def test_descriptions_that_need_no_renderer(tmp_path: Path, kind: str, text: str, note: str | None) -> None:
    fields = {"": f"{METADATA}\n\n{text}", **({"description-content-type": kind} if kind else {})}
    why, noted = rendering.unshown(fields, tmp_path, ERRAND)
    assert why is None
    assert (noted is None) == (note is None)


def test_a_description_without_a_type_is_restructured_text(tmp_path: Path) -> None:
    why, note = rendering.unshown({"": f"{METADATA}\n\nTitle\n=====\n"}, tmp_path, ERRAND)
    assert (why, note) == (None, "its description has no content type: taken for text/x-rst")
    (tmp_path / "again").mkdir()
    typed = {
        "": f"{METADATA}\n\nTitle\n==\n\n.. nothing:: x\n",
        "description-content-type": "text/x-rst; charset=UTF-8",
    }
    why, _ = rendering.unshown(typed, tmp_path / "again", ERRAND)
    assert why is not None
    assert "line 5: (ERROR/3) Unknown directive type" in why


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["p/__init__.py", "p/a.py", "p/q/__init__.py"], {"p": "p"}),
        (["ns/p/__init__.py", "ns/q/__init__.py"], {"ns.p": "ns/p", "ns.q": "ns/q"}),
        (["one.py", "two.cpython-312-x86_64-linux-gnu.so", "three.abi3.so"], dict.fromkeys(["one", "two", "three"])),
        (["p-1.0.dist-info/METADATA", "p-1.0.data/scripts/x.py", "x.pth"], {}),
        (["p/__init__.cpython-312-x86_64-linux-gnu.so"], {"p": "p"}),
        (["p-1.0.data/purelib/p/__init__.py"], {}),
    ],
)
def test_what_can_be_imported_from_a_wheel(names: list[str], expected: dict[str, str | None]) -> None:
    assert modules(names).keys() == expected.keys()


def test_the_wheel_that_a_python_would_take() -> None:
    import sysconfig

    here = sysconfig.get_platform().replace("-", "_").replace(".", "_")
    native = Path(f"p-1.0-cp312-cp312-{here}.whl")
    stable = Path(f"p-1.0-cp310-abi3-{here}.whl")
    pure = Path("p-1.0-py3-none-any.whl")
    assert fitting([pure, native, stable], "3.12") == native
    assert fitting([pure, stable], "3.12") == stable
    assert fitting([pure, native, stable], "3.9") == pure
    assert fitting([native], "3.11") is None
    assert fitting([Path("p-1.0-cp312-cp312-win_amd64.whl")], "3.12") is None


def test_the_order_of_a_build() -> None:
    assert requires({}) == ("setuptools>=40.8.0",)
    assert requires({"build-system": {"requires": ["a", "b"]}}) == ("a", "b")
    order = Order(requires=(), python="python", epoch=7)
    assert order.environment(1)["SOURCE_DATE_EPOCH"] == "7"
    assert "SETUPTOOLS_SCM_PRETEND_VERSION" not in order.environment(0)
    told = Order(requires=(), python="python", epoch=7, told="1.0")
    assert told.environment(0)["SETUPTOOLS_SCM_PRETEND_VERSION"] == "1.0"


def test_the_bill_of_materials_is_the_same_for_the_same_release() -> None:
    files = [ReleaseFile(name="a.whl", kind="wheel", sha256="ab" * 32, size=1)]
    needs = ("Click_Plugins>=1", "b; extra == 'x'", 'c>1; python_version < "3.9"')
    first = sbom("p", "1.0", 7, files, None, needs)
    assert first == sbom("p", "1.0", 7, files, None, needs)
    document = json.loads(first)
    assert [one["name"] for one in document["components"]] == ["c", "click-plugins"]
    assert document["dependencies"][0] == {"ref": "p@1.0", "dependsOn": ["c", "click-plugins"]}
    assert document["metadata"]["timestamp"] == "1970-01-01T00:00:07Z"
    resolved = {
        "metadata": {"component": {"bom-ref": "p-1", "properties": []}},
        "components": [{"name": "x"}],
        "dependencies": [],
    }
    locked = json.loads(sbom("p", "1.0", 7, files, resolved, needs))
    assert locked["components"] == [{"name": "x"}]
    assert locked["metadata"]["component"]["bom-ref"] == "p-1"
    assert "properties" not in locked["metadata"]["component"]
