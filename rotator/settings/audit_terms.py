"""`audit:` with its paths and keys looked up, and what is wrong with them."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from rotator.audit.fingerprints import SHORTEST_KEY, is_long_enough
from rotator.audit.signing import Signer, Verifier
from rotator.core.durations import format_duration
from rotator.core.log_check import UNDER_WAY
from rotator.core.secret import Secret
from rotator.errors import RejectedError
from rotator.settings.audit import AuditTerms
from rotator.settings.references import UnresolvedError, resolve

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from rotator.errors import Fault
    from rotator.settings.configuration import ConfigurationFile
    from rotator.settings.document import Document
    from rotator.settings.document import Path as FieldPath

_LONGEST_UNSIGNED = UNDER_WAY / 2


class AuditReader:
    """Reads the section of one file.

    Attributes:
        faults: What is wrong, once `read` was called.
    """

    def __init__(
        self,
        *,
        document: Document,
        model: ConfigurationFile,
        environ: Mapping[str, str],
        folder: Path,
    ) -> None:
        """Take the file, what it says, and where its references lead."""
        self.faults: list[Fault] = []
        self._document = document
        self._section = model.audit
        self._log_name = model.audit.log_name or model.owner
        self._lag_limit = model.limits.audit_lag
        self._environ = environ
        self._folder = folder

    def read(self) -> AuditTerms:
        """Look everything up; what cannot be is left out and told in `faults`."""
        section = self._section
        witness = section.checkpoints.witness
        self._check_times_and_places()
        return AuditTerms(
            deadline=section.deadline,
            stdout=section.stdout,
            s3=section.s3,
            signing_key=self._signing_key(),
            former_keys=tuple(self._former_keys()),
            sign_every=section.checkpoints.every,
            sign_after=section.checkpoints.after,
            witness=self._folder / witness if witness else None,
            fingerprint_keys=MappingProxyType(self._fingerprint_keys()),
            fingerprint_current=section.fingerprints.current if section.fingerprints else "",
            verify_interval=section.verify_interval,
            snapshot_period=section.snapshot_period,
        )

    def _check_times_and_places(self) -> None:
        section = self._section
        if section.deadline >= self._lag_limit:
            self._complain(
                ("audit", "deadline"),
                f"is not shorter than limits.auditLag {format_duration(self._lag_limit)}, "
                "so one slow write would stop everything",
                "shorten it, or lengthen limits.auditLag",
            )
        if section.checkpoints.after > _LONGEST_UNSIGNED:
            self._complain(
                ("audit", "checkpoints", "after"),
                f"is longer than {format_duration(_LONGEST_UNSIGNED)}, and whoever verifies the "
                "log takes records that are unsigned for an hour for forged",
                f"write {format_duration(_LONGEST_UNSIGNED)} or less",
            )
        witness = section.checkpoints.witness
        if witness and self._folder / witness in self._own_files():
            self._complain(
                ("audit", "checkpoints", "witness"),
                "is a file of the log itself, so it would be lost with it",
                "name a file on another volume",
            )

    def _own_files(self) -> tuple[Path, Path]:
        return self._folder / self._section.file, self._folder / f"{self._section.file}.checkpoints"

    def _signing_key(self) -> Secret | None:
        if self._section.signing_key is None:
            return None
        at = ("audit", "signingKey")
        key = self._resolved(at, self._section.signing_key)
        try:
            if key is not None:
                Signer.read(key, self._log_name)
        except RejectedError as error:
            self._complain(at, str(error), error.hint)
        return key

    def _former_keys(self) -> Iterator[Verifier]:
        for index, text in enumerate(self._section.former_keys):
            try:
                yield Verifier.parse(text)
            except RejectedError as error:
                remedy = "copy the verifier key that `rotator audit keygen` printed as a whole"
                self._complain(("audit", "formerKeys", index), str(error), remedy)

    def _fingerprint_keys(self) -> dict[str, Secret]:
        fingerprints = self._section.fingerprints
        if fingerprints is None:
            return {}
        at = ("audit", "fingerprints")
        names = fingerprints.keys
        if fingerprints.current not in names:
            problem = f"`{fingerprints.current}` is none of `keys`"
            self._complain(
                (*at, "current"), problem, f"write `{next(iter(names))}`, or add it there"
            )
        read = {name: self._fingerprint_key((*at, "keys", name), names[name]) for name in names}
        return {name: key for name, key in read.items() if key is not None}

    def _fingerprint_key(self, at: FieldPath, reference: str) -> Secret | None:
        key = self._resolved(at, reference)
        if key is not None and not is_long_enough(key):
            self._complain(
                at,
                f"leads to a key of less than {SHORTEST_KEY} bytes, which can be guessed",
                "make one with `openssl rand -hex 32`",
            )
        return key

    def _resolved(self, at: FieldPath, reference: str) -> Secret | None:
        try:
            return Secret(resolve(reference, environ=self._environ, folder=self._folder))
        except UnresolvedError as error:
            self._complain(at, error.problem, error.remedy)
            return None

    def _complain(self, at: FieldPath, problem: str, remedy: str) -> None:
        self.faults.append(self._document.fault(at, problem, remedy))
