"""The options that commands share, and the values they stand for."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from eidkit.cli.speaking import misused
from eidkit.errors import CanonicalError, EidkitError, Text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from eidkit.auth.pinned_files import Pin
    from eidkit.binding.authentication import Authentication
    from eidkit.binding.identity_link import IdentityLink
    from eidkit.policy import Policy
    from eidkit.timestamps.authority import TimestampAuthority
    from eidkit.transport import Transport
    from eidkit.trust.sources import Sources
    from eidkit.trust.store import AnchorKind, TrustStore

F = TypeVar("F", bound="Callable[..., Any]")
V = TypeVar("V")
PATH = click.Path(path_type=Path)
MAX_PASSWORD = 4096


def together(*options: Callable[[F], F]) -> Callable[[F], F]:
    """Several options as one decorator, shown in this order."""

    def decorate(command: F) -> F:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


def _files(name: str, metavar: str, words: str, *, required: bool = False) -> Callable[[F], F]:
    return click.option(name, multiple=True, required=required, type=PATH, metavar=metavar, help=words)


TRUST = (
    "Anchors you trust for signing: a file, a folder, or a folder with signing/ timestamping/ login/ "
    "attestation/, which gives all kinds. Repeat for more."
)
trust_option: Callable[[Any], Any] = _files("--trust", "PEM", TRUST)
trust_options: Callable[[Any], Any] = together(
    trust_option,
    _files("--tsa-trust", "PEM", "Anchors for timestamps."),
)
_allow_host: Callable[[Any], Any] = click.option(
    "--allow-host", multiple=True, metavar="HOST", help="A loopback or private host that may be asked."
)
answer_options: Callable[[Any], Any] = together(
    _files("--intermediate", "FILE", "Certificates that may complete a path."),
    _files("--crl", "FILE", "Revocation lists: files or folders."),
    _files("--ocsp", "FILE", "OCSP answers: files or folders."),
)
fetch_issuers_option: Callable[[Any], Any] = click.option(
    "--fetch-issuers", is_flag=True, help="Also fetch missing issuers from the addresses that certificates name."
)
material_options: Callable[[Any], Any] = together(
    answer_options,
    click.option("--offline", is_flag=True, help="Open no connection; otherwise missing revocation data is fetched."),
    fetch_issuers_option,
    _allow_host,
)
cache_option: Callable[[Any], Any] = click.option(
    "--cache", type=PATH, metavar="FILE", help="Keep fetched revocation answers in FILE until they end."
)
attest_trust_option: Callable[[Any], Any] = _files("--attest-trust", "PEM", "Anchors for attestations of logins.")
login_options: Callable[[Any], Any] = together(
    attest_trust_option,
    _files("--provider", "FILE", "Identity providers and relying parties whose keys you pinned."),
    _files("--login-trust", "PEM", "Anchors for certificates that people log in with."),
    click.option(
        "--origin",
        multiple=True,
        metavar="ORIGIN",
        help="An origin at which a key may have signed to log in (https://permits.example); without it, any.",
    ),
)


def tsa_options(*, required: bool) -> Callable[[Any], Any]:
    """Which timestamp authorities to ask, and what their tokens must chain to."""
    return together(
        click.option(
            "--tsa", multiple=True, required=required, metavar="URL", help="Timestamp authorities, asked in this order."
        ),
        _files("--tsa-trust", "PEM", "Anchors for their tokens.", required=required),
        _allow_host,
    )


at_option: Callable[[Any], Any] = click.option(
    "--at",
    metavar="ISO8601",
    help="Judge as of this moment, with its zone (2026-03-02T09:14:00Z); proves nothing by itself.",
)
json_option: Callable[[Any], Any] = click.option(
    "--json", "as_json", is_flag=True, help="One JSON object per line and file (docs/json-contract.md)."
)

HTML = (
    "Also write the report as one page for people: no script, nothing fetched, English and Vietnamese in one file "
    "(--lang decides which is shown first)."
)


@dataclass(frozen=True, slots=True)
class Material:
    """Where certificates and revocation answers may come from in this run."""

    sources: Sources
    transport: Transport | None


def trust_store(*chosen: tuple[Sequence[Path], AnchorKind]) -> TrustStore:
    """The anchors named on the command line, each path with the kind of its option; none at all trusts nobody."""
    from eidkit.trust.store import KINDS, TrustStore

    trust = TrustStore(())
    for paths, kind in chosen:
        for path in paths:
            by_kind = kind == "signing" and any((path / name).is_dir() for name in KINDS)
            trust += TrustStore.read(path, kind=None if by_kind else kind)
    return trust


def anchors(chosen: dict[str, Any]) -> TrustStore:
    """The anchors of :data:`trust_options`, :data:`attest_trust_option` and, where there are, :data:`login_options`."""
    return trust_store(
        (chosen["trust"], "signing"),
        (chosen["tsa_trust"], "timestamping"),
        (chosen["attest_trust"], "attestation"),
        (chosen.get("login_trust", ()), "login"),
    )


def given_sources(chosen: dict[str, Any]) -> Sources:
    """The certificates and answers in the files of :data:`answer_options`."""
    from eidkit.trust.sources import Sources

    return Sources.read(*chosen["intermediate"], *chosen["crl"], *chosen["ocsp"])


def material(chosen: dict[str, Any]) -> Material:
    """What :data:`material_options` stand for: given files first, then the network, unless ``--offline``."""
    if chosen["offline"]:
        if chosen["fetch_issuers"] or chosen.get("cache"):
            raise misused(
                Text(
                    "--fetch-issuers and --cache need the network; leave out --offline",
                    "--fetch-issuers và --cache cần mạng; bỏ --offline",
                )
            )
        return Material(given_sources(chosen), None)
    from eidkit.cli.progress import Asking
    from eidkit.transport import HttpTransport
    from eidkit.trust.sources import Sources

    hosts = frozenset(chosen["allow_host"])
    online = Sources.online(allow_hosts=hosts, chase=chosen["fetch_issuers"], cache=chosen.get("cache"))
    return Material(given_sources(chosen) + online, Asking(HttpTransport(allow_hosts=hosts)))


policy_option: Callable[[Any], Any] = click.option(
    "--policy",
    default="etsi-baseline",
    metavar="NAME|NAME@V|FILE",
    show_default=True,
    help="What is demanded: etsi-baseline, lenient, vn-tt15, or a TOML file of your own.",
)


def policy(chosen: str) -> Policy:
    """The policy of ``--policy``: a released one by name, or a file (a name with a slash or that ends in .toml)."""
    from eidkit.policy import RELEASED, Policy
    from eidkit.policy import named as released
    from eidkit.vn import policies

    known = RELEASED | policies()
    if "/" in chosen or os.sep in chosen or chosen.endswith(".toml"):
        return Policy.read(chosen, known)
    return released(chosen, known)


def moment(at: str | None) -> datetime | None:
    """The time of ``--at``; one without a zone is refused, because it would mean another moment elsewhere."""
    if at is None:
        return None
    from datetime import datetime

    try:
        read = datetime.fromisoformat(at)
    except ValueError:
        read = None
    if read is None or read.tzinfo is None:
        raise EidkitError(
            "time-unreadable",
            Text("--at is not an ISO 8601 time with a zone", "--at không phải thời điểm ISO 8601 có múi giờ"),
            Text("write it like 2026-03-02T09:14:00Z", "ghi theo dạng 2026-03-02T09:14:00Z"),
            kind="person",
        )
    return read


def authorities(urls: Sequence[str], trust: TrustStore) -> tuple[TimestampAuthority, ...]:
    """The timestamp authorities of ``--tsa``, asked in this order; their tokens must chain to ``--tsa-trust``."""
    from eidkit.timestamps.authority import TimestampAuthority

    if urls and not trust.of_kind("timestamping"):
        raise EidkitError(
            "tsa-trust-missing",
            Text(
                "--tsa was given without anchors for its tokens",
                "có --tsa nhưng không có điểm tin cậy cho dấu thời gian",
            ),
            Text("add --tsa-trust with the authority's root certificate", "thêm --tsa-trust với chứng thư gốc của TSA"),
            kind="person",
        )
    return tuple(TimestampAuthority(url, trust=trust) for url in urls)


def authentications(paths: Sequence[Path]) -> tuple[Authentication, ...]:
    """The records of logins in these files."""
    if not paths:
        return ()
    from eidkit.binding.authentication import Authentication

    return tuple(named(path, Authentication.read) for path in paths)


def providers(paths: Sequence[Path]) -> tuple[Pin, ...]:
    """The identity providers in these files, with the keys that you pinned."""
    if not paths:
        return ()
    from eidkit.auth import pinned_files

    return tuple(named(path, pinned_files.read) for path in paths)


def origins(chosen: Sequence[str]) -> tuple[str, ...]:
    """The origins of ``--origin``; one that is none is refused, because no login would ever be at it."""
    from eidkit.auth import origin

    return tuple(origin.pinned(one) for one in chosen)


def identity_links(paths: Sequence[Path]) -> tuple[IdentityLink, ...]:
    """The identity links in these files."""
    if not paths:
        return ()
    from eidkit.binding.identity_link import IdentityLink

    return tuple(named(path, IdentityLink.read) for path in paths)


def named(path: Path, read: Callable[[Path], V]) -> V:
    """What ``read`` makes of the file at ``path``; a refusal says which file it was."""
    try:
        return read(path)
    except CanonicalError as error:
        raise CanonicalError(
            error.code,
            Text(f"{path.name}: {error.problem.en}", f"{path.name}: {error.problem.vi}"),
            error.remedy,
        ) from error


def password(given: Path | None, what: str) -> str:
    """The password in ``given`` (its first line), otherwise asked for without an echo; never an argument."""
    if given is None:
        return str(click.prompt(what, hide_input=True, err=True, default="", show_default=False))
    try:
        with given.open("rb") as file:  # a pipe will do
            first = file.readline(MAX_PASSWORD + 1)
    except OSError as error:
        raise EidkitError(
            "password-file",
            Text(f"{given.name}: {error.strerror}", f"{given.name}: không đọc được tệp mật khẩu"),
            Text("check the path and its permissions", "kiểm tra đường dẫn và quyền đọc"),
        ) from error
    if len(first) > MAX_PASSWORD:
        raise EidkitError(
            "password-file",
            Text(f"{given.name}: its first line is no password", f"{given.name}: dòng đầu không phải mật khẩu"),
            Text("put the password alone into the file", "chỉ ghi mật khẩu vào tệp"),
        )
    return first.decode("utf-8", "replace").rstrip("\r\n")


def transport(asked: Sequence[TimestampAuthority], allow_hosts: Sequence[str]) -> Transport | None:
    """The network for these authorities, none when there are none."""
    if not asked:
        return None
    from eidkit.cli.progress import Asking
    from eidkit.transport import HttpTransport

    return Asking(HttpTransport(allow_hosts=frozenset(allow_hosts)))


def write_page(path: Path, text: str) -> None:
    """Write a page: all of it or nothing."""
    from eidkit.files import write_atomically

    write_atomically(path, [text.encode()])
