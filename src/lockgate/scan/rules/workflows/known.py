"""Commits of widely used actions and the versions that they are: what a comment can be compared with."""

from __future__ import annotations

# Action (lower case), full version, commit.
_KNOWN = (
    ("actions/checkout", "7.0.1", "3d3c42e5aac5ba805825da76410c181273ba90b1"),
    ("astral-sh/setup-uv", "10.0.1", "20cfd1bf945f4377ade1205e4dbc17946fc9a30d"),
    ("actions/cache", "5.0.5", "27d5ce7f107fe9357f9df03efb73ab90386fccae"),
    ("actions/upload-artifact", "7.0.0", "bbbca2ddaa5d8feaa63e36b76fdaad77386f024f"),
    ("actions/download-artifact", "8.0.1", "3e5f45b2cfb9172054b4087a40e8e0b5a5461e7c"),
    ("actions/setup-python", "7.0.0", "5fda3b95a4ea91299a34e894583c3862153e4b97"),
    ("github/codeql-action", "4.36.2", "8aad20d150bbac5944a9f9d289da16a4b0d87c1e"),
    ("nick-fields/retry", "4.0.0", "ad984534de44a9489a53aefd81eb77f87c70dc60"),
    ("actions/attest", "4.2.2", "1e69f48acb82d1966a394da916b4c1698aa569d6"),
    ("ossf/scorecard-action", "2.4.4", "2d1146689b8cda280b9bc96326124645441f03bc"),
    ("gitleaks/gitleaks-action", "3.0.0", "e0c47f4f8be36e29cdc102c57e68cb5cbf0e8d1e"),
    ("actions/upload-artifact", "7.0.2", "cf430e030ddbb5b0abf93d22962f4752f3646cd9"),
    ("actions/download-artifact", "8.0.2", "9000827ccba6bdab643e8b6fd33ac0654aef8333"),
    ("actions/cache", "6.1.0", "55cc8345863c7cc4c66a329aec7e433d2d1c52a9"),
    ("astral-sh/setup-uv", "10.2.0", "c18668ad3cf93ea998bef934396af7bb5c839dc7"),
    ("github/codeql-action", "4.38.3", "24c54180a607b1449ed407dd24f251e4e9147c8d"),
    ("pypa/gh-action-pypi-publish", "1.14.2", "dc37677b2e1c63e2034f94d8a5b11f265b73ba33"),
    ("actions/dependency-review-action", "5.0.0", "a1d282b36b6f3519aa1f3fc636f609c47dddb294"),
    ("actions/attest-build-provenance", "4.2.2", "4d101475d8b20a2381f78447822ac1eab6504dd8"),
    ("step-security/harden-runner", "2.21.1", "e14015d583714f6e62063499dc959a02595150a1"),
    ("zizmorcore/zizmor-action", "0.6.4", "cc914d7f3750a2d13d75c7f184a1060aa0e9d482"),
)
COMMITS = {commit: (action, version) for action, version, commit in _KNOWN}
VERSIONS = {(action, version): commit for action, version, commit in _KNOWN}
