"""Three-way merge of parsed documents: dicts, lists and `Scalar`s (pure). What it accepts, both directions accept."""

from __future__ import annotations

from enum import Enum
from typing import Final

from lockgate.model.push import Conflict, Resolution
from lockgate.push.stamps import Scalar, Side, Stamps, Win, mixed_runs, newer

Value = dict[str, "Value"] | list["Value"] | Scalar


class _Missing(Enum):
    MISSING = "not there"


MISSING: Final = _Missing.MISSING
Maybe = Value | _Missing
_STAMP = Scalar("stamp", "")


class Merge:
    """One file's merge; `path` names it in what is reported.

    Attributes:
        resolutions: Stamps that were decided.
        conflicts: What was not; the merged value means nothing when there are any.
        wins: Who won each stamp, contested or not.
    """

    def __init__(self, path: str, stamps: Stamps) -> None:
        self.path = path
        self._stamps = stamps
        self.resolutions: list[Resolution] = []
        self.conflicts: list[Conflict] = []
        self.wins: list[Win] = []
        self._same_change: tuple[str, ...] | None = None

    def document(self, base: Maybe, ours: Value, theirs: Value) -> Value:
        """The merged document."""
        merged = self.value(base, ours, theirs, ())
        assert not isinstance(merged, _Missing)  # noqa: S101  (both sides have it)
        masked = [self.masked(one, ()) for one in (merged, ours, theirs)]
        if self._same_change is not None and masked[0] not in masked[1:]:
            reason = "both sides made the same change here and different ones elsewhere: a count of them would be wrong"
            self.refuse(self._same_change, reason)
        self.judge()
        return merged

    def judge(self) -> None:
        """Refuse when the stamps' winners show that two runs would be mixed."""
        wrong = mixed_runs(self.wins)
        if wrong is not None:
            self.refuse(wrong.path, "each side would win some of the stamps: two runs would be mixed")

    def value(self, base: Maybe, ours: Maybe, theirs: Maybe, path: tuple[str, ...]) -> Maybe:
        """The merge of one value; where it cannot be told, a conflict is noted."""
        is_stamp = self._stamps.include(path)
        if ours == theirs:
            changed = self.masked(ours, path) != self.masked(base, path)
            if changed and _has_digit(base if isinstance(ours, _Missing) else ours):
                self._same_change = self._same_change or path
            return ours
        if base in (ours, theirs):
            taken = theirs if ours == base else ours
            self._won(base, taken, path, "theirs" if ours == base else "ours")
            return taken
        if isinstance(ours, dict) and isinstance(theirs, dict):
            if isinstance(base, dict):
                return self._tables(base, ours, theirs, path)
            if base is MISSING and self.masked(ours, path) == self.masked(theirs, path):
                return self._tables({}, ours, theirs, path)
        if isinstance(ours, list) and isinstance(theirs, list) and self._alike(base, ours, theirs, path):
            before = base if isinstance(base, list) else [MISSING] * len(ours)
            triples = zip(before, ours, theirs, strict=True)
            merged = [self.value(*triple, (*path, f"[{at}]")) for at, triple in enumerate(triples)]
            return [one for one in merged if not isinstance(one, _Missing)]
        if is_stamp and isinstance(ours, Scalar) and isinstance(theirs, Scalar):
            return self.stamp(base, ours, theirs, path)
        self.refuse(path, _why(base, ours, theirs), ours, theirs)
        return theirs

    def stamp(self, base: Maybe, ours: Scalar, theirs: Scalar, path: tuple[str, ...]) -> Scalar:
        """The newer of two stamps that both sides changed; of one instant written in two ways, the branch's."""
        kinds = {one.kind if isinstance(one, Scalar) else "" for one in (base, ours, theirs) if one is not MISSING}
        try:
            if len(kinds) > 1:
                raise ValueError("the type changed")  # noqa: TRY301
            side = newer(ours, theirs)
        except ValueError as error:
            self.refuse(path, str(error), ours, theirs)
            return theirs
        if side is not None:
            self.wins.append(Win(path, side, contested=True))
        self.resolutions.append(
            Resolution(
                path=self.path,
                field=dotted(path),
                ours=ours.text,
                theirs=theirs.text,
                taken="ours" if side == "ours" else "theirs",
            )
        )
        return ours if side == "ours" else theirs

    def _won(self, base: Maybe, taken: Maybe, path: tuple[str, ...], side: Side) -> None:
        """Note the stamps that one side alone has changed."""
        if isinstance(base, dict) and isinstance(taken, dict):
            for key in base.keys() & taken.keys():
                if base[key] != taken[key]:
                    self._won(base[key], taken[key], (*path, key), side)
        elif self._stamps.include(path):
            self.wins.append(Win(path, side, contested=False))

    def _tables(self, base: dict[str, Value], ours: dict[str, Value], theirs: dict[str, Value], path: tuple[str, ...]
                ) -> Value:  # fmt: skip
        merged = {
            key: self.value(base.get(key, MISSING), ours.get(key, MISSING), theirs.get(key, MISSING), (*path, key))
            for key in (*theirs, *(key for key in ours if key not in theirs), *(key for key in base if key not in ours
                        and key not in theirs))
        }  # fmt: skip
        return {key: one for key, one in merged.items() if not isinstance(one, _Missing)}

    def _alike(self, base: Maybe, ours: list[Value], theirs: list[Value], path: tuple[str, ...]) -> bool:
        """Whether lists differ in stamps only, so that their elements are the same things."""
        masks = [self.masked(one, path) for one in (ours, theirs, *([] if base is MISSING else [base]))]
        return all(mask == masks[0] for mask in masks)

    def masked(self, value: Maybe, path: tuple[str, ...]) -> Maybe:
        """The value with every stamp the same."""
        if isinstance(value, dict):
            return {key: self._mask(one, (*path, key)) for key, one in value.items()}
        if isinstance(value, list):
            return [self._mask(one, (*path, f"[{at}]")) for at, one in enumerate(value)]
        return _STAMP if isinstance(value, Scalar) and self._stamps.include(path) else value

    def _mask(self, value: Value, path: tuple[str, ...]) -> Value:
        masked = self.masked(value, path)
        assert not isinstance(masked, _Missing)  # noqa: S101  (a value stays one)
        return masked

    def refuse(self, path: tuple[str, ...], reason: str, ours: Maybe = MISSING, theirs: Maybe = MISSING) -> None:
        """Note a conflict."""
        sides = (shown(ours), shown(theirs)) if (ours, theirs) != (MISSING, MISSING) else (None, None)
        self.conflicts.append(
            Conflict(path=self.path, field=dotted(path) or None, reason=reason, ours=sides[0], theirs=sides[1])
        )


def _why(base: Maybe, ours: Maybe, theirs: Maybe) -> str:
    if MISSING in (ours, theirs):
        return "deleted on one side, changed on the other"
    if type(ours) is not type(theirs) or (isinstance(ours, Scalar) and isinstance(theirs, Scalar)
                                          and ours.kind != theirs.kind):  # fmt: skip
        return "of another type on each side"
    if isinstance(ours, list):
        return "both sides changed the list"
    return "both sides added it" if base is MISSING else "both sides changed it"


def _has_digit(value: Maybe) -> bool:
    if isinstance(value, dict):
        return any(_has_digit(one) for one in value.values())
    if isinstance(value, list):
        return bool(value)
    return isinstance(value, Scalar) and any(character.isdigit() for character in value.text)


def dotted(path: tuple[str, ...]) -> str:
    """`runs[0].generated_at`."""
    return "".join(part if part.startswith("[") else f".{part}" for part in path).lstrip(".")


def shown(value: Maybe) -> str:
    """A value in one line of a terminal."""
    if isinstance(value, dict):
        text = "{" + ", ".join(f"{key}: {shown(one)}" for key, one in value.items()) + "}"
    elif isinstance(value, list):
        text = "[" + ", ".join(map(shown, value)) + "]"
    else:
        text = "not there" if isinstance(value, _Missing) else value.text
    return text if len(text) <= 80 else text[:79] + "…"  # noqa: PLR2004
