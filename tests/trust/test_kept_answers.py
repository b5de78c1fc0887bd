"""Answers kept on disk: until they end, never what did not count, and never in the way of a judgement."""

from __future__ import annotations

import sqlite3
import stat
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from eidkit.clock import FixedClock
from eidkit.errors import StoreError
from eidkit.transport import Response
from eidkit.trust import kept_answers
from eidkit.trust.sources import Sources
from tests.trust.making import DAY, NOW, Party, Pki, self_signed
from tests.trust.test_sources import HOST, Web, online, page

OCSP, CRL = f"http://{HOST}/o", f"http://{HOST}/c.crl"
MINUTE = timedelta(minutes=1)


def asked(pki: Pki, person: Party, web: Web, file: Path, now: datetime = NOW, **options: Any) -> tuple[Any, list[Any]]:
    problems: list[Any] = []
    sources = Sources.online(allow_hosts={HOST}, cache=file, **options)
    found = sources.revocation(
        person.parsed, pki.authority.parsed, transport=web, at=now, problems=problems, clock=FixedClock(now)
    )
    return found, problems


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "answers.db"


def test_an_answer_is_asked_for_once_until_it_ends(pki: Pki, file: Path) -> None:
    person = online(pki)
    answer = pki.authority.ocsp(person, until=NOW + 2 * DAY)
    web = Web({OCSP: page(answer)})
    for _ in range(3):
        assert asked(pki, person, web, file)[0] == ((), (answer,))
    assert len(web.asked) == 1
    asked(pki, person, web, file, NOW + 2 * DAY)
    assert sum(request.url == OCSP for request in web.asked) == 2


def test_so_is_a_list(pki: Pki, file: Path) -> None:
    person, crl = online(pki, ocsp=False), pki.authority.crl(until=NOW + 2 * DAY)
    web = Web({CRL: page(crl)})
    for _ in range(3):
        assert asked(pki, person, web, file)[0] == ((crl,), ())
    assert len(web.asked) == 1


def test_nothing_is_kept_longer_than_a_week(pki: Pki, file: Path) -> None:
    person = online(pki, ocsp=False)
    web = Web({CRL: page(pki.authority.crl(until=NOW + 200 * DAY))})
    for days, count in ((0, 1), (6, 1), (8, 2)):
        asked(pki, person, web, file, NOW + days * DAY)
        assert len(web.asked) == count


def test_what_did_not_count_is_not_kept(pki: Pki, file: Path) -> None:
    person, forged = online(pki), self_signed("Authority")
    web = Web({OCSP: page(forged.ocsp(person, issuer=pki.authority)), CRL: page(pki.authority.crl(signer=forged))})
    asked(pki, person, web, file)
    genuine = pki.authority.ocsp(person)
    web.pages = {OCSP: page(genuine)}
    assert asked(pki, person, web, file)[0] == ((), (genuine,))


def test_a_failure_is_remembered_for_a_minute(pki: Pki, file: Path) -> None:
    person = online(pki, ocsp=False)
    web = Web()
    asked(pki, person, web, file)
    _, problems = asked(pki, person, web, file, NOW + MINUTE / 2)
    assert [problem.code for problem in problems] == ["asked-lately"]
    assert len(web.asked) == 1
    web.pages = {CRL: page(pki.authority.crl())}
    assert asked(pki, person, web, file, NOW + 2 * MINUTE)[0][0]


def test_a_clock_that_was_set_back_asks_again(pki: Pki, file: Path) -> None:
    person = online(pki, ocsp=False)
    web = Web({CRL: page(pki.authority.crl())})
    asked(pki, person, web, file)
    asked(pki, person, web, file, NOW - DAY / 2)
    assert len(web.asked) == 2


def test_a_question_with_a_nonce_is_always_asked(pki: Pki, file: Path) -> None:
    person = online(pki)
    web = Web({OCSP: page(pki.authority.ocsp(person))})
    for _ in range(2):
        asked(pki, person, web, file, nonce=True)
    assert len(web.asked) == 2


def test_the_answer_of_one_certificate_is_not_anothers(pki: Pki, file: Path) -> None:
    first, second = online(pki), online(pki)
    web = Web({OCSP: page(pki.authority.ocsp(first))})
    asked(pki, first, web, file)
    web.pages = {OCSP: page(pki.authority.ocsp(second))}
    (_, ocsps), _ = asked(pki, second, web, file)
    assert ocsps == (web.pages[OCSP].body,)


def test_without_a_file_nothing_is_kept(pki: Pki, tmp_path: Path) -> None:
    person = online(pki)
    web = Web({OCSP: page(pki.authority.ocsp(person))})
    for _ in range(2):
        Sources.online(allow_hosts={HOST}).revocation(person.parsed, pki.authority.parsed, transport=web, at=NOW)
    assert len(web.asked) == 2
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"no database at all, but long enough to be looked at as one" * 20, None])
def test_a_file_that_cannot_be_used_is_a_problem_and_not_a_failure(pki: Pki, file: Path, content: bytes | None) -> None:
    if content is None:
        file.mkdir()
    else:
        file.write_bytes(content)
    person = online(pki)
    answer = pki.authority.ocsp(person)
    found, problems = asked(pki, person, Web({OCSP: page(answer)}), file)
    assert found == ((), (answer,))
    assert {problem.code for problem in problems} == {"answers-unusable"}


def test_a_file_of_a_later_version_is_left_alone(file: Path) -> None:
    with sqlite3.connect(file) as later:
        later.execute("PRAGMA user_version = 9")
    later.close()
    with pytest.raises(StoreError, match="version 9"):
        kept_answers.find(file, b"q", NOW)


def test_only_its_owner_may_read_it(file: Path) -> None:
    kept_answers.keep(file, b"q", b"a", until=NOW + DAY, now=NOW)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_the_oldest_make_room(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_answers, "MAX_ROWS", 3)
    monkeypatch.setattr(kept_answers, "BUDGET", 100)
    for number in range(5):
        kept_answers.keep(file, bytes([number]), b"a" * 30, until=NOW + DAY, now=NOW + number * MINUTE)
    later = NOW + 9 * MINUTE
    assert [kept_answers.find(file, bytes([number]), later) is not None for number in range(5)] == [
        False, False, True, True, True,
    ]  # fmt: skip
    kept_answers.keep(file, b"big", b"a" * 90, until=NOW + DAY, now=later)
    assert kept_answers.find(file, bytes([4]), later) is None
    kept_answers.keep(file, b"bigger", b"a" * 101, until=NOW + DAY, now=later)
    assert kept_answers.find(file, b"bigger", later) is None
    assert kept_answers.find(file, b"big", later) == kept_answers.Kept(b"a" * 90)


def test_threads_share_one_file(pki: Pki, file: Path) -> None:
    people = [online(pki) for _ in range(8)]
    answers = {person.parsed.serial: pki.authority.ocsp(person) for person in people}

    class Responder(Web):
        def send(self, request: Any) -> Response:
            from cryptography.x509 import ocsp

            self.asked.append(request)
            return page(answers[ocsp.load_der_ocsp_request(request.body).serial_number])

    web = Responder()
    with ThreadPoolExecutor(8) as pool:
        for _ in range(2):
            found = list(pool.map(lambda person: asked(pki, person, web, file), people))
            assert [problems for _, problems in found] == [[]] * 8
    assert len(web.asked) == 8
