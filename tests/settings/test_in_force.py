"""A policy file that is changed while its policy is in force."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

import pytest

from rotator.settings.in_force import Refused, Replaced
from tests.settings import http_files
from tests.settings.files import POLICY, Files

if TYPE_CHECKING:
    from pathlib import Path

    from rotator.settings.settings import Settings

NEXT = POLICY.replace("ci-*", "web-*")
FAULTY = POLICY.replace("principal: ci-*", "principle: ci-*")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Files(tmp_path).write().load()


def write(settings: Settings, policy: str) -> None:
    settings.policy_file.write_text(policy, encoding="utf-8")


def looked(settings: Settings, times: int = 2) -> list[Replaced | Refused]:
    """Look so often, and return what was told."""
    found = [settings.in_force.look() for _ in range(times)]
    return [item for item in found if item is not None]


def digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def test_what_has_not_changed_is_no_news(settings: Settings) -> None:
    before = settings.policy

    assert looked(settings) == []
    assert settings.policy is before
    assert not settings.in_force.is_refused


def test_another_policy_is_in_force_everywhere_at_once(settings: Settings) -> None:
    before = settings.in_force.edition
    write(settings, NEXT)

    (told,) = looked(settings)

    assert told == Replaced(before, settings.in_force.edition)
    assert settings.policy.rules[0].match.principal == ("web-*",)
    assert settings.policy_digest == digest(NEXT)
    assert (settings.policy.owner, settings.policy.accounts) == ("tests", before.policy.accounts)


def test_half_a_file_that_is_being_written_is_not_judged(settings: Settings) -> None:
    for end in range(40, len(NEXT), 40):
        write(settings, NEXT[:end])
        assert looked(settings, times=1) == []
    write(settings, NEXT)

    (told,) = looked(settings)

    assert isinstance(told, Replaced)


def test_a_faulty_policy_is_told_once_with_line_and_path_and_the_last_good_one_holds(
    settings: Settings,
) -> None:
    before = settings.in_force.edition
    write(settings, FAULTY)

    (told,) = looked(settings, times=5)

    assert isinstance(told, Refused)
    assert told.digest == digest(FAULTY)
    assert [str(fault).startswith(f"{settings.policy_file}:5: ") for fault in told.faults] == [True]
    assert settings.in_force.edition is before
    assert settings.in_force.is_refused


def test_another_faulty_policy_is_told_anew(settings: Settings) -> None:
    write(settings, FAULTY)
    looked(settings)
    write(settings, FAULTY + "oops: 1\n")

    (told,) = looked(settings)

    assert isinstance(told, Refused)
    assert len(told.faults) == 2


def test_a_policy_that_is_put_back_is_no_longer_refused(settings: Settings) -> None:
    write(settings, FAULTY)
    looked(settings)
    write(settings, POLICY)

    assert looked(settings) == []
    assert not settings.in_force.is_refused


def test_a_repaired_policy_takes_the_place_of_the_last_good_one(settings: Settings) -> None:
    write(settings, FAULTY)
    looked(settings)
    write(settings, NEXT)

    (told,) = looked(settings)

    assert isinstance(told, Replaced)
    assert told.before.digest == digest(POLICY)
    assert not settings.in_force.is_refused


def test_a_file_that_is_gone_is_told_once_and_the_last_good_one_holds(settings: Settings) -> None:
    settings.policy_file.unlink()

    (told,) = looked(settings, times=4)

    assert isinstance(told, Refused)
    assert (told.digest, told.faults[0].file) == ("", str(settings.policy_file))
    assert settings.in_force.is_refused
    assert settings.policy_digest == digest(POLICY)


def test_a_file_that_is_gone_for_a_moment_is_no_news(settings: Settings) -> None:
    settings.policy_file.unlink()
    gone = looked(settings, times=1)
    write(settings, POLICY)

    assert gone + looked(settings) == []


def test_a_file_that_is_swapped_behind_a_link_is_read_anew(tmp_path: Path) -> None:
    """As the kubelet does it: the folder of the data is another one, the path is the same."""
    files = Files(tmp_path).write()
    for name, content in (("one", POLICY), ("two", NEXT)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "policy.yaml").write_text(content, encoding="utf-8")
    data, policy = tmp_path / "..data", tmp_path / "policy.yaml"
    policy.unlink()
    data.symlink_to("one")
    policy.symlink_to("..data/policy.yaml")
    settings = files.load()
    (tmp_path / "..new").symlink_to("two")
    (tmp_path / "..new").replace(data)

    (told,) = looked(settings)

    assert isinstance(told, Replaced)
    assert settings.policy_digest == digest(NEXT)


def test_what_is_not_text_is_refused(settings: Settings) -> None:
    settings.policy_file.write_bytes(b"\xff\xfe")

    (told,) = looked(settings)

    assert isinstance(told, Refused)
    assert "UTF-8" in str(told.faults[0])


def test_a_policy_that_contradicts_the_configuration_is_refused_as_at_the_start(
    tmp_path: Path,
) -> None:
    files = http_files.Files(tmp_path).write()
    settings = files.spec().load()
    older = http_files.POLICY + "defaults: {rotate: {maxAge: 200d}}\n"
    write(settings, older)

    (told,) = looked(settings)

    assert isinstance(told, Refused)
    assert "is shorter than maxAge 200d" in str(told.faults)
    assert told.faults[0].file == str(settings.file)
