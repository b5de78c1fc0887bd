"""Reading key files: bounded, and with errors that say what to do."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from eidkit import files
from eidkit.asn1.pem import is_pem
from eidkit.errors import KeyUnusable, Text

if TYPE_CHECKING:
    import os

    from cryptography import x509

MAX_KEY_FILE = 1024 * 1024


def contents(path: str | os.PathLike[str]) -> bytes:
    """The bytes of a key or certificate file of at most 1 MiB."""
    name = Path(path).name
    try:
        return files.contents(path, MAX_KEY_FILE)
    except OSError as error:
        raise KeyUnusable(
            "key-unreadable",
            Text(f"{name}: {error.strerror}", f"không đọc được {name}"),
            Text("check the path and its permissions", "kiểm tra đường dẫn và quyền đọc"),
        ) from error


def certificates(path: str | os.PathLike[str]) -> list[x509.Certificate]:
    """The certificates in a PEM file, or the one in a DER file; never none."""
    from cryptography import x509

    data = contents(path)
    try:
        return x509.load_pem_x509_certificates(data) if is_pem(data) else [x509.load_der_x509_certificate(data)]
    except (ValueError, x509.InvalidVersion) as error:
        raise malformed(Path(path).name, "no certificate in it") from error


def malformed(name: str, why: str) -> KeyUnusable:
    """The error for a file that is no key or certificate."""
    return KeyUnusable(
        "key-malformed",
        Text(f"{name} is not a usable key file: {why}", f"{name} không phải tệp khóa hợp lệ"),
        Text(
            "give a PKCS#12 file, or a PEM key with its certificate", "cung cấp tệp PKCS#12 hoặc khóa PEM kèm chứng thư"
        ),
    )


def wrong_password(name: str) -> KeyUnusable:
    """The error for a password that does not open the file (or a damaged file: they look alike)."""
    return KeyUnusable(
        "key-password",
        Text(f"{name} does not open with this password", f"mật khẩu không mở được {name}"),
        Text("check the password and that the file is whole", "kiểm tra mật khẩu và tệp có nguyên vẹn không"),
    )
