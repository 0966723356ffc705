"""Writes a waiver into pyproject.toml, keeping everything else as it is."""

from __future__ import annotations

import datetime as dt
import re

import tomlkit
from tomlkit.exceptions import TOMLKitError

from lockgate.model.errors import UsageError
from lockgate.model.scan import SCANNERS
from lockgate.scan.policy import LONGEST

_FINGERPRINT = re.compile(rf"({'|'.join((*SCANNERS, 'policy'))})-[0-9a-f]{{16}}")


def waived(text: str, name: str, reason: str, days: int, today: dt.date) -> tuple[str, dt.date]:
    """The TOML text with one more waiver, and the last day of that.

    Raises:
        UsageError: The reason is blank, or `days` is not from 1 to 90.
    """
    if not reason.strip():
        raise UsageError("a waiver needs a reason", "say with --reason why the finding may stand")
    if not 1 <= days <= LONGEST:
        raise UsageError(f"a waiver holds from 1 to {LONGEST} days, not {days}", f"--days {LONGEST} at most")
    expires = today + dt.timedelta(days=days)
    table = tomlkit.table()
    table.add("fingerprint" if _FINGERPRINT.fullmatch(name) else "id", name)
    table.add("reason", reason.strip())
    table.add("expires", expires)
    try:
        document = tomlkit.parse(text)
        tool = document.setdefault("tool", tomlkit.table(is_super_table=True))
        own = tool.setdefault("lockgate", tomlkit.table())
        own.setdefault("waivers", tomlkit.aot()).append(table)
    except (TOMLKitError, AttributeError, TypeError) as error:
        raise UsageError(f"pyproject.toml cannot be extended: {error}", "write the waiver by hand") from error
    return tomlkit.dumps(document), expires
