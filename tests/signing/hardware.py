"""A real SoftHSM2 token in a temporary folder, and its C functions bent where a test needs a token that misbehaves."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Callable

    from cryptography import x509

    from eidkit.sandbox.keys import SandboxKey

PLACES = (
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib64/pkcs11/libsofthsm2.so",
    "/usr/local/lib/softhsm/libsofthsm2.so",
    "/opt/homebrew/lib/softhsm/libsofthsm2.so",
)
MODULE = next((place for place in PLACES if Path(place).exists()), PLACES[0])
PIN = "482913"
SO_PIN = "57391046"
Word = ctypes.c_ulong
Pointer = ctypes.c_void_p

# Places in CK_FUNCTION_LIST (PKCS#11 3.1 §5.3), and the shapes of their arguments.
GET_TOKEN_INFO, GET_MECHANISM_LIST, LOGIN, GET_ATTRIBUTE_VALUE, SIGN_INIT, SIGN = 6, 7, 18, 24, 42, 43
SHAPES = {
    GET_TOKEN_INFO: (Word, Pointer),
    GET_MECHANISM_LIST: (Word, Pointer, Pointer),
    LOGIN: (Word, Word, Pointer, Word),
    GET_ATTRIBUTE_VALUE: (Word, Word, Pointer, Word),
    SIGN_INIT: (Word, Pointer, Word),
    SIGN: (Word, Pointer, Word, Pointer, Pointer),
}
FLAGS_AT = 96
"""Where CK_TOKEN_INFO keeps its flags, after label, manufacturer, model and serial number."""


class Bent:
    """SoftHSM2's function list with some places exchanged; python-pkcs11 and eidkit see a module like any other."""

    def __init__(self) -> None:
        found = ctypes.POINTER(Pointer)()
        ctypes.CDLL(MODULE).C_GetFunctionList(ctypes.byref(found))
        self._table = found
        self._kept: dict[int, tuple[int, Any]] = {}

    def bend(self, place: int, function: Callable[..., int]) -> None:
        """``function(original, *arguments)`` answers from now on."""
        shape = ctypes.CFUNCTYPE(Word, *SHAPES[place])
        address = self._table[1 + place]
        assert address is not None
        original = shape(address)
        bent = shape(lambda *arguments: function(original, *arguments))
        self._kept.setdefault(place, (address, []))[1].append(bent)
        self._table[1 + place] = ctypes.cast(bent, Pointer).value

    def straighten(self) -> None:
        """As SoftHSM2 made it."""
        for place, (address, _) in self._kept.items():
            self._table[1 + place] = address

    def without_mechanisms(self, *lacking: int) -> None:
        """The token lists all mechanisms but these."""

        def listed(original: Any, slot: int, found: int, count: int) -> int:
            size = Word.from_address(count)
            if not found:
                return int(original(slot, found, count))
            answer = int(original(slot, found, count))
            every = (Word * size.value).from_address(found)
            left = [one for one in every if one not in lacking]
            every[: len(left)] = left
            size.value = len(left)
            return answer

        self.bend(GET_MECHANISM_LIST, listed)

    def refusing_mechanisms(self, *refused: int) -> None:
        """The token lists these mechanisms and then does not know them (CKR_MECHANISM_INVALID)."""
        self.bend(
            SIGN_INIT,
            lambda original, session, mechanism, key: (
                0x70 if Word.from_address(mechanism).value in refused else original(session, mechanism, key)
            ),
        )

    def failing_to_sign(self, answer: int) -> None:
        """The token gives this return value where a signature should be; its operation is over."""
        self.bend(SIGN, lambda original, *given: (original(*given), answer)[given[3] is not None])

    def with_flags(self, flags: int) -> None:
        """The token says these flags of itself too."""

        def told(original: Any, slot: int, info: int) -> int:
            answer = int(original(slot, info))
            Word.from_address(info + FLAGS_AT).value |= flags
            return answer

        self.bend(GET_TOKEN_INFO, told)

    def with_keypad(self, typed: str) -> None:
        """The person types this PIN at the token whenever a program logs in without one."""
        buffer = ctypes.create_string_buffer(typed.encode())
        self.bend(
            LOGIN,
            lambda original, session, user, pin, length: (
                original(session, user, pin, length)
                if pin
                else original(session, user, ctypes.addressof(buffer), len(typed))
            ),
        )

    def hiding(self, attribute: int) -> None:
        """The token does not show this attribute of any object (CKR_ATTRIBUTE_TYPE_INVALID)."""

        def shown(original: Any, session: int, handle: int, template: int, count: int) -> int:
            for at in range(count):  # CK_ATTRIBUTE: type, value, length
                if Word.from_address(template + 24 * at).value == attribute:
                    Word.from_address(template + 24 * at + 16).value = Word(-1).value
                    return 0x12
            return int(original(session, handle, template, count))

        self.bend(GET_ATTRIBUTE_VALUE, shown)

    def locking(self, tries: int) -> list[int]:
        """The token counts wrong PINs and locks for good; SoftHSM2 itself never does.  The answer is its count."""
        wrong = [0]

        def login(original: Any, session: int, user: int, pin: int, length: int) -> int:
            if wrong[0] >= tries:
                return 0xA4
            answer = int(original(session, user, pin, length))
            wrong[0] = wrong[0] + 1 if answer == 0xA0 else 0
            return answer

        def told(original: Any, slot: int, info: int) -> int:
            answer = int(original(slot, info))
            left = tries - wrong[0]
            Word.from_address(info + FLAGS_AT).value |= 0x40000 if left == 0 else 0x20000 if left == 1 else 0
            return answer

        self.bend(LOGIN, login)
        self.bend(GET_TOKEN_INFO, told)
        return wrong


class Cabinet:
    """SoftHSM2's folder of tokens; all are made before the module is loaded."""

    def __init__(self, folder: Path, util: str) -> None:
        self._tokens = folder / "tokens"
        self._tokens.mkdir()
        self._util = util
        configuration = folder / "softhsm2.conf"
        configuration.write_text(
            f"directories.tokendir = {self._tokens}\nobjectstore.backend = file\nlog.level = ERROR\n", encoding="utf-8"
        )
        os.environ["SOFTHSM2_CONF"] = str(configuration)
        self.folders: dict[str, Path] = {}

    def initialise(self, label: str) -> None:
        before = set(self._tokens.iterdir())
        secrets = ["--so-pin", SO_PIN, "--pin", PIN]
        done = [self._util, "--init-token", "--free", "--label", label, *secrets]
        subprocess.run(done, check=True, stdout=subprocess.DEVNULL)
        (self.folders[label],) = set(self._tokens.iterdir()) - before

    def remove(self, label: str) -> None:
        """As if it were pulled out."""
        shutil.rmtree(self.folders[label])


class Filling:
    """An open token that keys and certificates are put on."""

    def __init__(self, label: str) -> None:
        import pkcs11
        from pkcs11.attributes import AttributeMapper

        mapper = AttributeMapper()
        mapper.register_handler(pkcs11.Attribute.LABEL, lambda text: text.encode("utf-8", "surrogateescape"), bytes)
        found = pkcs11.lib(MODULE).get_token(token_label=label)
        self._session: Any = found.open(rw=True, user_pin=PIN, attribute_mapper=mapper)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._session.close()

    def key(
        self, holder: SandboxKey, identifier: bytes, label: str = "", *, public: bool = True, each_time: bool = False
    ) -> None:
        """The private key, and its public half unless the token is to show none."""
        from pkcs11 import Attribute

        kept = {Attribute.TOKEN: True, Attribute.ID: identifier, Attribute.LABEL: label}
        private, shown = attributes(holder)
        rules = {Attribute.PRIVATE: True, Attribute.SENSITIVE: True, Attribute.SIGN: True}
        rules[Attribute.ALWAYS_AUTHENTICATE] = each_time
        self._session.create_object(private | kept | rules)
        if public:
            self._session.create_object(shown | kept | {Attribute.VERIFY: True})

    def certificate(self, certificate: x509.Certificate, identifier: bytes = b"", label: str = "") -> None:
        from cryptography.hazmat.primitives.serialization import Encoding
        from pkcs11 import Attribute, CertificateType, ObjectClass

        self._session.create_object(
            {
                Attribute.CLASS: ObjectClass.CERTIFICATE,
                Attribute.CERTIFICATE_TYPE: CertificateType.X_509,
                Attribute.TOKEN: True,
                Attribute.PRIVATE: False,
                Attribute.SUBJECT: certificate.subject.public_bytes(),
                Attribute.VALUE: certificate.public_bytes(Encoding.DER),
                Attribute.ID: identifier,
                Attribute.LABEL: label,
            }
        )

    def pair(self, holder: SandboxKey, identifier: bytes, label: str = "", **how: bool) -> None:
        """A key and its certificate under one CKA_ID."""
        self.key(holder, identifier, label, **how)
        self.certificate(holder.certificate, identifier, label)


def renewed(holder: SandboxKey) -> x509.Certificate:
    """A second certificate of the same key."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes

    made, old = x509.CertificateBuilder(), holder.certificate
    made = made.subject_name(old.subject).issuer_name(old.subject).serial_number(7).public_key(old.public_key())
    made = made.not_valid_before(old.not_valid_before_utc).not_valid_after(old.not_valid_after_utc)
    return made.sign(holder.private_key, hashes.SHA256())


def attributes(holder: SandboxKey) -> tuple[dict[Any, Any], dict[Any, Any]]:
    """The private and the public object of a key."""
    from cryptography.hazmat.primitives import serialization as s
    from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
    from pkcs11 import Attribute, KeyType, ObjectClass
    from pkcs11.util.ec import decode_ec_private_key, decode_ec_public_key
    from pkcs11.util.rsa import decode_rsa_private_key, decode_rsa_public_key

    key = holder.private_key
    if isinstance(key, ed25519.Ed25519PrivateKey):
        kind = {Attribute.KEY_TYPE: KeyType.EC_EDWARDS, Attribute.EC_PARAMS: bytes.fromhex("06032b6570")}
        point = b"\x04\x20" + key.public_key().public_bytes_raw()
        private = {Attribute.CLASS: ObjectClass.PRIVATE_KEY, Attribute.VALUE: key.private_bytes_raw()}
        return kind | private, kind | {Attribute.CLASS: ObjectClass.PUBLIC_KEY, Attribute.EC_POINT: point}
    der = key.private_bytes(s.Encoding.DER, s.PrivateFormat.TraditionalOpenSSL, s.NoEncryption())
    if isinstance(key, rsa.RSAPrivateKey):
        shown = key.public_key().public_bytes(s.Encoding.DER, s.PublicFormat.PKCS1)
        return decode_rsa_private_key(der), decode_rsa_public_key(shown)
    shown = key.public_key().public_bytes(s.Encoding.DER, s.PublicFormat.SubjectPublicKeyInfo)
    return decode_ec_private_key(der), decode_ec_public_key(shown)
