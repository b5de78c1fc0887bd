"""Who acted, how surely, and in which role (binding.md §6.4, §6.5)."""

from __future__ import annotations

from eidkit.findings.rows import ASK_FOLDER, ASK_SERVICE, ASK_STEP, Row, info, refuted, unproved, warning

ROWS: tuple[Row, ...] = (
    unproved(
        "ERASED",
        "the person's identity was erased from the login",
        "định danh đã bị xóa khỏi tệp xác thực",
        "what needs the identity can no longer be proved",
        "không thể chứng minh những gì cần định danh",
    ),
    refuted(
        "LOGIN_RECHECK",
        "the proof of the login does not hold: {why}",
        "bằng chứng đăng nhập không hợp lệ: {why}",
        *ASK_STEP,
    ),
    unproved(
        "LOGIN_RECHECK_UNDECIDED",
        "the proof of the login could not be checked: {why}",
        "không kiểm tra được bằng chứng đăng nhập: {why}",
        "give the provider with --provider (providers= in Python)",
        "cung cấp thông tin nhà cung cấp định danh",
    ),
    refuted(
        "ASSURANCE_TOO_LOW",
        "the step demands assurance {expected}, the login proves {found}",
        "bước này yêu cầu mức bảo đảm {expected}, đăng nhập chỉ đạt {found}",
        "log in with a stronger method",
        "đăng nhập bằng phương thức mạnh hơn",
    ),
    unproved(
        "ASSURANCE_UNDECIDED",
        "the step demands assurance {expected}; what the login proves could not be recomputed",
        "bước này yêu cầu mức bảo đảm {expected}; không tính lại được mức mà đăng nhập chứng minh",
        "give what is needed to check the login again: --provider, --login-trust (providers=, trust= in Python)",
        "cung cấp dữ liệu để kiểm tra lại đăng nhập: --provider, --login-trust",
    ),
    refuted(
        "PROOF_CLASS_TOO_LOW",
        "the step demands a login that is {expected}, this one is {found}",
        "bước này yêu cầu đăng nhập loại {expected}, đây là loại {found}",
        "log in with a stronger method",
        "đăng nhập bằng phương thức mạnh hơn",
    ),
    refuted(
        "PROOF_CLASS_CLAIMED",
        "the login claims to be {found}, its proof is {proved}",
        "đăng nhập tự khai là loại {found}, bằng chứng chỉ là loại {proved}",
        *ASK_SERVICE,
    ),
    refuted(
        "PERSON_MISMATCH",
        "the person who logged in is not the person named by the signing certificate",
        "người đăng nhập không phải người đứng tên chứng thư ký",
        "the same person logs in and signs",
        "cùng một người phải đăng nhập và ký",
    ),
    unproved(
        "PERSON_UNDECIDED",
        "login and certificate name the person in different schemes ({login}, {certificate})",
        "đăng nhập và chứng thư nêu người ký theo hai hệ định danh khác nhau ({login}, {certificate})",
        "use a certificate and a login with the same identifier, or give the link that joins them: --identity-link "
        "(links= in Python)",
        "dùng chứng thư và đăng nhập có cùng loại định danh, hoặc cung cấp liên kết định danh (--identity-link)",
    ),
    unproved(
        "IDENTITY_LINKS_CONTRADICT",
        "identity links give this person two numbers of one kind",
        "các liên kết định danh gán cho người này hai số của cùng một loại",
        "ask the service which link is right, and leave the other out",
        "hỏi đơn vị chứng nhận liên kết nào đúng và bỏ liên kết còn lại",
    ),
    refuted(
        "MANDATE_MISMATCH",
        "the seal is not that of {expected}",
        "con dấu không phải của {expected}",
        "seal with the certificate of that organisation",
        "đóng dấu bằng chứng thư của tổ chức đó",
    ),
    unproved(
        "MANDATE_UNDECIDED",
        "the certificate of the seal names the organisation in another scheme, or none",
        "chứng thư con dấu nêu tổ chức theo hệ định danh khác hoặc không nêu",
        "seal with a certificate that names the organisation as the procedure does",
        "dùng chứng thư nêu tổ chức đúng như quy trình",
    ),
    refuted(
        "SAME_PERSON",
        "the person of this step also acted in step {step}",
        "người thực hiện bước này cũng đã thực hiện bước {step}",
        "let another person approve this step",
        "để người khác thực hiện bước này",
    ),
    unproved(
        "DIFFERENCE_UNPROVED",
        "nothing proves that another person acted in step {step}",
        "không có bằng chứng là người khác đã thực hiện bước {step}",
        "use logins with the same kind of identifier, or give the links that join them: --identity-link "
        "(links= in Python)",
        "dùng cùng loại định danh, hoặc cung cấp liên kết định danh (--identity-link)",
    ),
    refuted(
        "NOT_HOLDER",
        "the person of this step does not hold the role {role}",
        "người thực hiện bước này không giữ vai trò {role}",
        "let a holder of the role approve this step",
        "để người giữ vai trò thực hiện bước này",
    ),
    unproved(
        "HOLDER_UNDECIDED",
        "nothing proves that the person holds the role {role}",
        "không có bằng chứng người thực hiện giữ vai trò {role}",
        "name the holder in the scheme of the login",
        "nêu người giữ vai trò theo cùng loại định danh",
    ),
    unproved(
        "IDENTITY_LINK_TIME",
        "the identity link is dated {issued}, later than {time}",
        "liên kết định danh ghi thời điểm {issued}, sau {time}",
        *ASK_SERVICE,
    ),
    warning(
        "IDENTITY_LINK_REFUSED",
        "the identity link {link} does not count: {why}",
        "liên kết định danh {link} không được tính: {why}",
        "ask the service for a link that holds; give its root with --attest-trust and revocation data with --crl, --ocsp",
        "yêu cầu đơn vị cấp liên kết hợp lệ; cung cấp chứng thư gốc (--attest-trust) và CRL hoặc OCSP",
    ),
    info(
        "IDENTITY_LINKED",
        "{first} and {second} are one person by the word of {attester}, in an identity link of {time}",
        "{first} và {second} là một người theo xác nhận của {attester}, trong liên kết định danh ngày {time}",
    ),
    refuted(
        "SUBJECT_COMMITMENT",
        "the identity in the authentication file is not the one that was attested",
        "định danh trong tệp xác thực không phải định danh đã được chứng nhận",
        *ASK_FOLDER,
    ),
)
