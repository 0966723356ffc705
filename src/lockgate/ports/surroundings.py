"""The environment that checks see: an allow-list, so that what is not in the cache key cannot matter."""

from __future__ import annotations

import fnmatch
import os
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

ALLOWED = (
    # who, where, and how things are found and shown
    *(
        "PATH",
        "HOME",
        "USER",
        "LOGNAME",
        "SHELL",
        "TERM",
        "COLORTERM",
        "COLUMNS",
        "LINES",
        "NO_COLOR",
        "FORCE_COLOR",
    ),
    *(
        "LANG",
        "LANGUAGE",
        "LC_*",
        "TZ",
        "TZDIR",
        "TMPDIR",
        "TEMP",
        "TMP",
        "XDG_*_HOME",
        "XDG_*_DIRS",
        "XDG_RUNTIME_DIR",
        "DISPLAY",
        "WAYLAND_DISPLAY",
    ),
    # network and certificates
    *(
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "NO_PROXY",
        "ALL_PROXY",
        "http_proxy",
        "https_proxy",
        "no_proxy",
        "all_proxy",
    ),
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"),
    # the tools that the gate drives
    *(
        "PYTHON*",
        "PYTEST_*",
        "PY_COLORS",
        "HYPOTHESIS_*",
        "COVERAGE_RCFILE",
        "COVERAGE_CORE",
        "MYPY*",
        "RUFF_*",
    ),
    *(
        "TY_*",
        "PYRIGHT_PYTHON_*",
        "VIRTUALENV_*",
        "TOX_*",
        "NOX_*",
        "SETUPTOOLS_SCM_*",
        "HATCH_*",
        "SOURCE_DATE_EPOCH",
    ),
    # building extension modules
    *(
        "CC",
        "CXX",
        "CPP",
        "LD",
        "AR",
        "CFLAGS",
        "CXXFLAGS",
        "CPPFLAGS",
        "LDFLAGS",
        "PKG_CONFIG_PATH",
        "MAKEFLAGS",
    ),
    *(
        "LD_LIBRARY_PATH",
        "DYLD_LIBRARY_PATH",
        "CPATH",
        "LIBRARY_PATH",
        "CARGO_HOME",
        "RUSTUP_HOME",
        "JAVA_HOME",
    ),
    # where it runs
    *("CI", "GITHUB_ACTIONS", "RUNNER_OS", "RUNNER_ARCH", "MSYSTEM"),
)
# Passed to uv besides: its own settings and the index credentials that people keep in the environment.
_FOR_UV = ("UV_*", "PIP_*", "NETRC", "KEYRING_*", "GIT_*", "SSH_AUTH_SOCK", "NIX_SSL_CERT_FILE")
# Those of uv's that decide which versions are installed, and of what.
_RESOLUTION = (
    *("UV_RESOLUTION", "UV_PRERELEASE", "UV_FORK_STRATEGY", "UV_CONSTRAINT", "UV_BUILD_CONSTRAINT", "UV_OVERRIDE"),
    *("UV_EXCLUDE*", "UV_FIND_LINKS", "UV_NO_BINARY*", "UV_NO_BUILD*", "UV_NO_SOURCES*", "UV_CONFIG_FILE"),
)
# These would change what a check does or measures behind lockgate's back.
_REMOVED = frozenset({"PYTHONDONTWRITEBYTECODE", "PYTHONHOME", "PYTHONSTARTUP", "PYTHONINSPECT", "PYTHONBREAKPOINT"})

# The discard port of this machine: a tool that should not speak to anybody is refused at once.
_NOWHERE = "http://127.0.0.1:9"


def for_checks(declared: Iterable[str], environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """What every check sees: the allowed variables and the `declared` ones, without lockgate's own environment."""
    kept = _select(environment, (*ALLOWED, *declared))
    kept["PATH"] = clean_path(environment)
    return kept


def for_uv(environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """What uv and build backends see; whoever builds has no business with what publishes."""
    kept = _select(environment, (*ALLOWED, *_FOR_UV))
    kept = {name: value for name, value in kept.items() if not name.startswith("UV_PUBLISH_")}
    for name in ("UV_PROJECT_ENVIRONMENT", "UV_PYTHON", "UV_FROZEN", "UV_LOCKED", "UV_PROJECT", "PYTHONPATH"):
        kept.pop(name, None)
    return {**kept, "PATH": clean_path(environment), "NO_COLOR": "1", "UV_NO_PROGRESS": "1"}


def for_scanners(home: str, environment: Mapping[str, str] = os.environ, *, online: bool = False) -> dict[str, str]:
    """What a scanner tool sees: no secrets, nothing of the user's home, and no way out unless it declares one."""
    names = ("LANG", "LC_*", "TZ", "TMPDIR", *(("*_PROXY", "*_proxy", "SSL_CERT_*") if online else ()))
    nowhere = {} if online else dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), _NOWHERE)
    kept = {**_select(environment, names), **nowhere, "PATH": clean_path(environment)}
    return {**kept, "HOME": home, "XDG_CONFIG_HOME": home, "NO_COLOR": "1", "PYTHONDONTWRITEBYTECODE": "1"}


def for_scanning_uv(home: str, cache: str, environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """What uv sees in a scan: its settings, but neither credentials nor what would change which project it looks at."""
    base = for_scanners(home, environment, online=True)
    secret = ("TOKEN", "PASSWORD", "USERNAME", "PUBLISH")
    settings = {
        name: value
        for name, value in for_uv(environment).items()
        if name.startswith("UV_") and not any(part in name for part in secret) and "@" not in value
    }
    user = environment.get("HOME", home)
    pythons = {"UV_PYTHON_INSTALL_DIR": environment.get("UV_PYTHON_INSTALL_DIR", f"{user}/.local/share/uv/python")}
    config = {"XDG_CONFIG_HOME": environment.get("XDG_CONFIG_HOME", f"{user}/.config")}
    return {**base, **settings, **pythons, **config, "UV_CACHE_DIR": cache}


def of_resolution(environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """What decides which versions uv installs."""
    return _select(environment, _RESOLUTION)


def _select(environment: Mapping[str, str], patterns: Iterable[str]) -> dict[str, str]:
    wanted = tuple(patterns)
    exact = frozenset(pattern for pattern in wanted if "*" not in pattern)
    globs = tuple(pattern for pattern in wanted if "*" in pattern)
    return {
        name: value
        for name, value in environment.items()
        if name not in _REMOVED and (name in exact or any(fnmatch.fnmatchcase(name, glob) for glob in globs))
    }


def clean_path(environment: Mapping[str, str]) -> str:
    """PATH without lockgate's own environment and without an activated one: neither belongs to the package."""
    own = {str(Path(sys.prefix) / "bin")} if sys.prefix != sys.base_prefix else set()
    active = environment.get("VIRTUAL_ENV")
    if active:
        own.add(str(Path(active) / "bin"))
    folders = environment.get("PATH", os.defpath).split(os.pathsep)
    return os.pathsep.join(folder for folder in folders if folder and folder.rstrip("/") not in own)
