"""Sample documents: an administrative decision (PDF) and a citizen's application (XML), in Vietnamese.

People, places and numbers are invented.  The decision follows the layout of Decree 30/2020 (national motto,
issuing agency, number and date, title, grounds, articles, signature block, recipients).  The same call always
gives the same bytes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from eidkit.pdf.drawing import A4, MILLIMETRE, Canvas, Span
from eidkit.pdf.faces import face

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from eidkit.signing import Appearance

AMOUNT = "12.500.000"
"""The fee that the decision sets, in đồng, as it is printed."""
AMOUNT_IN_WORDS = "Mười hai triệu năm trăm nghìn đồng"
SIGNATORY = "Trần Văn Bình"
APPLICANT = "Hoàng Minh Khôi"
APPLICANT_NUMBER = "000099000123"

_LEFT = 30 * MILLIMETRE
_RIGHT = A4[0] - 18 * MILLIMETRE
_MIDDLE = (_LEFT + _RIGHT) / 2
_AGENCY = _LEFT + 80
_STATE = _RIGHT - 128
_INDENT = 10 * MILLIMETRE
_LEADING = 18.0

_GROUNDS = (
    "Căn cứ Luật Tổ chức chính quyền địa phương ngày 16 tháng 6 năm 2025;",
    "Căn cứ Luật Phí và lệ phí ngày 25 tháng 11 năm 2015;",
    "Căn cứ Luật Đường bộ ngày 27 tháng 6 năm 2024;",
    "Căn cứ Luật Giao dịch điện tử ngày 22 tháng 6 năm 2023;",
    f"Xét đơn đề nghị của ông {APPLICANT} và Tờ trình của Trưởng phòng Kinh tế, Hạ tầng và Đô thị.",
)
_ARTICLES = (
    (
        f"Cho phép ông {APPLICANT}, số định danh cá nhân {APPLICANT_NUMBER}, sử dụng tạm thời 24 m² hè phố trước nhà "
        "số 12 đường Hoa Sen, phường Bến Sen để trông giữ xe phục vụ lễ hội, từ ngày 01 đến hết ngày 31 tháng 12 "
        "năm 2026."
    ),
    (
        f"Phí sử dụng tạm thời hè phố là {AMOUNT} đồng ({AMOUNT_IN_WORDS}), nộp một lần vào ngân sách phường trước "
        "ngày 30 tháng 11 năm 2026."
    ),
    (
        "Người được cấp phép giữ lối đi cho người đi bộ rộng tối thiểu 1,5 m, bảo đảm an toàn giao thông, vệ sinh "
        "môi trường và hoàn trả nguyên trạng hè phố khi hết thời hạn."
    ),
    (
        "Chánh Văn phòng Hội đồng nhân dân và Ủy ban nhân dân phường, Trưởng phòng Kinh tế, Hạ tầng và Đô thị và ông "
        f"{APPLICANT} chịu trách nhiệm thi hành Quyết định này. Quyết định có hiệu lực kể từ ngày ký./."
    ),
)
_RECIPIENTS = (
    "- Như Điều 4;",
    "- UBND tỉnh An Lạc (để báo cáo);",
    "- Thường trực HĐND phường;",
    "- Lưu: VT, KTHT.",
)
_NOTICE = "Văn bản mẫu của môi trường thử nghiệm eidkit: nhân vật và địa danh là hư cấu, không có giá trị pháp lý."


def decision_pdf() -> bytes:
    """A one-page A4 decision of a ward's chairman that grants a permit and sets a fee, with room to sign."""
    canvas = Canvas()
    y = _heading(canvas, A4[1] - 22 * MILLIMETRE)
    y = _title(canvas, y - 34)
    for ground in _GROUNDS:
        y = canvas.paragraph(_LEFT, _RIGHT, y, [Span(ground, "italic")], indent=_INDENT, leading=_LEADING) - 4
    y -= 8
    canvas.centred(_MIDDLE, y, Span("QUYẾT ĐỊNH:", "bold", 14))
    y = _articles(canvas, y - 24)
    _closing(canvas, y - 14)
    canvas.centred(_MIDDLE, 13 * MILLIMETRE, Span(_NOTICE, "italic", 8), grey=0.45)
    return canvas.pdf(
        title="Quyết định về việc cấp phép sử dụng tạm thời hè phố",
        language="vi-VN",
        created="D:20261124090000+07'00'",
    )


def shown(text: str) -> bytes:
    """How a word of the decision's body stands in the file's bytes, for tests that change it and must be caught."""
    return face("regular").encoded(text)


def _heading(canvas: Canvas, y: float) -> float:
    """The issuing agency on the left, the state's name and motto on the right; returns the last baseline."""
    canvas.centred(_AGENCY, y, Span("ỦY BAN NHÂN DÂN", "bold", 12))
    canvas.centred(_STATE, y, Span("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "bold", 12))
    agency = Span("PHƯỜNG BẾN SEN", "bold", 12)
    motto = Span("Độc lập - Tự do - Hạnh phúc", "bold", 13)
    canvas.centred(_AGENCY, y - 16, agency)
    canvas.centred(_STATE, y - 16, motto)
    # The agency's rule is a third to a half as long as its name; the motto's is as long as the motto.
    canvas.rule(_AGENCY - agency.width / 4, _AGENCY + agency.width / 4, y - 21)
    canvas.rule(_STATE - motto.width / 2, _STATE + motto.width / 2, y - 21)
    canvas.centred(_AGENCY, y - 42, Span("Số: 125/QĐ-UBND", "regular", 13))
    canvas.centred(_STATE, y - 42, Span("Bến Sen, ngày 24 tháng 11 năm 2026", "italic", 13))
    return y - 42


def _title(canvas: Canvas, y: float) -> float:
    canvas.centred(_MIDDLE, y, Span("QUYẾT ĐỊNH", "bold", 14))
    subject = Span("Về việc cấp phép sử dụng tạm thời hè phố và mức phí sử dụng", "bold", 14)
    canvas.centred(_MIDDLE, y - 19, subject)
    canvas.rule(_MIDDLE - subject.width / 6, _MIDDLE + subject.width / 6, y - 28)
    canvas.centred(_MIDDLE, y - 56, Span("CHỦ TỊCH ỦY BAN NHÂN DÂN PHƯỜNG BẾN SEN", "bold", 14))
    return y - 84


def _articles(canvas: Canvas, y: float) -> float:
    for number, article in enumerate(_ARTICLES, 1):
        spans = [Span(f"Điều {number}. ", "bold"), Span(article)]
        y = canvas.paragraph(_LEFT, _RIGHT, y, spans, indent=_INDENT, leading=_LEADING) - 6
    return y


def _closing(canvas: Canvas, y: float) -> None:
    """Recipients on the left; on the right the signatory's title and name, with room for a signature between."""
    canvas.text(_LEFT, y, Span("Nơi nhận:", "bolditalic", 12))
    _column(canvas, y - 15, _RECIPIENTS)
    middle = _RIGHT - 105
    canvas.centred(middle, y, Span("CHỦ TỊCH", "bold", 14))
    canvas.centred(middle, y - 104, Span(SIGNATORY, "bold", 14))


def _column(canvas: Canvas, y: float, lines: Sequence[str]) -> None:
    for line in lines:
        canvas.text(_LEFT, y, Span(line, "regular", 11))
        y -= 13.5


def decision_stamp(step: str, when: datetime) -> Appearance | None:
    """What readers see of the signature of a step of the one-stop shop on :func:`decision_pdf`; None where nothing is.

    The person who approves stands above the signatory's name, the agency's seal left of it, over neither.
    """
    from eidkit.sandbox import people
    from eidkit.signing import Appearance, Place

    date = f"Ngày ký: {when:%d/%m/%Y}"
    if step == "approval":
        return Appearance(at=Place(1, 130, 222, 52, 16), title=SIGNATORY, text=("Chủ tịch", date), border=True)
    if step == "signing":
        place = Place(1, 86, 222, 40, 16)
        return Appearance(at=place, title="Dấu của cơ quan", text=(people.ORGANISATION, date), border=True)
    return None


def form_xml() -> bytes:
    """A citizen's application for the permit: small UTF-8 XML in a namespace of the sandbox."""
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<DonDeNghi xmlns="urn:eidkit:sandbox:application" phienBan="1.0">
  <KinhGui>Ủy ban nhân dân phường Bến Sen, tỉnh An Lạc</KinhGui>
  <NguoiNopDon>
    <HoVaTen>{APPLICANT}</HoVaTen>
    <SoDinhDanh>{APPLICANT_NUMBER}</SoDinhDanh>
    <NgaySinh>1999-04-18</NgaySinh>
    <DiaChi>Số 12 đường Hoa Sen, phường Bến Sen, tỉnh An Lạc</DiaChi>
  </NguoiNopDon>
  <NoiDung>
    <ThuTuc>Cấp phép sử dụng tạm thời hè phố</ThuTuc>
    <MucDich>Trông giữ xe phục vụ lễ hội</MucDich>
    <DienTich donVi="m2">24</DienTich>
    <TuNgay>2026-12-01</TuNgay>
    <DenNgay>2026-12-31</DenNgay>
  </NoiDung>
  <CamKet>Tôi cam đoan nội dung kê khai là đúng và chịu trách nhiệm trước pháp luật.</CamKet>
  <NgayLap>2026-11-20</NgayLap>
</DonDeNghi>
""".encode()
