"""A conformance run: does a spec tell the truth about a live API?

Two keys that overlap are made, tried, damaged, listed, switched, revoked and looked for
again, as the daemon would do it. Nothing is printed here; time is the clock's. Whatever
happens, the keys that were made are ended, and those that cannot be are named.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from rotator.core.ids import Instant
from rotator.errors import RotatorError, TransientError
from rotator.ports.provider import CanDisable, Verdict
from rotator.providers.http.conformance_damage import damages
from rotator.providers.http.conformance_keys import TrialKeys
from rotator.providers.http.conformance_report import Check, Outcome, Report
from rotator.providers.http.conformance_shown import differences, smaller_size

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rotator.core.api_keys import ApiKey, MadeApiKey
    from rotator.core.ids import KeyId
    from rotator.providers.http.conformance_report import Left
    from rotator.providers.http.conformance_stand import Stand
    from rotator.providers.http.spec import Place

_PAUSE: Final = timedelta(seconds=1)
_TRIES: Final = 3
_USE_WAIT: Final = timedelta(seconds=15)
_SENDING: Final = timedelta(minutes=1)


class _FailedError(Exception):
    """A check has failed; the message says what was seen."""


class _NotApplicableError(Exception):
    """A check cannot be made at this API; the message says why."""


class _NotReachedError(Exception):
    """A check needs something that an earlier one did not bring."""


class _StoppedError(Exception):
    """Somebody wants the run to end."""


def _go_on() -> bool:
    return False


def _say_nothing(_: Check) -> None:
    return


@dataclass(slots=True)
class Conformance:
    """One run on one account.

    Attributes:
        stand: What it is made on.
        nonce: Eight hexadecimal digits that no other run has.
        must_stop: Asked between steps and while something is waited for.
        tell: Hears of each check at once.
    """

    stand: Stand
    nonce: str
    must_stop: Callable[[], bool] = _go_on
    tell: Callable[[Check], None] = _say_nothing
    _keys: TrialKeys = field(init=False)
    _first: MadeApiKey | None = None
    _second: MadeApiKey | None = None
    _refused_after: float | None = None
    _has_revoked: bool = False
    _checks: list[Check] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Begin without keys."""
        self._keys = TrialKeys(self.stand, self.nonce)

    def run(self) -> Report:
        """Make every check, and end what was made; raises nothing of an API's."""
        was_stopped = False
        left: tuple[Left, ...] = ()
        try:
            for what, step in self._steps():
                self._note(self._made(what, step))
        except _StoppedError:
            was_stopped = True
        finally:
            left = self._keys.end_all()
            self._note(_cleaned(left))
        return Report(
            checks=tuple(self._checks),
            made=self._keys.made,
            left=left,
            was_stopped=was_stopped,
            refused_after=self._refused_after,
        )

    def _steps(self) -> Sequence[tuple[str, Callable[[], str]]]:
        return (
            ("our credential is let in", self._admission),
            ("every key is listed", self._listing),
            ("a key can be made", self._make_first),
            ("the new key is let in", self._first_works),
            ("a second key can be made beside it", self._make_second),
            ("both keys are let in", self._both_work),
            ("both keys are listed as they were asked for", self._both_listed),
            ("damaged and made-up keys are refused", self._damaged),
            ("smaller pages show the same keys", self._pages),
            ("our own key is told", self._own),
            ("a key can be switched off and on", self._switch),
            ("a use of a key is told", self._use),
            ("a revoked key is refused", self._revocation),
            ("the other key still works", self._second_works),
            ("revoking a key again does no harm", self._again),
            ("a revoked key is listed no more", self._unlisted),
        )

    def _note(self, check: Check) -> None:
        self._checks.append(check)
        self.tell(check)

    def _made(self, what: str, step: Callable[[], str]) -> Check:
        """Make one check; what was surely not done is tried again."""
        for attempt in range(1, _TRIES + 1):
            self._may_go_on()
            try:
                return Check(what=what, outcome=Outcome.PASSED, seen=step())
            except _NotApplicableError as why:
                return Check(what=what, outcome=Outcome.NOT_APPLICABLE, seen=str(why))
            except _NotReachedError as why:
                return Check(what=what, outcome=Outcome.NOT_REACHED, seen=str(why))
            except _FailedError as why:
                return Check(what=what, outcome=Outcome.FAILED, seen=str(why))
            except TransientError as error:
                trouble: RotatorError = error
                if attempt < _TRIES:
                    self._rest(error.retry_after or attempt * _PAUSE)
            except RotatorError as error:
                trouble = error
                break
        return Check(what=what, outcome=Outcome.FAILED, seen=_said(trouble))

    # ------------------------------------------------------------------- the steps

    def _admission(self) -> str:
        self.stand.keys.check_admission()
        return ""

    def _listing(self) -> str:
        listed = self.stand.keys.api_keys()
        self._keys.before = frozenset(key.key_id for key in listed)
        return _count(len(listed))

    def _make_first(self) -> str:
        self._first = self._keys.make("a")
        return self._first.key.key_id

    def _make_second(self) -> str:
        self._older()
        self._second = self._keys.make("b")
        return self._second.key.key_id

    def _first_works(self) -> str:
        return self._wait_until_let_in(self._older())

    def _both_work(self) -> str:
        seen = self._wait_until_let_in(self._newer())
        if not self._keys.is_let_in(self._older()):
            where = self._at(self.stand.spec.creation.operation.place)
            raise _FailedError(f"the first key is refused since the second was made{where}")
        return seen

    def _both_listed(self) -> str:
        made = (self._older(), self._newer())
        wanted = {it.key.key_id for it in made}
        passed = self._until(
            lambda: wanted <= {key.key_id for key in self._listed()},
            self.stand.spec.propagation.create,
        )
        if passed is None:
            where = self._at(self.stand.spec.listing.operation.place)
            raise _FailedError(f"they are not listed after {_patience(self.stand)}{where}")
        listed = {key.key_id: key for key in self._listed()}
        odd = [it for one in made for it in differences(self.stand, one, listed[one.key.key_id])]
        if odd:
            raise _FailedError("; ".join(odd))
        self._in_time(passed, self.stand.spec.propagation.create, "propagation.create")
        return f"after {passed:.0f} s"

    def _damaged(self) -> str:
        made = self._newer()
        for what, secret in damages(self.stand.spec, made.secret):
            verdict = self.stand.keys.try_api_key(secret, made.key.key_id)
            if verdict is not Verdict.NOT_YET:
                words = "let in" if verdict is Verdict.ACCEPTED else "not refused"
                where = self._at(self.stand.spec.verification.operation.place)
                raise _FailedError(f"{what} is {words}, so `verify` proves nothing{where}")
        self._keys.is_refusal_known = True
        return "a cut one, a half-quoted one, a made-up one"

    def _pages(self) -> str:
        if self.stand.narrowed is None:
            raise _NotApplicableError("the spec names no parameter for the size of a page")
        before = self._ids()
        size = smaller_size(len(before))
        shown = {key.key_id for key in self.stand.narrowed(size).api_keys()}
        after = self._ids()
        missing, strange = (before & after) - shown, shown - (before | after)
        if missing or strange:
            where = self._at(self.stand.spec.listing.pagination.place)
            seen = f"pages of {size} show {len(shown)} keys, where there are {len(after)}"
            raise _FailedError(seen + where)
        return f"{_count(len(shown))} by pages of {size}"

    def _own(self) -> str:
        own = self.stand.keys.own_key()
        if own is None:
            told = self.stand.spec.own is not None
            raise _NotApplicableError("it is no key" if told else "the spec has no `own`")
        if own in {it.key.key_id for it in (self._older(), self._newer())}:
            raise _FailedError(f"{own} is a key that was just made{self._own_place()}")
        return own

    def _switch(self) -> str:
        made, provider = self._newer(), self.stand.provider
        if not isinstance(provider, CanDisable):
            raise _NotApplicableError("the spec has no `disable` and `enable`")
        principal, key = self._keys.principal(made.key), made.key.key_id
        provider.disable_key(principal, key, not_after=self._soon())
        off = self._wait_until_refused(made, "propagation.revoke")
        provider.enable_key(principal, key, not_after=self._soon())
        return f"off after {off:.0f} s; on again {self._wait_until_let_in(made)}"

    def _use(self) -> str:
        made = self._newer()
        if "lastUsedAt" not in self.stand.spec.listing.key:
            raise _NotApplicableError("the spec maps no `lastUsedAt`")
        self._keys.is_let_in(made)
        passed = self._until(lambda: self._is_use_told(made), _USE_WAIT, most=_USE_WAIT)
        if passed is None:
            self._must_tell_uses(made)
            declared = self.stand.spec.propagation.last_used.total_seconds()
            why = f"not within {_USE_WAIT.total_seconds():.0f} s; the spec says {declared:.0f} s"
            raise _NotApplicableError(why)
        return f"after {passed:.0f} s"

    def _revocation(self) -> str:
        made = self._older()
        if not self._has_revoked:
            self._keys.end(made)
            self._has_revoked = True
        passed = self._refused_after = self._wait_until_refused(made, "propagation.revoke")
        declared = self.stand.spec.propagation.revoke.total_seconds()
        return f"after {passed:.0f} s; the spec allows {declared:.0f} s"

    def _second_works(self) -> str:
        self._after_revocation()
        if not self._keys.is_let_in(self._newer()):
            where = self._at(self.stand.spec.revocation[0].place)
            raise _FailedError(f"it is refused since the first was revoked{where}")
        return ""

    def _again(self) -> str:
        self._keys.end_again(self._after_revocation())
        return ""

    def _unlisted(self) -> str:
        gone = self._after_revocation().key.key_id
        passed = self._until(lambda: gone not in self._ids(), self.stand.spec.propagation.revoke)
        if passed is None:
            where = self._at(self.stand.spec.revocation[0].place)
            raise _FailedError(f"{gone} is still listed{where}")
        return f"after {passed:.0f} s"

    # ----------------------------------------------------------- what steps are made of

    def _older(self) -> MadeApiKey:
        if self._first is None:
            raise _NotReachedError("there is no first key")
        return self._first

    def _newer(self) -> MadeApiKey:
        if self._second is None:
            raise _NotReachedError("there is no second key")
        return self._second

    def _after_revocation(self) -> MadeApiKey:
        if not self._has_revoked:
            raise _NotReachedError("nothing was revoked")
        return self._older()

    def _listed(self) -> Sequence[ApiKey]:
        return self.stand.keys.api_keys()

    def _ids(self) -> set[KeyId]:
        return {key.key_id for key in self._listed()}

    def _is_use_told(self, made: MadeApiKey) -> bool:
        found = (key for key in self._listed() if key.key_id == made.key.key_id)
        return any(key.last_used_at is not None for key in found)

    def _must_tell_uses(self, made: MadeApiKey) -> None:
        """Fail if a listing has no word for a key's use: to the daemon that is not never."""
        if not any(it.is_use_told for it in self._listed() if it.key_id == made.key.key_id):
            where = self._at(self.stand.spec.listing.key["lastUsedAt"].place)
            why = "the list does not tell it at all, so the daemon would wait for ever"
            raise _FailedError(f"{why}{where}")

    def _wait_until_let_in(self, made: MadeApiKey) -> str:
        declared = self.stand.spec.propagation.create
        passed = self._until(lambda: self._keys.is_let_in(made), declared)
        if passed is None:
            where = self._at(self.stand.spec.verification.operation.place)
            waited = self.stand.patience(declared).total_seconds()
            raise _FailedError(f"it is still refused after {waited:.0f} s{where}")
        self._in_time(passed, declared, "propagation.create")
        return f"after {passed:.0f} s"

    def _wait_until_refused(self, made: MadeApiKey, name: str) -> float:
        declared = self.stand.spec.propagation.revoke
        passed = self._until(lambda: self._keys.is_refused(made), declared)
        if passed is None:
            where = self._at(self.stand.spec.revocation[0].place)
            waited = self.stand.patience(declared).total_seconds()
            raise _FailedError(f"it is still let in after {waited:.0f} s{where}")
        self._in_time(passed, declared, name)
        return passed

    def _in_time(self, passed: float, declared: timedelta, name: str) -> None:
        """Fail if something took longer than the spec says: the daemon counts on that."""
        if passed > declared.total_seconds() + _PAUSE.total_seconds():
            said = f"{declared.total_seconds():.0f} s"
            why = f"it took {passed:.0f} s, and `{name}` says {said}: write more there"
            raise _FailedError(f"{why} ({self.stand.spec.file})")

    def _until(
        self, holds: Callable[[], bool], declared: timedelta, *, most: timedelta | None = None
    ) -> float | None:
        """Wait until something holds; return after how many seconds, None if it never does."""
        clock = self.stand.clock
        begun = clock.now()
        ends = begun + (most or self.stand.patience(declared))
        while not holds():
            if clock.now() >= ends:
                return None
            self._rest(_PAUSE)
        return (clock.now() - begun).total_seconds()

    def _rest(self, period: timedelta) -> None:
        """Let time pass, in small steps, so that whoever interrupts is soon heard."""
        ends = self.stand.clock.now() + period
        while self.stand.clock.now() < ends:
            self._may_go_on()
            self.stand.clock.sleep(_PAUSE.total_seconds())

    def _may_go_on(self) -> None:
        if self.must_stop():
            raise _StoppedError

    def _soon(self) -> Instant:
        return Instant(self.stand.clock.now() + _SENDING)

    def _own_place(self) -> str:
        own = self.stand.spec.own
        return self._at(own.operation.place) if own else ""

    @staticmethod
    def _at(place: Place) -> str:
        return f" ({place})"


def _cleaned(left: Sequence[Left]) -> Check:
    what = "every key of the run is ended"
    if left:
        return Check(what=what, outcome=Outcome.FAILED, seen=f"{_count(len(left))} left behind")
    return Check(what=what, outcome=Outcome.PASSED)


def _patience(stand: Stand) -> str:
    return f"{stand.patience(stand.spec.propagation.create).total_seconds():.0f} s"


def _said(error: RotatorError) -> str:
    return f"{error}; try: {error.hint}" if error.hint else str(error)


def _count(number: int) -> str:
    return "1 key" if number == 1 else f"{number} keys"
