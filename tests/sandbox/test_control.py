"""The control page: faults and revocations by hand or by a program, kept across a restart, and by nobody else."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from urllib.parse import urlencode

import pytest

from eidkit.clock import FixedClock
from eidkit.sandbox import Sandbox, init
from eidkit.sandbox.control import Control
from eidkit.sandbox.server import free_address, serving
from eidkit.transport import HttpTransport, Request, Response
from tests.interop.oracles import require
from tests.sandbox.browser import browsing

JSON = {"accept": "application/json", "host": "127.0.0.1:1"}


@pytest.fixture
def own(clock: FixedClock) -> Sandbox:
    return Sandbox.create(clock=clock)


def post(control: Control, path: str, headers: dict[str, str] = JSON, **form: str) -> Response:
    return control.respond(Request("POST", "http://x/", headers, urlencode(form).encode()), f"control/{path}")


def state(response: Response) -> dict[str, object]:
    assert response.status == 200, response.body
    return json.loads(response.body)


def test_a_fault_is_switched_on_and_mended(own: Sandbox) -> None:
    control = Control(own, None)
    on = state(post(control, "fault", endpoint="tsa", kind="slow", seconds="2.5", times="3"))
    assert on["faults"] == [{"endpoint": "tsa", "kind": "slow", "detail": None, "seconds": 2.5, "times": 3}]
    assert state(post(control, "mend", endpoint="tsa"))["faults"] == []
    post(control, "fault", endpoint="tsa", kind="down")
    post(control, "fault", endpoint="crl", kind="wrong", detail="bad-signature")
    assert state(post(control, "mend"))["faults"] == []


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("fault", {"endpoint": "moon", "kind": "down"}),
        ("fault", {"endpoint": "tsa", "kind": "sad"}),
        ("fault", {"endpoint": "tsa", "kind": "slow", "seconds": "long"}),
        ("fault", {"endpoint": "tsa", "kind": "slow", "seconds": "inf"}),
        ("fault", {"endpoint": "tsa", "kind": "down", "times": "0"}),
        ("mend", {"endpoint": "moon"}),
        ("revoke", {}),
        ("revoke", {"serial": "zz"}),
        ("revoke", {"serial": "1"}),
        ("release", {"serial": "-1"}),
    ],
)
def test_what_cannot_be_is_refused(own: Sandbox, path: str, form: dict[str, str]) -> None:
    response = post(Control(own, None), path, **form)
    assert response.status == 400
    assert "error" in json.loads(response.body)


def test_a_reason_that_does_not_exist_is_refused(own: Sandbox) -> None:
    serial = f"{own.citizen('Hoàng Minh Khôi', '000099000123').certificate.serial_number:x}"
    assert post(Control(own, None), "revoke", serial=serial, reason="boredom").status == 400


def test_a_certificate_is_revoked_and_released_by_number(own: Sandbox) -> None:
    control, key = Control(own, None), own.citizen("Hoàng Minh Khôi", "000099000123")
    serial = f"{key.certificate.serial_number:x}"
    (entry,) = state(post(control, "revoke", serial=serial, reason="superseded"))["revoked"]
    assert (entry["serial"], entry["reason"]) == (serial, "superseded")
    assert state(post(control, "release", serial=serial))["revoked"] == []


def test_what_was_revoked_by_hand_stays_so_after_a_restart(tmp_path: Path) -> None:
    init(tmp_path / "sandbox")
    control = Control(Sandbox.open(tmp_path / "sandbox"), tmp_path / "sandbox")
    shown = state(control.respond(Request("GET", "http://x/", JSON), "control"))
    lan = next(one for one in shown["holders"] if one["file"] == "lan.p12")
    assert lan["name"] == "Nguyễn Thị Lan"
    post(control, "revoke", serial=lan["serial"])
    again = Control(Sandbox.open(tmp_path / "sandbox"), tmp_path / "sandbox")
    (entry,) = state(again.respond(Request("GET", "http://x/", JSON), "control"))["revoked"]
    assert entry["serial"] == lan["serial"]


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:2"])
def test_a_page_of_another_origin_cannot_switch_anything(own: Sandbox, origin: str) -> None:
    response = post(Control(own, None), "fault", {**JSON, "origin": origin}, endpoint="tsa", kind="down")
    assert response.status == 403
    assert own.faults.now() == ()


@pytest.mark.parametrize("path", ["", "everything", "fault/more"])
def test_there_is_nothing_else(own: Sandbox, path: str) -> None:
    assert post(Control(own, None), path).status == 404


def test_over_http(own: Sandbox) -> None:
    network = HttpTransport(allow_hosts=frozenset({"127.0.0.1"}))
    with serving(own, port=0) as server:
        body = urlencode({"endpoint": "crl", "kind": "rate-limited", "times": "1"}).encode()
        network.send(Request("POST", server.control_url + "/fault", {"accept": "application/json"}, body))
        statuses = [network.send(Request("GET", server.address + "root.crl")).status for _ in range(2)]
    assert statuses == [429, 200]


def test_by_hand_in_a_browser_without_script(clock: FixedClock, tmp_path: Path) -> None:
    require("chromium")
    own = init(tmp_path / "sandbox", base_url=free_address(), clock=clock)
    with (
        serving(own, folder=tmp_path / "sandbox") as server,
        browsing(str(shutil.which("chromium")), tmp_path / "browser") as browser,
    ):
        browser.open(server.control_url)
        browser.press("form[action='/control/fault'] button")
        assert [(one.endpoint, one.kind) for one in own.faults.now()] == [("crl", "slow")]
        browser.press("form[action='/control/mend']:last-of-type button")
        assert own.faults.now() == ()
        browser.press("form[action='/control/revoke'] button")
        assert "keyCompromise" in browser.text
    assert len(Sandbox.open(tmp_path / "sandbox").authorities["official"].revoked) == 1
