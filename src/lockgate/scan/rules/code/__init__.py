"""Rules on Python source: each decides from the syntax tree alone; data flow is CodeQL's job."""

from __future__ import annotations

from lockgate.scan.rules.code import (
    archive_path,
    hidden_eval,
    jwt_unverified,
    logged_secret,
    nested_quantifier,
    old_tls,
    pickled_array,
    request_path,
    request_template,
    request_url,
    timing_compare,
    unverified_tls,
    xml_entities,
)

RULES = (
    archive_path.RULE,
    hidden_eval.RULE,
    jwt_unverified.RULE,
    logged_secret.RULE,
    nested_quantifier.RULE,
    old_tls.RULE,
    pickled_array.RULE,
    request_path.RULE,
    request_template.RULE,
    request_url.RULE,
    timing_compare.RULE,
    unverified_tls.RULE,
    xml_entities.RULE,
)
