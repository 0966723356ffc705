"""The desired state, from the table and the rendered workflows: each setting with one sentence why (pure)."""

from __future__ import annotations

from collections.abc import Sequence

from lockgate.model.config import Config
from lockgate.model.protection import Setting


def desired(config: Config, contexts: Sequence[str], *, app: int | None, public: bool) -> tuple[Setting, ...]:
    """Every setting that the table asks for.

    Args:
        config: The table.
        contexts: Names that the required checks report under.
        app: Id of GitHub Actions on this GitHub, the only app whose reports count; None: whoever reports.
        public: What only public repositories have is asked for, too.
    """
    raise NotImplementedError
