"""What a database's own words become: a code to count, and a hint for people."""

from __future__ import annotations

import pytest
from sqlalchemy import make_url
from sqlalchemy.exc import OperationalError

from rotator.errors import UnavailableError
from rotator.journal.failures import named, translated


class NamedError(Exception):
    """A driver's error with PostgreSQL's code."""

    def __init__(self, sqlstate: str | None, said: str = "") -> None:
        super().__init__(said)
        self.sqlstate = sqlstate


def become(cause: Exception) -> UnavailableError:
    """Let a driver's error cross the port."""
    with pytest.raises(UnavailableError) as caught, translated("here"):
        raise OperationalError("SELECT", {}, cause)
    return caught.value


@pytest.mark.parametrize(
    ("sqlstate", "code"),
    [
        ("08006", "journal_unreachable"),
        ("25006", "journal_read_only"),
        ("28P01", "journal_denied"),
        ("28000", "journal_denied"),
        ("3D000", "journal_database_missing"),
        ("40001", "journal_collision"),
        ("40P01", "journal_collision"),
        ("42501", "journal_denied"),
        ("42P01", "journal_missing"),
        ("53100", "journal_full"),
        ("53300", "journal_crowded"),
        ("55P03", "journal_busy"),
        ("57014", "journal_slow"),
        ("57P01", "journal_restarting"),
        ("57P02", "journal_restarting"),
        ("57P03", "journal_restarting"),
        ("XX001", "journal_corrupt"),
        ("0A000", "journal_unavailable"),
    ],
)
def test_every_condition_of_a_server_has_a_code_and_a_hint(sqlstate: str, code: str) -> None:
    error = become(NamedError(sqlstate, "in some language"))

    assert (error.code, error.subject) == (code, "here")
    assert error.hint


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ('FATAL:  password authentication failed for user "rotator"', "journal_denied"),
        ('FATAL:  no pg_hba.conf entry for host "10.0.0.1"', "journal_denied"),
        ("fe_sendauth: no password supplied", "journal_denied"),
        ('FATAL:  role "rotator" does not exist', "journal_denied"),
        ('FATAL:  database "rotator" does not exist', "journal_database_missing"),
        ("FATAL:  sorry, too many clients already", "journal_crowded"),
        ("FATAL:  remaining connection slots are reserved", "journal_crowded"),
        ("FATAL:  the database system is starting up", "journal_restarting"),
        ("session is read-only", "journal_read_only"),
        ("Connection refused", "journal_unreachable"),
        ("connection timeout expired", "journal_unreachable"),
        ("failed to resolve host 'db'", "journal_unreachable"),
        ("etwas anderes", "journal_unavailable"),
    ],
)
def test_what_is_said_before_a_session_begins_is_understood(said: str, code: str) -> None:
    assert become(NamedError(None, said)).code == code


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("sqlite:////var/lib/journal.db", "/var/lib/journal.db"),
        ("postgresql://a:hunter2@db.example:5433/rotator", "db.example:5433/rotator"),
        ("postgresql://a:hunter2@db.example/rotator", "db.example/rotator"),
        ("postgresql://a:hunter2@/rotator?host=one:1&host=two:2", "one:1,two:2/rotator"),
        ("postgresql:///rotator", "/rotator"),
    ],
)
def test_a_journal_is_named_by_its_place_alone(url: str, name: str) -> None:
    assert named(make_url(url)) == name
