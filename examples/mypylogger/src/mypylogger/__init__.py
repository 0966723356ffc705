"""A zero-dependency JSON logger: one record, one line, one flat JSON object.

    from mypylogger import get_logger

    log = get_logger(__name__)
    log.info("hello", extra={"user": 3})

Importing the package does nothing; the environment is read by the first ``get_logger``.
"""

from mypylogger._formatter import JsonFormatter
from mypylogger._logger import get_logger

__all__ = ["JsonFormatter", "get_logger"]
