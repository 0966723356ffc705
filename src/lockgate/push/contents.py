"""Merges one file that both sides changed: by its structure where it has one, and only where the result is certain."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import PurePosixPath

from lockgate.model.push import Conflict, Resolution
from lockgate.push import json_lines, json_text, labelled, markup
from lockgate.push.changes import ConflictsError
from lockgate.push.stamps import Scalar, Stamps, instant
from lockgate.push.values import MISSING, Maybe, Merge

# (base, ours, theirs, keep both sides' lines) → the merged lines, or the two sides of the first conflict.
MergeLines = Callable[[bytes, bytes, bytes, bool], bytes | tuple[bytes, bytes]]
_BOM = "\ufeff"
_SAME_LINES = "both sides changed the same lines"
_LONGEST = 500  # characters of each side of a conflict
_LOGS = frozenset({".jsonl", ".ndjson"})
_STRUCTURED = frozenset({".json", ".sarif", *_LOGS, *markup.READERS})
_TEXTS = frozenset({".md", ".markdown", ".rst", ".txt", ".adoc"})


class Files:
    """How files are merged here.

    Args:
        lines: Git's own three-way merge of lines.
        attribute: The value of git's `merge` attribute of a path: `unset`, `union`, or anything else.
    """

    def __init__(self, stamps: Stamps, lines: MergeLines, attribute: Callable[[str], str]) -> None:
        self._stamps = stamps
        self._lines = lines
        self._attribute = attribute

    def merge(self, path: str, base: bytes | None, ours: bytes, theirs: bytes) -> tuple[bytes, list[Resolution]]:
        """The merged content, and what was decided for it.

        Raises:
            ConflictsError: Which is right cannot be told.
        """
        try:
            return self._merge(path, base, ours, theirs)
        except RecursionError:
            raise _refused(path, "nested too deeply") from None

    def _merge(self, path: str, base: bytes | None, ours: bytes, theirs: bytes) -> tuple[bytes, list[Resolution]]:
        versions = [one for one in (base, ours, theirs) if one is not None]
        if any(b"\0" in one for one in versions):
            raise _refused(path, "binary")
        suffix = PurePosixPath(path).suffix.lower()
        attribute = self._attribute(path)
        if attribute == "unset":
            raise _refused(path, "declared as not to be merged in .gitattributes")
        endings = {ending for one in versions if (ending := _ending(one))}
        if len(endings) > 1 or ("mixed" in endings and suffix in _STRUCTURED | _TEXTS):
            raise _refused(path, "line ends differ (CRLF and LF)")
        if len({one.startswith(_BOM.encode()) for one in versions}) > 1:
            raise _refused(path, "only one side begins with a byte order mark")
        if suffix in _STRUCTURED:
            texts = [None if one is None else _decoded(path, one) for one in (base, ours, theirs)]
            return self._structured(path, suffix, texts[0], texts[1] or "", texts[2] or "")
        if suffix in _TEXTS:
            return self._text(path, base, ours, theirs, union=attribute == "union")
        if base is None:
            raise _refused(path, "both sides added it", (ours, theirs))
        merged = self._lines(base, ours, theirs, attribute == "union")
        if isinstance(merged, tuple):
            raise _refused(path, _SAME_LINES, merged)
        return merged, []

    def _structured(
        self, path: str, suffix: str, base: str | None, ours: str, theirs: str
    ) -> tuple[bytes, list[Resolution]]:
        merge = Merge(path, self._stamps)
        bom = _BOM if theirs.startswith(_BOM) else ""
        texts = [None if one is None else one.removeprefix(_BOM) for one in (base, ours, theirs)]
        try:
            if suffix in _LOGS:
                merged = json_lines.merge(merge, texts[0] or "", texts[1] or "", texts[2] or "")
            elif suffix in markup.READERS:
                merged = self._markup(merge, suffix, texts[0], texts[1] or "", texts[2] or "")
            else:
                merged = self._json(merge, texts[0], texts[1] or "", texts[2] or "")
        except ValueError as error:
            raise _refused(path, str(error)) from None
        if merge.conflicts:
            raise ConflictsError(merge.conflicts)
        if not merge.resolutions and merged not in texts:
            words = {"ours": "its lines" if suffix in _LOGS else "its keys", "theirs": "the branch's"}
            field = "the lines that both sides appended" if suffix in _LOGS else "the keys that each side changed"
            merge.resolutions.append(Resolution(path=path, field=field, taken="both", **words))
        return (bom + merged).encode("utf-8", errors="surrogateescape"), merge.resolutions

    def _json(self, merge: Merge, base: str | None, ours: str, theirs: str) -> str:
        mine, yours = json_text.parse(ours), json_text.parse(theirs)
        merged = merge.document(_base(base, lambda text: json_text.parse(text).root.value), mine.root.value,
                                yours.root.value)  # fmt: skip
        if merge.conflicts:
            return ""
        text = json_text.render(yours, mine, merged)
        if json_text.parse(text).root.value != merged:
            raise ValueError("the merged text does not say what it should")
        return text

    def _markup(self, merge: Merge, suffix: str, base: str | None, ours: str, theirs: str) -> str:
        read = markup.READERS[suffix]
        merged = merge.document(_base(base, read), read(ours), read(theirs))
        if merge.conflicts:
            return ""
        by_lines = Merge(merge.path, self._stamps)
        text = self._masked(by_lines, base, ours, theirs, union=False)
        if isinstance(text, str) and not by_lines.conflicts and _says(read, text, merged):
            # Stamps in comments are no values, but they were decided too.
            known = {_instants(one) for one in merge.resolutions}
            merge.resolutions += [one for one in by_lines.resolutions if _instants(one) not in known]
            return text
        edited = markup.edited(suffix, base or "", ours, theirs, merged)
        if edited is None:
            raise ValueError(_SAME_LINES)
        return edited

    def _text(self, path: str, base: bytes | None, ours: bytes, theirs: bytes, *, union: bool
              ) -> tuple[bytes, list[Resolution]]:  # fmt: skip
        merge = Merge(path, self._stamps)
        texts = [(one or b"").decode("utf-8", errors="surrogateescape") for one in (base, ours, theirs)]
        merged = self._masked(merge, None if base is None else texts[0], texts[1], texts[2], union=union)
        if merge.conflicts:
            raise ConflictsError(merge.conflicts)
        if isinstance(merged, tuple):
            raise _refused(path, "both sides added it" if base is None else _SAME_LINES, merged)
        return merged.encode("utf-8", errors="surrogateescape"), merge.resolutions

    def _masked(
        self, merge: Merge, base: str | None, ours: str, theirs: str, *, union: bool
    ) -> str | tuple[bytes, bytes]:
        """Git's merge of the lines with labelled stamps out of the way, or the sides of the first conflict."""
        texts = (base or "", ours, theirs)
        found = [labelled.find(text, self._stamps) for text in texts]
        values = [{one.token: one for one in side} for side in found]
        sides = [side.keys() for side in (values if base is not None else values[1:])]
        # When a label stands more often on one side, nobody can tell which belongs to which.
        common = set.intersection(*map(set, sides)) if "\x01" not in "".join(texts) else set()
        labels = {token for token in common if all(_count(side, token) == _count(sides[0], token) for side in sides)}
        taken = {}
        for token in sorted(labels):
            one, other = values[1][token], values[2][token]
            was: Maybe = values[0][token].value if base is not None else MISSING
            value = merge.value(was, one.value, other.value, one.path)
            taken[token] = getattr(value, "text", "")
        merge.judge()
        before, mine, yours = (labelled.mask(text, side, taken).encode("utf-8", errors="surrogateescape")
                             for text, side in zip(texts, found, strict=True))  # fmt: skip
        if base is None and mine != yours:
            return mine, yours
        merged = yours if mine == yours else self._lines(before, mine, yours, union)
        if isinstance(merged, tuple):
            return merged
        if merged not in (mine, yours) and not union:
            _refuse_same_counts(merge, before, mine, yours)
        return labelled.unmask(merged.decode("utf-8", errors="surrogateescape"), taken)


def _refuse_same_counts(merge: Merge, base: bytes, ours: bytes, theirs: bytes) -> None:
    """Lines with a number that both sides brought, while other lines differ: `Total: 2 rows` where there are three."""
    known = set(base.splitlines())
    both = set(ours.splitlines()) & set(theirs.splitlines()) - known
    for line in sorted(both):
        text = labelled.plain(line.decode(errors="backslashreplace")).strip()
        if re.search("[0-9]", text):
            merge.refuse((text,), "both sides brought this line and different ones elsewhere: a count would be wrong")
            return


def _count(tokens: object, token: str) -> int:
    label = token.rpartition(" ")[0]
    return sum(one.rpartition(" ")[0] == label for one in tokens)  # type: ignore[attr-defined]


def _says(read: Callable[[str], object], text: str, merged: object) -> bool:
    try:
        return read(text) == merged
    except ValueError:
        return False


def _base(text: str | None, read: Callable[[str], Maybe]) -> Maybe:
    return MISSING if text is None else read(text)


def _decoded(path: str, content: bytes) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        raise _refused(path, "not UTF-8") from None


def _ending(content: bytes) -> str:
    pairs = content.count(b"\r\n")
    if not content.count(b"\n"):
        return "mixed" if b"\r" in content else ""
    return "LF" if not pairs else "CRLF" if pairs == content.count(b"\n") else "mixed"


def _instants(one: Resolution) -> tuple[object, object]:
    found = [instant(Scalar("string", text)) for text in (one.ours, one.theirs)]
    return tuple(when and when[1] for when in found) if all(found) else (one.ours, one.theirs)  # type: ignore[return-value]


def _refused(path: str, reason: str, sides: tuple[bytes, bytes] | None = None) -> ConflictsError:
    if sides is None:
        return ConflictsError([Conflict(path=path, reason=reason)])
    ours, theirs = (_excerpt(labelled.plain(side.decode("utf-8", errors="backslashreplace"))) for side in sides)
    return ConflictsError([Conflict(path=path, reason=reason, ours=ours, theirs=theirs)])


def _excerpt(text: str) -> str:
    return text.rstrip("\n") if len(text) <= _LONGEST else text[:_LONGEST] + "…"
