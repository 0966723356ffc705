"""Rules on workflows: what zizmor and actionlint miss."""

from __future__ import annotations

from lockgate.scan.rules.workflows import (
    aggregate_always,
    attestations_off,
    build_and_publish,
    compromised_action,
    ignored_failure,
    piped_install,
    publish_environment,
    release_cache,
    required_filter,
    token_beside_code,
    version_comment,
)

RULES = (
    aggregate_always.RULE,
    attestations_off.RULE,
    build_and_publish.RULE,
    compromised_action.RULE,
    ignored_failure.RULE,
    piped_install.RULE,
    publish_environment.RULE,
    release_cache.RULE,
    required_filter.RULE,
    token_beside_code.RULE,
    version_comment.RULE,
)
