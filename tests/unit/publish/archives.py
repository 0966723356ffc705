"""Distribution files made by hand."""

from __future__ import annotations

import io
import tarfile
import zipfile
from pathlib import Path

METADATA = "Metadata-Version: 2.1\nName: sample\nVersion: 1.0\nRequires-Dist: click>=8\n"
WHEEL = "sample-1.0-py3-none-any.whl"
SDIST = "sample-1.0.tar.gz"


def wheel(folder: Path, files: dict[str, bytes], name: str = WHEEL, *, when: int = 2020) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(folder / name, "w") as archive:
        archive.mkdir("sample")
        for path, content in {"sample-1.0.dist-info/METADATA": METADATA.encode(), **files}.items():
            archive.writestr(zipfile.ZipInfo(path, (when, 1, 1, 0, 0, 0)), content)
    return folder / name


def sdist(folder: Path, files: dict[str, bytes], name: str = SDIST, *, top: str = "sample-1.0/") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    with tarfile.open(folder / name, "w:gz") as archive:
        for path, content in {"PKG-INFO": METADATA.encode(), **files}.items():
            info = tarfile.TarInfo(f"{top}{path}")
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return folder / name
