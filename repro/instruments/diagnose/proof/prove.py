"""Train changes over the same seeds beside the original, those of the likeliest cause first."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import reduce

from repro.instruments.diagnose.changes.change import Change, combine
from repro.instruments.diagnose.proof.judge import (
    LEAST_SHARE,
    SHARE_OF_BEST,
    Proof,
    judge,
)
from repro.instruments.diagnose.proof.train import Trained, Trainer
from repro.instruments.diagnose.proof.usual import needed_changes, usual_changes

GOOD = 0.9  # skill from which on no pair is tried
SURE = 0.75  # skill that is enough for a fact's remedy, or where no baseline tells more
FACTS, CLEAR = 0, 1  # places of the stages in which causes have signs of their own
PARTNERS = 3  # pairs with the best change that are tried
CONTROLS = ("adam", "rate_x10", "rate_x0.1", "more_epochs", "initializer", "standardize_input")
"""Changes that are no remedy of most causes, and tell whether anything would have helped."""
MOST_CONTROLS = 4
KEPT_FROM_FIRST, KEPT_FROM_SINGLES, KEPT_FROM_PAIRS = 0.1, 0.35, 0.2
"""Shares of the time left that are kept for what follows."""
KEPT_FROM_ALL, KEPT_FROM_FEWER = 0.1, 0.05
OVERRUN = 0.6  # of the budget, that the first trial may take beyond it
LEAST_SECONDS = 1e-9  # of a training
ROUND_BUDGET = 10  # seconds, to which a budget that would do is rounded up

Say = Callable[[str, int, int], None]
"""(the task at hand, its number, how many there are) -> shown as progress; of 0, it stays shown."""


@dataclass(frozen=True, kw_only=True)
class Suspects:
    """The causes that are present, upstream first.

    Attributes:
        causes: all of them.
        certain: those that are facts of code or data.
        vague: those that nothing but the failure points at.
        fails: whether the network as it is fails.
    """

    causes: Sequence[str]
    certain: frozenset[str] = frozenset()
    vague: frozenset[str] = frozenset()
    fails: bool = True


@dataclass
class Trials:
    """All trainings of changes so far, judged as they come in."""

    trainer: Trainer
    proof: Proof
    say: Say
    results: list[Trained] = field(default_factory=list)
    offers: Sequence[Change] = ()

    @property
    def best_skill(self) -> float:
        """The best mean skill so far, the original's among them."""
        original = float(self.proof.original.test.mean())
        return max([judged.skill for judged in self.proof.judged[:1]] + [original])

    @property
    def is_enough(self) -> bool:
        """True if a change recovers, to what the baselines reach at least."""
        proof = self.proof
        goal = SURE if math.isnan(proof.baseline) else min(proof.baseline - proof.margin, GOOD)
        return any(judged.recovers and judged.skill >= goal for judged in proof.judged)

    def add(self, changes: Sequence[Change], kept: float) -> None:
        """Train changes and judge all results; a share of the time that is left is kept."""
        reserve = kept * self.trainer.left
        for i, change in enumerate(changes):
            if self.trainer.has_time(reserve, change) or self._is_first(change):
                self.say(change.title, i, len(changes))
                self.results.append(self.trainer.train(change))
            else:
                self._leave_out(change)
        judge(self.trainer.setup, self.proof, self.results)

    def _is_first(self, change: Change) -> bool:
        """Tell whether nothing was tried yet, and this trial takes a part of the budget at most.

        A budget that the network as it is has used up would otherwise end in no answer at all.
        """
        is_short = self.trainer.seconds(change) <= OVERRUN * self.trainer.budget
        return not self.results and is_short

    def _leave_out(self, change: Change) -> None:
        self.proof.left_out.append(change.title)
        self.proof.untried.append(change)
        needed = self.trainer.budget + len(self.proof.untried) * self.trainer.longest
        self.proof.budget_needed = ROUND_BUDGET * math.ceil(needed / ROUND_BUDGET)

    def gained(self, trained: Trained) -> float:
        """Return the mean gain in skill over the network as it is."""
        return float((trained.test - self.proof.original.test).mean())

    def result(self, changes: Sequence[Change], kept: float) -> Trained | None:
        """Return the result of several changes made at once; None if there is no time for it."""
        together = reduce(combine, changes)
        if not self._results(together):
            self.add([together], kept)
        return next(iter(self._results(together)), None)

    def was_trained(self, change: Change) -> bool:
        """Tell whether the change was trained, be it as what several were found to need."""
        return bool(self._results(change))

    def _results(self, change: Change) -> list[Trained]:
        keys = _single_keys(change)
        return [trained for trained in self.results if _single_keys(trained.change) == keys]


def _single_keys(change: Change) -> set[str]:
    return set(change.key.split("+"))


def prove(
    original: Trained,
    changes: Sequence[Change],
    suspects: Suspects,
    *,
    trainer: Trainer,
    say: Say,
    baseline: float = math.nan,
    own_budget: int = 0,
) -> Proof:
    """Try the remedy of each cause, all of them at once, other changes alone, and with others.

    Args:
        original: the network as it is, trained.
        changes: the changes to try.
        suspects: the causes that are present.
        trainer: trains them, within its deadline.
        say: reports progress.
        baseline: a skill that a network should reach; NaN if none is known.
        own_budget: as in `Proof`.
    """
    proof = Proof(original, baseline=baseline, own_budget=own_budget)
    trials = Trials(trainer, proof, say, offers=changes)
    tried: list[Change] = []
    for stage, causes in enumerate(_stages(suspects)):
        if not _is_settled(trials, suspects):
            left = [change for change in changes if change not in tried]
            if stage == CLEAR:
                _try_at_once_for_want_of_time(trials, left, causes)
            tried += _try_remedies(trials, left, causes, are_facts=stage == FACTS)
    if suspects.fails and not trials.is_enough:
        _try_usual(trials, changes, suspects)
    rest = [change for change in changes if change not in tried and not trials.was_trained(change)]
    worth, proof.spared = _worth_trying(trials, rest, suspects)
    trials.add(sorted(worth, key=_urgency(suspects.causes)), KEPT_FROM_SINGLES)
    is_open = trials.best_skill < GOOD and not _is_settled(trials, suspects)
    if is_open and (suspects.fails or any(j.helps for j in proof.judged)):
        _try_with_others(trials, suspects.causes)
    return proof


def _try_usual(trials: Trials, changes: Sequence[Change], suspects: Suspects) -> None:
    """Make the network usual in all respects, trained longer if need be; then leave out the rest.

    What it can't do without is what was wrong, whether symptoms pointed at it or not.
    """
    preferred = _tried_remedies(trials, changes, suspects)
    chosen = usual_changes(trials.trainer.setup, changes, preferred, suspects.causes)
    longer = [change for change in changes if change.epochs > 1][:1]
    for together in (chosen, [*longer, *chosen]) if longer else (chosen,):
        trained = trials.result(together, KEPT_FROM_ALL) if together else None
        if trained is not None and trials.is_enough:
            break
    if trained is None or trained.test.mean() < trials.best_skill - trials.proof.margin:
        return
    goal = _enough_gain(trials, trained)

    def is_enough(fewer: Sequence[Change]) -> bool:
        result = trials.result(fewer, KEPT_FROM_FEWER)
        return result is not None and trials.gained(result) >= goal

    untried = len(trials.proof.untried)
    needed_changes(together, is_enough)
    trials.proof.is_pruned = len(trials.proof.untried) == untried


def _tried_remedies(trials: Trials, changes: Sequence[Change], suspects: Suspects) -> list[Change]:
    """Return the remedies of facts, and those that gain against suspects, the best first."""
    facts = [change for change in changes if suspects.certain & set(change.removes)]
    proof = trials.proof
    helping = [judged.change for judged in proof.judged if judged.gained.mean >= proof.margin]
    causes = set(suspects.causes)
    return facts + [c for c in helping if c.parts == 1 and causes & set(c.removes)]


def _enough_gain(trials: Trials, trained: Trained) -> float:
    """Return the gain from which on fewer changes do as well as all of these."""
    gained = trials.gained(trained)
    return min(SHARE_OF_BEST * gained, max(LEAST_SHARE * gained, gained - trials.proof.margin))


def _stages(suspects: Suspects) -> list[list[str]]:
    """Return the facts, then all causes with signs of their own, then all causes."""
    facts = [cause for cause in suspects.causes if cause in suspects.certain]
    clear = [cause for cause in suspects.causes if cause not in suspects.vague]
    return [facts, clear, list(suspects.causes)]


def _try_at_once_for_want_of_time(
    trials: Trials, changes: Sequence[Change], causes: Sequence[str]
) -> None:
    """Make the remedies of all causes at once, if there is no time to try each alone.

    What is left out again shows which was needed, as far as the time goes; one alone that doesn't
    recover would leave all others untried.
    """
    chosen = remedies(_untried_remedies(trials, changes, causes), causes)
    affordable = trials.trainer.left / max(trials.trainer.longest, LEAST_SECONDS)
    if trials.best_skill < GOOD and affordable < len(chosen):
        _try_together(trials, chosen)


def _try_remedies(
    trials: Trials, changes: Sequence[Change], causes: Sequence[str], *, are_facts: bool
) -> list[Change]:
    """Try a remedy of each cause that has none yet, until one does well; then all at once.

    Those of facts are tried in any case: what is written wrong may harm a fit that looks good.
    """
    tried: list[Change] = []
    for change in _untried_remedies(trials, changes, causes):
        if trials.best_skill < GOOD or are_facts:
            trials.add([change], KEPT_FROM_FIRST)
            tried.append(change)
    if tried and trials.best_skill < GOOD:
        singles = [result.change for result in trials.results if result.change.parts == 1]
        _try_together(trials, remedies(singles, causes))
    return tried


def _untried_remedies(
    trials: Trials, changes: Sequence[Change], causes: Sequence[str]
) -> list[Change]:
    """Return a remedy of each cause of which none was tried yet."""
    removed = {cause for trained in trials.results for cause in trained.change.removes}
    return first_remedies(changes, [cause for cause in causes if cause not in removed])


def first_remedies(changes: Sequence[Change], causes: Sequence[str]) -> list[Change]:
    """Return one change for each cause, in the causes' order: the first that removes it."""
    first: dict[str, Change] = {}
    for cause in causes:
        if not any(cause in change.removes for change in first.values()):
            for change in [c for c in changes if cause in c.removes][:1]:
                first[change.key] = change
    return sorted(first.values(), key=lambda change: change.epochs)


def _urgency(causes: Sequence[str]) -> Callable[[Change], tuple[int, int]]:
    """Order changes: those that remove a cause, those that help against one, long ones last."""

    def urgency(change: Change) -> tuple[int, int]:
        removes, helps = set(change.removes) & set(causes), set(change.treats) & set(causes)
        return change.epochs, 0 if removes else 1 if helps else 2

    return urgency


def _worth_trying(
    trials: Trials, rest: Sequence[Change], suspects: Suspects
) -> tuple[list[Change], list[Change]]:
    """Split changes into those worth a trial, and those that could teach nothing any more.

    Where a cause's own remedy does well, others are tried only to see whether anything else does,
    the remedies of other suspects before all; and none is needed where the cause is a fact of the
    code. Where nothing fails, a few will do.
    """
    if trials.best_skill < GOOD and not _is_settled(trials, suspects):
        return list(rest), []
    controls: list[Change] = []
    if not _is_settled(trials, suspects):
        open_ones = _open_causes(trials, suspects)
        chosen = _untried_remedies(trials, rest, open_ones) if suspects.fails else []
        controls = chosen + [c for c in rest if c.key in CONTROLS and c not in chosen]
        controls = controls[: max(MOST_CONTROLS, len(chosen))]
    return controls, [change for change in rest if change not in controls]


def _open_causes(trials: Trials, suspects: Suspects) -> list[str]:
    """Return the causes whose remedies are worth a trial though another change recovers.

    Those that nothing but the failure points at are, if what recovers is no more than that itself.
    """
    clear = [cause for cause in suspects.causes if cause not in suspects.vague]
    recovering = [judged.change for judged in trials.proof.judged if judged.recovers]
    is_seen = any(set(clear) & set(change.removes) for change in recovering)
    return clear if is_seen else list(suspects.causes)


def _is_settled(trials: Trials, suspects: Suspects) -> bool:
    """Tell whether the remedy of a fact of code or data recovers, to all that can be expected.

    Where the remedy of another suspect with signs of its own is yet to be tried, that is more.
    """
    proof = trials.proof
    tried = {cause for trained in trials.results for cause in trained.change.removes}
    removable = {cause for change in trials.offers for cause in change.removes}
    is_open = (set(suspects.causes) - suspects.vague - tried) & removable
    known = GOOD if is_open else SURE if math.isnan(proof.baseline) else proof.baseline
    goal = min(GOOD, max(SURE, known))
    return any(
        judged.recovers and judged.skill >= goal and set(judged.change.removes) & suspects.certain
        for judged in proof.judged
    )


def _try_with_others(trials: Trials, causes: Sequence[str]) -> None:
    """Try the best change together with others, then all remedies at once."""
    proof = trials.proof
    # a longer training is no repair, and would make every other look better: it stays alone
    ranked = [j.change for j in proof.judged if j.change.epochs == 1 and j.change.parts == 1]
    if not ranked:
        return
    smallest = proof.smallest(causes)
    base = smallest.change if smallest and smallest.change in ranked else ranked[0]
    pairs = [combine(base, other) for other in _partners(base, ranked, causes)]
    trials.add([pair for pair in pairs if not trials.was_trained(pair)], KEPT_FROM_PAIRS)
    if trials.best_skill < GOOD or not any(judged.recovers for judged in proof.judged):
        _try_together(trials, remedies(ranked, causes))


def _partners(base: Change, ranked: Sequence[Change], causes: Sequence[str]) -> list[Change]:
    """Choose partners: the remedy of each cause that the change leaves, then the best of others."""
    apart = [other for other in ranked if other.group != base.group]
    left = [cause for cause in causes if cause not in base.removes]
    chosen = {change.key: change for change in [*remedies(apart, left), *apart]}
    return list(chosen.values())[:PARTNERS]


def remedies(ranked: Iterable[Change], causes: Sequence[str]) -> list[Change]:
    """Return for each cause the change that is foremost made against it; of equals, the best.

    Changes exclude those of their own group, and a cause that one has removed needs no other.
    """
    ranked, chosen = list(ranked), list[Change]()
    for cause in causes:
        if any(cause in change.removes for change in chosen):
            continue
        groups = {change.group for change in chosen}
        fitting = [c for c in ranked if cause in c.helps_against and c.group not in groups]
        if fitting and not any(cause in change.treats for change in chosen):
            chosen.append(min(fitting, key=lambda change: change.helps_against.index(cause)))
        elif any(cause in c.removes for c in fitting):
            chosen.append(next(c for c in fitting if cause in c.removes))
    return [change for change in chosen if change.epochs == 1]


def _try_together(trials: Trials, chosen: Sequence[Change]) -> None:
    """Make all remedies at once, then leave out each that isn't needed.

    A network with three faults may not learn at all with one or two of them mended.
    """
    if len(chosen) < 2:
        return
    proof = trials.proof
    singles = [judged.skill for judged in proof.judged if judged.change.parts < len(chosen)]
    best = max(singles, default=float(proof.original.test.mean()))
    together = trials.result(chosen, KEPT_FROM_ALL)
    if together is None or together.test.mean() < best + proof.margin:
        return
    untried = len(proof.untried)
    needed, goal = list(chosen), SHARE_OF_BEST * proof.judged[0].gained.mean
    for remedy in reversed(chosen):
        fewer = [change for change in needed if change is not remedy]
        trained = trials.result(fewer, KEPT_FROM_FEWER) if fewer else None
        if trained and (trained.test - proof.original.test).mean() >= goal:
            needed = fewer
    proof.is_pruned = len(proof.untried) == untried
