"""What the tests of contracts share with the end-to-end ones."""

from tests.contract import checked
from tests.e2e.conftest import own_git
from tests.hosted import hosted

__all__ = ["checked", "hosted", "own_git"]
