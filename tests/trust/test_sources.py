from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import AuthorityInformationAccessOID

from eidkit.addresses import check_url
from eidkit.errors import TransportError, TrustError
from eidkit.transport import Request, Response
from eidkit.trust.network import MAX_REDIRECTS, fetch
from eidkit.trust.sources import Sources
from tests.trust.making import NOW, Party, Pki

HOST = "pki.example"


@dataclass
class Web:
    """A Transport whose pages are in a table."""

    pages: dict[str, Response] = field(default_factory=dict)
    asked: list[Request] = field(default_factory=list)

    def send(self, request: Request) -> Response:
        self.asked.append(request)
        return self.pages.get(request.url, Response(404, {}, b""))


def page(body: bytes, status: int = 200, **headers: str) -> Response:
    return Response(status, headers, body)


def online(pki: Pki, *, host: str = HOST, ocsp: bool = True) -> Party:
    points = [x509.DistributionPoint([x509.UniformResourceIdentifier(f"http://{host}/c.crl")], None, None, None)]
    extra: list[tuple[Any, bool]] = [(x509.CRLDistributionPoints(points), False)]
    access = [
        x509.AccessDescription(
            AuthorityInformationAccessOID.CA_ISSUERS, x509.UniformResourceIdentifier(f"http://{host}/i")
        ),
    ]
    if ocsp:
        access.append(
            x509.AccessDescription(
                AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier(f"http://{host}/o")
            )
        )
    return pki.authority.issue("Person", *extra, (x509.AuthorityInformationAccess(access), False))


def asked(pki: Pki, person: Party, web: Web, sources: Sources | None = None, **options: Any) -> Any:
    chosen = sources or Sources.online(allow_hosts={HOST})
    return chosen.revocation(person.parsed, pki.authority.parsed, transport=web, **options)


def test_ocsp_is_asked_first_and_settles(pki: Pki) -> None:
    person = online(pki)
    answer = pki.authority.ocsp(person)
    web = Web({f"http://{HOST}/o": page(answer)})
    assert asked(pki, person, web, at=NOW) == ((), (answer,))
    assert [request.method for request in web.asked] == ["POST"]
    assert web.asked[0].headers["Content-Type"] == "application/ocsp-request"


def echoed(request: Request) -> bytes | None:
    """The nonce that an OCSP request carries."""
    from cryptography.x509 import ocsp

    sent = ocsp.load_der_ocsp_request(request.body)
    return next((each.value.nonce for each in sent.extensions if isinstance(each.value, x509.OCSPNonce)), None)


@pytest.mark.parametrize(
    ("answered", "used"), [("the same", True), ("another", False), ("none", True)], ids=["same", "another", "none"]
)
def test_an_answer_to_another_question_is_not_used(pki: Pki, answered: str, used: bool) -> None:
    person, problems = online(pki), []

    class Responder(Web):
        def send(self, request: Request) -> Response:
            self.asked.append(request)
            if not request.url.endswith("/o"):
                return Response(404, {}, b"")
            nonce = echoed(request) if answered == "the same" else b"x" * 32
            extra = () if answered == "none" else ((x509.OCSPNonce(nonce or b""), False),)
            return page(pki.authority.ocsp(person, extra=extra))

    web = Responder()
    sources = Sources.online(allow_hosts={HOST}, nonce=True)
    _, ocsps = asked(pki, person, web, sources, at=NOW, problems=problems)
    assert bool(ocsps) is used
    assert len(echoed(web.asked[0]) or b"") == 32
    assert used or problems[0].code == "ocsp-nonce"


def test_no_nonce_is_sent_unless_asked_for(pki: Pki) -> None:
    person = online(pki)
    web = Web({f"http://{HOST}/o": page(pki.authority.ocsp(person))})
    asked(pki, person, web, at=NOW)
    assert echoed(web.asked[0]) is None


def test_without_an_ocsp_answer_the_crl_is_fetched(pki: Pki) -> None:
    person, crl, problems = online(pki), pki.authority.crl(), []
    web = Web({f"http://{HOST}/c.crl": page(crl)})
    assert asked(pki, person, web, problems=problems) == ((crl,), ())
    assert len(problems) == 1


def test_an_ocsp_answer_that_settles_nothing_is_joined_by_the_crl(pki: Pki) -> None:
    person = online(pki)
    answer, crl = pki.authority.ocsp(person, status="unknown"), pki.authority.crl()
    web = Web({f"http://{HOST}/o": page(answer), f"http://{HOST}/c.crl": page(crl)})
    assert asked(pki, person, web, at=NOW) == ((crl,), (answer,))


def test_given_answers_come_first_and_offline_asks_nobody(pki: Pki) -> None:
    person, crl, web = online(pki), pki.authority.crl(), Web()
    assert asked(pki, person, web, Sources.of(crls=[crl, crl])) == ((crl,), ())
    assert not web.asked


@pytest.fixture
def server(pki: Pki) -> Iterator[tuple[str, bytes]]:
    """A loopback server that gives one CRL; its address and the CRL."""
    crl = pki.authority.crl()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(crl)))
            self.end_headers()
            self.wfile.write(crl)

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as serving:
        thread = Thread(target=serving.serve_forever, daemon=True)
        thread.start()
        yield f"127.0.0.1:{serving.server_port}", crl
        serving.shutdown()
        thread.join()


def test_online_sources_reach_the_network_by_themselves_where_allowed(pki: Pki, server: tuple[str, bytes]) -> None:
    address, crl = server
    person = online(pki, host=address, ocsp=False)
    arguments = person.parsed, pki.authority.parsed
    assert Sources.online(allow_hosts={"127.0.0.1"}).revocation(*arguments) == ((crl,), ())
    assert Sources.online().revocation(*arguments) == ((), ())
    assert Sources().revocation(*arguments) == ((), ())


def test_nothing_is_fetched_for_a_certificate_that_is_not_the_issuers(pki: Pki) -> None:
    web = Web()
    Sources.online(allow_hosts={HOST}).revocation(online(pki).parsed, pki.root.parsed, transport=web)
    assert not web.asked


def test_issuers_are_chased_only_when_asked_for(pki: Pki) -> None:
    person = online(pki)
    web = Web({f"http://{HOST}/i": page(pki.authority.der)})
    assert Sources.online(allow_hosts={HOST}).issuers(person.parsed, transport=web) == ()
    chasing = Sources.online(allow_hosts={HOST}, chase=True)
    assert chasing.issuers(person.parsed, transport=web) == (pki.authority.der,)


def test_a_private_host_is_not_fetched_unless_allowed_by_name(pki: Pki) -> None:
    person, problems = online(pki, host="127.0.0.1"), []
    web = Web({"http://127.0.0.1/c.crl": page(pki.authority.crl())})
    assert asked(pki, person, web, Sources.online(), problems=problems) == ((), ())
    assert not web.asked
    assert all(isinstance(problem, TransportError) for problem in problems)
    assert asked(pki, person, web, Sources.online(allow_hosts={"127.0.0.1"}))[0]


PRIVATE = (
    "127.0.0.1",
    "127.1",
    "0x7f000001",
    "2130706433",
    "017700000001",
    "10.0.0.1",
    "172.16.9.9",
    "192.168.1.1",
    "169.254.169.254",
    "0",
    "[::1]",
    "[::ffff:10.0.0.1]",
    "[fe80::1]",
    "[fd00::1]",
    "[64:ff9b::a00:1]",
    "[2002:a00:1::]",
    "100.64.0.1",
    "224.0.0.1",
    "255.255.255.255",
    "localhost",
    "LOCALHOST.",
    "a.localhost",
    "printer.local",
    "db.internal",
)


@pytest.mark.parametrize("host", PRIVATE)
def test_private_places_are_refused_in_every_spelling(host: str) -> None:
    with pytest.raises(TransportError):
        check_url(f"http://{host}/x", frozenset(), lambda _host, _port: ("93.184.216.34",))


@pytest.mark.parametrize("addresses", [("10.0.0.1",), ("93.184.216.34", "::1"), ()])
def test_a_name_that_resolves_to_a_private_place_is_refused(addresses: tuple[str, ...]) -> None:
    with pytest.raises(TransportError):
        check_url("http://pki.example/x", frozenset(), lambda _host, _port: addresses)


def test_a_public_name_is_fine() -> None:
    assert check_url("https://pki.example:8443/x", frozenset(), lambda _host, _port: ("93.184.216.34",))


@pytest.mark.parametrize(
    "url",
    [
        "ftp://pki.example/x",
        "file:///etc/passwd",
        "ldap://pki.example/x",
        "http://",
        "http://user:pw@pki.example/",
        "http://a b/",
        "http://pki.example:99999/",
        "http://pki.example\\@127.0.0.1/",
        "http://[::1",
        "javascript:1",
        "http://\u0430.example/",
        "http://pki.example/" + "a" * 3_000,
    ],
)
def test_only_plain_http_addresses_are_fetched(url: str) -> None:
    with pytest.raises(TransportError):
        check_url(url, frozenset({"pki.example"}), lambda _host, _port: ("93.184.216.34",))


def fetched(
    web: Web, url: str, limit: int = 100, resolve: Callable[[str, int], tuple[str, ...]] | None = None
) -> bytes:
    return fetch(
        url,
        transport=web,
        allow_hosts=frozenset({HOST}),
        names=resolve or (lambda _h, _p: ("10.0.0.1",)),
        limit=limit,
        timeout=1,
    )


def test_a_redirect_into_a_private_network_is_refused() -> None:
    web = Web({f"http://{HOST}/": page(b"", 302, location="http://169.254.169.254/latest")})
    with pytest.raises(TransportError, match="private"):
        fetched(web, f"http://{HOST}/")
    assert len(web.asked) == 1


def test_a_redirect_to_another_scheme_is_refused() -> None:
    with pytest.raises(TransportError):
        fetched(Web({f"http://{HOST}/": page(b"", 301, location="file:///etc/passwd")}), f"http://{HOST}/")


def test_redirects_are_followed_and_bounded() -> None:
    web = Web({f"http://{HOST}/": page(b"", 302, location="/there"), f"http://{HOST}/there": page(b"here")})
    assert fetched(web, f"http://{HOST}/") == b"here"
    loop = Web({f"http://{HOST}/": page(b"", 302, location="/")})
    with pytest.raises(TransportError, match="redirects"):
        fetched(loop, f"http://{HOST}/")
    assert len(loop.asked) == MAX_REDIRECTS + 1


def test_a_body_above_the_limit_is_refused() -> None:
    with pytest.raises(TransportError, match="above 100 bytes"):
        fetched(Web({f"http://{HOST}/": page(b"x" * 101)}), f"http://{HOST}/")


def test_an_error_status_is_no_answer() -> None:
    with pytest.raises(TransportError, match="404"):
        fetched(Web(), f"http://{HOST}/")


def test_an_error_never_shows_the_query() -> None:
    with pytest.raises(TransportError) as caught:
        check_url("http://127.0.0.1/x?token=secret", frozenset(), None)
    assert "secret" not in str(caught.value)


def test_files_are_told_apart_by_content(tmp_path: Path, pki: Pki) -> None:
    crl, answer = pki.authority.crl(), pki.authority.ocsp(pki.person)
    (tmp_path / "a").write_bytes(pki.person.der)
    (tmp_path / "b").write_bytes(crl)
    (tmp_path / "c").write_bytes(answer)
    (tmp_path / "d").write_bytes(
        pki.root.certificate.public_bytes(Encoding.PEM)
        + x509.load_der_x509_crl(pki.root.crl()).public_bytes(Encoding.PEM)
    )
    (tmp_path / "readme").write_text("not one of these", encoding="utf-8")
    sources = Sources.read(tmp_path)
    assert sources.certificates() == (pki.person.der, pki.root.der)
    assert sources.given_crls[0] == crl
    assert len(sources.given_crls) == 2
    assert sources.given_ocsps == (answer,)
    assert not sources.network


@pytest.mark.parametrize("name", ["readme", "nowhere"])
def test_a_named_file_that_is_nothing_of_the_kind_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "readme").write_text("not one of these", encoding="utf-8")
    with pytest.raises(TrustError):
        Sources.read(tmp_path / name)


def test_sources_join(pki: Pki) -> None:
    joined = Sources.of([pki.root.der]) + Sources.online(allow_hosts={"A.Example."}, timeout=3)
    assert joined.certificates() == (pki.root.der,)
    assert joined.network
    assert joined.allow_hosts == {"a.example"}
    assert joined.timeout == 3


def test_the_default_knows_no_network() -> None:
    assert not Sources().network
