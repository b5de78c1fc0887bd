"""The control page of a served sandbox: faults and revocations by hand, or by a program with JSON.

``GET control`` shows what is switched on (``Accept: application/json`` gives it as JSON).  ``POST control/fault``
(``endpoint``, ``kind``, ``detail``, ``seconds``, ``times``), ``control/mend`` (``endpoint``), ``control/revoke``
(``serial`` in hexadecimal, ``reason``) and ``control/release`` (``serial``) take a form.  A page of another origin
cannot use it.
"""

from __future__ import annotations

import json
import threading
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eidkit.errors import EidkitError, Text
from eidkit.sandbox import authorizing
from eidkit.sandbox.authorizing import AuthorizationError
from eidkit.sandbox.faults import DETAILS, ENDPOINTS, KINDS, Fault
from eidkit.transport import Response
from eidkit.trust.answer import REASONS

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Mapping

    from eidkit.sandbox.sandbox import Sandbox
    from eidkit.transport import Request

PATH = "control"
_STYLE = """
body{font:1rem/1.5 system-ui,sans-serif;margin:0;background:#eef2f6;color:#1b2733}
main{max-width:46rem;margin:1rem auto;padding:1.5rem;background:#fff;border-radius:.75rem}
table{border-collapse:collapse;width:100%}td,th{padding:.35rem;border-bottom:1px solid #dde4ea;text-align:left}
form{display:inline}select,input,button{font:inherit;padding:.25rem .4rem}select{max-width:9rem}b.on{color:#9b1c1c}
"""


class Control:
    """Switches of one sandbox; with ``folder`` what was revoked is kept there.  Threads may share it."""

    def __init__(self, sandbox: Sandbox, folder: str | os.PathLike[str] | None) -> None:
        self._sandbox = sandbox
        self._folder = None if folder is None else Path(folder)
        self._lock = threading.Lock()

    def respond(self, request: Request, path: str) -> Response:
        """The answer to a request below ``control``."""
        as_json = "application/json" in request.headers.get("accept", "")
        if request.method == "GET" and path == PATH:
            return _json(self._state()) if as_json else self._page()
        if request.method != "POST" or path.partition("/")[2] not in {"fault", "mend", "revoke", "release"}:
            return _json({"error": "nothing here"}, 404)
        if request.headers.get("origin", _own(request)) != _own(request):
            return _json({"error": "not from another origin"}, 403)
        try:
            self._switch(path.partition("/")[2], authorizing.parameters(request.body.decode("utf-8", "replace")))
        except EidkitError as error:
            return _json({"error": error.problem.en, "remedy": error.remedy.en}, 400)
        except AuthorizationError as error:
            return _json({"error": error.why.en}, 400)
        return _json(self._state()) if as_json else Response(303, {"location": "/" + PATH}, b"")

    def _switch(self, what: str, form: Mapping[str, str]) -> None:
        with self._lock:
            if what == "fault":
                self._sandbox.faults.switch([_fault(form)])
            elif what == "mend":
                self._sandbox.faults.clear(form.get("endpoint") or None)
            elif what == "revoke":
                self._sandbox.revoke(self._serial(form), reason=_reason(form))
            else:
                self._sandbox.release(self._serial(form))
            if self._folder is not None and what in {"revoke", "release"}:
                self._sandbox.write(self._folder)

    def _serial(self, form: Mapping[str, str]) -> int:
        try:
            serial = int(form.get("serial", ""), 16)
        except ValueError:
            serial = -1
        if not any(serial in authority.issued for authority in self._sandbox.authorities.values()):
            raise _refused(
                "no certificate of this sandbox has that serial number", "không có chứng thư với số sê-ri này"
            )
        return serial

    def _state(self) -> dict[str, Any]:
        """What is switched on, what is revoked, and who holds which certificate."""
        revoked = [
            {"serial": f"{entry.serial:x}", "reason": entry.reason, "at": entry.at.isoformat()}
            for authority in self._sandbox.authorities.values()
            for entry in tuple(authority.revoked.values())
        ]
        return {
            "faults": [fault.to_json() for fault in self._sandbox.faults.now()],
            "revoked": revoked,
            "holders": [{"file": file, "name": name, "serial": serial} for file, name, serial in self._holders()],
        }

    def _holders(self) -> Iterator[tuple[str, str, str]]:
        """The keys of the folder: file, name, serial number."""
        from cryptography import x509
        from cryptography.hazmat.primitives.serialization import pkcs12

        from eidkit.sandbox.folder import PASSWORD

        for path in sorted(self._folder.glob("*.p12")) if self._folder is not None else ():
            certificate = pkcs12.load_key_and_certificates(path.read_bytes(), PASSWORD.encode())[1]
            if certificate is not None:
                names = certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
                yield path.name, str(names[0].value), f"{certificate.serial_number:x}"

    def _page(self) -> Response:
        state = self._state()
        on = {fault["endpoint"]: fault for fault in state["faults"]}
        rows = "".join(_fault_row(endpoint, on.get(endpoint)) for endpoint in ENDPOINTS)
        revoked = {entry["serial"]: entry["reason"] for entry in state["revoked"]}
        holders = "".join(_holder_row(one, revoked.get(one["serial"])) for one in state["holders"])
        body = (
            f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>eidkit sandbox</title>'
            f'<meta name="viewport" content="width=device-width,initial-scale=1"><style>{_STYLE}</style></head><body>'
            f"<main><h1>eidkit sandbox</h1><h2>Faults</h2><p>Kind, what is wrong (for <i>wrong</i>), seconds (for "
            f"<i>slow</i>).</p><table>{rows}</table>"
            f'<form method="post" action="/{PATH}/mend"><button>Mend all</button></form>'
            f"<h2>Certificates</h2><table>{holders}</table></main></body></html>"
        )
        policy = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'"
        headers = {"content-type": "text/html; charset=utf-8", "content-security-policy": policy}
        return Response(200, headers, body.encode())


def _fault(form: Mapping[str, str]) -> Fault:
    try:
        seconds, times = float(form.get("seconds") or 5), int(form["times"]) if form.get("times") else None
    except ValueError as error:
        raise _refused("seconds and times are numbers", "seconds và times phải là số") from error
    kind = form.get("kind", "")
    detail = (form.get("detail") or None) if kind == "wrong" else None
    return Fault(form.get("endpoint", ""), kind, detail, seconds, times)


def _reason(form: Mapping[str, str]) -> str:
    reason = form.get("reason") or "keyCompromise"
    if reason not in REASONS.values():
        raise _refused(f"no such reason; there are {', '.join(REASONS.values())}", "lý do thu hồi không hợp lệ")
    return reason


def _fault_row(endpoint: str, on: Mapping[str, Any] | None) -> str:
    now = "good" if on is None else f'<b class="on">{escape(on["kind"])} {escape(on["detail"] or "")}</b>'
    kinds = "".join(f"<option>{kind}</option>" for kind in KINDS)
    details = "".join(f"<option>{detail}</option>" for detail in DETAILS[endpoint])
    return (
        f'<tr><th>{endpoint}</th><td>{now}</td><td><form method="post" action="/{PATH}/fault">'
        f'<input type="hidden" name="endpoint" value="{endpoint}"><select name="kind">{kinds}</select> '
        f'<select name="detail" aria-label="what is wrong"><option></option>{details}</select> '
        f'<input name="seconds" value="5" size="3" aria-label="seconds"><button>Switch on</button></form> '
        f'<form method="post" action="/{PATH}/mend"><input type="hidden" name="endpoint" value="{endpoint}">'
        f"<button>Mend</button></form></td></tr>"
    )


def _holder_row(holder: Mapping[str, str], reason: str | None) -> str:
    verb, word = ("revoke", "Revoke") if reason is None else ("release", "Release")
    return (
        f"<tr><th>{escape(holder['name'])}</th><td>{escape(holder['file'])}</td><td>{escape(reason or 'good')}</td>"
        f'<td><form method="post" action="/{PATH}/{verb}"><input type="hidden" name="serial" '
        f'value="{holder["serial"]}"><button>{word}</button></form></td></tr>'
    )


def _own(request: Request) -> str:
    return f"http://{request.headers.get('host', '')}"


def _json(value: Any, status: int = 200) -> Response:
    return Response(status, {"content-type": "application/json"}, json.dumps(value, ensure_ascii=False).encode())


def _refused(en: str, vi: str) -> EidkitError:
    return EidkitError("sandbox-control", Text(en, vi), Text("see GET /control", "xem GET /control"), kind="person")
