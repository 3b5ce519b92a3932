"""Tell the cause from the trials: which remedy recovers, and what else does."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from repro.instruments.diagnose.changes.change import Change
from repro.instruments.diagnose.proof.judge import LEAST_SHARE, SHARE_OF_BEST, Judged, Proof
from repro.instruments.diagnose.proof.prove import Suspects
from repro.instruments.diagnose.symptoms.causes import CAUSES


@dataclass(frozen=True, kw_only=True)
class Attribution:
    """A cause, the change that recovers, and how far the one proves the other.

    Attributes:
        cause: its key in `CAUSES`.
        also: other causes that the change removes, all of them present and needed.
        judged: the change.
        rivals: changes that have nothing to do with the cause, and recover as well.
        further: the change with more made at once, by which the fit gets better still, if any.
        is_own: whether the change removes the cause, and doesn't only help against it.
        certain: whether the cause is a fact of code or data.
        is_tested: whether any change that has to do with other causes was tried, if there is one.
        is_known: whether the network fails in the user's training, and not only in a shorter one.
    """

    cause: str
    judged: Judged
    also: tuple[str, ...] = ()
    rivals: tuple[Judged, ...] = ()
    further: Judged | None = None
    is_own: bool = True
    certain: bool = False
    is_tested: bool = True
    is_known: bool = True

    @property
    def is_untested(self) -> bool:
        """True if it would be proven, had something else been tried."""
        return self.is_own and not self.certain and not self.is_tested

    @property
    def proven(self) -> bool:
        """True if the cause's own remedy recovers, and nothing else does unless it is a fact.

        That nothing else does is known only if something else was tried; that the network fails,
        only if it had the steps that the user gives it.
        """
        is_sole = self.is_tested and self.is_known and not self.rivals
        return self.is_own and (self.certain or is_sole)


def attribute(proof: Proof, suspects: Suspects) -> Attribution | None:
    """Attribute the failure to a cause; None if no change recovers."""
    recovering = [judged for judged in proof.judged if judged.recovers]
    if not recovering:
        return None
    singles = [judged for judged in recovering if judged.change.parts == 1]
    candidates = [
        _by_remedy(cause, own, singles, suspects)
        for cause in suspects.causes
        if (own := [judged for judged in singles if cause in judged.change.removes])
    ]
    if candidates and all(candidate.cause in suspects.vague for candidate in candidates):
        candidates = _by_signs(proof, singles, suspects) or candidates
    if candidates:
        chosen = min(candidates, key=_preference(suspects))
    else:
        chosen = _without_suspect(recovering, singles, suspects, proof)
    is_small = proof.is_pruned or chosen.judged.change.parts == 1
    is_tested = is_small and _is_tested(proof, chosen.cause)
    return replace(chosen, is_tested=is_tested, is_known=not proof.own_budget)


def _by_signs(proof: Proof, recovering: Sequence[Judged], suspects: Suspects) -> list[Attribution]:
    """Attribute it to causes with signs of their own, whose remedy does most of what is done best.

    Longer steps or more of them make up for much that is wrong: that nothing but the failure points
    at a cause, and its remedy gains a little more, is no reason to pass over one that can be seen.
    """
    enough = LEAST_SHARE * max((judged.gained.mean for judged in recovering), default=0.0)
    good = [
        replace(judged, recovers=True)
        for judged in proof.judged
        if judged.change.parts == 1
        and judged.helps
        and judged.gained.mean >= enough
        and judged.skill >= proof.deserved
    ]
    return [
        _by_remedy(cause, own, recovering, suspects)
        for cause in suspects.causes
        if cause not in suspects.vague
        and (own := [judged for judged in good if cause in judged.change.removes])
    ]


def _without_suspect(
    recovering: Sequence[Judged], singles: Sequence[Judged], suspects: Suspects, proof: Proof
) -> Attribution:
    """Attribute it to the cause that a single change is made against, or to those of several."""
    single = _by_help(singles, suspects, proof) if singles else None
    if single is not None and single.is_own:
        return single
    several = _by_several(recovering, suspects, proof)
    if several is None:
        return _by_help(recovering, suspects, proof)
    return _by_main_part(several, suspects, proof) or several


def _by_main_part(several: Attribution, suspects: Suspects, proof: Proof) -> Attribution | None:
    """Attribute it to the causes with signs of their own, if their remedies do most of it alone.

    What else is among the changes made at once then makes a fit better that is none without them.
    """
    clear = [cause for cause in suspects.causes if cause not in suspects.vague]
    singles = several.judged.change.singles
    main = {change.key for change in singles if set(clear) & set(change.removes)}
    alone = [j for j in proof.judged if {c.key for c in j.change.singles} == main]
    enough = LEAST_SHARE * several.judged.gained.mean
    if len(main) == len(singles) or not alone or alone[0].gained.mean < enough:
        return None
    judged = replace(alone[0], recovers=alone[0].helps and alone[0].skill >= proof.deserved)
    present = [cause for cause in clear if cause in judged.change.removes]
    attributed = Attribution(
        cause=present[0],
        also=_also(judged, present),
        judged=judged,
        rivals=_as_good(present[0], judged, proof),
        further=several.judged,
        certain=present[0] in suspects.certain,
    )
    return attributed if judged.recovers else None


def _also(judged: Judged, present: Sequence[str]) -> tuple[str, ...]:
    """Return a cause for each of the other changes made at once."""
    others = [c for c in judged.change.singles if present[0] not in c.removes]
    return tuple(next(cause for cause in present if cause in c.removes) for c in others)


def _as_good(cause: str, judged: Judged, proof: Proof) -> tuple[Judged, ...]:
    enough = SHARE_OF_BEST * judged.gained.mean
    good = [j for j in proof.judged if j.helps and j.gained.mean >= enough]
    return _rivals(cause, good)


def _is_tested(proof: Proof, cause: str) -> bool:
    """Tell whether a change that has nothing to do with the cause was tried, if one was meant to.

    What was spared for teaching nothing more is not missed.
    """
    tried = [judged.change for judged in proof.judged]
    unrelated = [
        any(change.parts == 1 and cause not in change.helps_against for change in changes)
        for changes in (tried, proof.untried)
    ]
    return unrelated[0] or not unrelated[1]


def _preference(suspects: Suspects) -> Callable[[Attribution], tuple[bool, int, bool]]:
    """Prefer facts, then the cause with the fewest rivals, then one that can be seen.

    Of equals, the one upstream comes first.
    """

    def preference(attribution: Attribution) -> tuple[bool, int, bool]:
        rivals = 0 if attribution.certain else len(attribution.rivals)
        return not attribution.certain, rivals, attribution.cause in suspects.vague

    return preference


def _by_remedy(
    cause: str, own: Sequence[Judged], singles: Sequence[Judged], suspects: Suspects
) -> Attribution:
    judged = min(own, key=lambda j: (j.change.size, j.change.epochs, -j.gained.mean))
    return Attribution(
        cause=cause,
        judged=judged,
        rivals=_rivals(cause, singles),
        certain=cause in suspects.certain,
    )


def _by_several(
    recovering: Sequence[Judged], suspects: Suspects, proof: Proof
) -> Attribution | None:
    """Attribute it to all causes that several changes at once remove, the foremost first.

    While changes may be among them that aren't needed, those count that symptoms point at.
    """
    several = [judged for judged in recovering if judged.change.parts > 1]
    several.sort(key=lambda judged: (judged.change.parts, -judged.gained.mean))
    singles = tuple(judged for judged in recovering if judged.change.parts == 1)
    for judged in several:
        singles_made = judged.change.singles
        removed = [_foremost(single, suspects, proof) for single in singles_made]
        present = sorted(_named(removed, suspects, proof), key=_order(suspects.causes))
        if present:
            return Attribution(
                cause=present[0],
                also=tuple(present[1:]),
                judged=judged,
                rivals=singles,
                is_own=all(c in s.removes for c, s in zip(removed, singles_made, strict=True)),
                certain=present[0] in suspects.certain,
            )
    return None


def _named(removed: Sequence[str], suspects: Suspects, proof: Proof) -> set[str]:
    """Return the causes that several changes at once stand for.

    While changes may be among them that aren't needed, those are suspects; but not where nothing
    but the failure points at each, and its remedy does nothing alone: then it is something unseen.
    """
    known = {cause for cause in removed if cause}
    if proof.is_pruned:
        return known
    present = known & set(suspects.causes)
    idle = {cause for cause in present & suspects.vague if _does_nothing_alone(cause, proof)}
    return present - idle or known - idle or present


def _does_nothing_alone(cause: str, proof: Proof) -> bool:
    own = [j for j in proof.judged if j.change.parts == 1 and cause in j.change.removes]
    return bool(own) and all(judged.gained.mean < proof.margin for judged in own)


def _order(causes: Sequence[str]) -> Callable[[str], tuple[bool, int]]:
    """Order causes: suspects first, upstream ones first among them and among the others."""
    keys = list(CAUSES)
    return lambda cause: (cause not in causes, keys.index(cause))


def _foremost(change: Change, suspects: Suspects, proof: Proof) -> str:
    """Return the cause that a single change removes; one it helps against, if only that is seen.

    Adam removes no rate that is too high, but it makes up for one: where a lower rate helps, too,
    and can be seen to be too high, it is not the optimizer that was wrong.
    """
    removed = _removed(change, suspects.causes)
    helped = {c for judged in proof.judged if judged.helps for c in judged.change.removes}
    visible = [c for c in suspects.causes if c not in suspects.vague and c in change.treats]
    is_vague = removed in suspects.vague
    return next((c for c in visible if is_vague and c in helped), removed)


def _removed(change: Change, causes: Sequence[str]) -> str:
    """Return the foremost suspect that a single change removes, or else what it is made against.

    A fact would have been seen: if it wasn't, it is not there.
    """
    unseen = [cause for cause in change.removes if not CAUSES[cause].certain]
    return next(iter([*(cause for cause in causes if cause in change.removes), *unseen]), "")


def _helped(change: Change, proof: Proof, causes: Sequence[str]) -> str:
    """Return the cause that a change helps against: a suspect, whose own remedy hasn't failed."""
    failed = {c for judged in proof.judged for c in judged.change.removes if not judged.recovers}
    present = [cause for cause in change.helps_against if cause in causes]
    open_ones = [cause for cause in present if cause not in failed]
    own = [c for c in (_removed(single, causes) for single in change.singles) if c]
    return next(iter([*open_ones, *own, *present, *change.helps_against]), "")


def _by_help(recovering: Sequence[Judged], suspects: Suspects, proof: Proof) -> Attribution:
    """Attribute it to a cause that the smallest change helps against, present or not."""
    judged = min(recovering, key=lambda j: (j.change.parts, j.change.size, -j.gained.mean))
    cause = _helped(judged.change, proof, suspects.causes)
    return Attribution(
        cause=cause,
        judged=judged,
        rivals=_rivals(cause, recovering),
        is_own=cause in judged.change.removes,
    )


def _rivals(cause: str, judged: Sequence[Judged]) -> tuple[Judged, ...]:
    """Return the single changes that have nothing to do with the cause."""
    return tuple(j for j in judged if j.change.parts == 1 and cause not in j.change.helps_against)
