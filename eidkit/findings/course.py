"""The course of a dossier: ages, levels, order, and who alone could have made a login up (binding.md §6.6 to §6.8)."""

from __future__ import annotations

from eidkit.findings.rows import ASK_FOLDER, ASK_STEP, Row, info, refuted, unproved, warning

ROWS: tuple[Row, ...] = (
    refuted(
        "LOGIN_TOO_OLD",
        "the signature came {age} seconds after the login, the step allows {limit}",
        "chữ ký được tạo {age} giây sau khi đăng nhập, bước này cho phép {limit} giây",
        *ASK_STEP,
    ),
    unproved(
        "TIME_NOT_PROVED",
        "the time of the signature on {document} is only claimed",
        "thời điểm ký trên {document} chỉ là khai báo",
        "have the signature time-stamped",
        "đóng dấu thời gian cho chữ ký",
    ),
    refuted(
        "SIGNATURE_LEVEL_TOO_LOW",
        "the step demands signature level {expected}, {document} has {found}",
        "bước này yêu cầu mức chữ ký {expected}, {document} có {found}",
        "raise the signature level",
        "nâng mức chữ ký",
    ),
    refuted(
        "COMMITMENT_MISMATCH",
        "the commitment in the signature on {document} is not that of the action",
        "cam kết trong chữ ký trên {document} không đúng với thao tác",
        *ASK_STEP,
    ),
    refuted(
        "CLAIMED_ROLE_MISMATCH",
        "the signature on {document} claims another role than the step has",
        "chữ ký trên {document} khai vai trò khác với bước",
        *ASK_STEP,
    ),
    refuted(
        "STEP_AFTER_END",
        "there is an approval after the dossier had ended",
        "có phê duyệt sau khi hồ sơ đã kết thúc",
        *ASK_FOLDER,
    ),
    refuted(
        "APPROVAL_FORK",
        "two approvals name the same approval before them",
        "hai phê duyệt cùng nối tiếp một phê duyệt",
        *ASK_FOLDER,
    ),
    refuted(
        "PROCEDURE_DIFFERS",
        "the folder was made under another procedure than the one given",
        "thư mục hồ sơ được lập theo quy trình khác với quy trình đã cho",
        "give the procedure that was in force",
        "dùng đúng quy trình",
    ),
    refuted(
        "INDEX_DIFFERS",
        "the index dossier.json disagrees with the files about {what}",
        "dossier.json không khớp với các tệp về {what}",
        *ASK_FOLDER,
    ),
    warning(
        "MADE_UP_SERVICE_KEY",
        "step {step}: the service that attests also holds the signing key, so the login is the service's statement only",
        "bước {step}: đơn vị chứng nhận cũng giữ khóa ký, nên việc đăng nhập chỉ là lời của đơn vị",
        "keep the seal key and the attestation key apart",
        "tách khóa con dấu và khóa chứng nhận",
    ),
    info(
        "MADE_UP_ATTESTED",
        "step {step}: the service {attester} alone could have made up this login",
        "bước {step}: chỉ đơn vị {attester} mới có thể dựng lên lần đăng nhập này",
    ),
    info(
        "MADE_UP_ASSERTED",
        "step {step}: only the identity provider, or the service {attester} by misusing a real login, could have made up this login",
        "bước {step}: chỉ nhà cung cấp định danh, hoặc đơn vị {attester} lạm dụng một lần đăng nhập thật, mới có thể dựng lên việc này",
    ),
    info(
        "MADE_UP_TRANSFERABLE",
        "step {step}: nobody without the holder's key could have made up this login; the text shown is the word of {attester}",
        "bước {step}: không ai dựng được việc đăng nhập này nếu không có khóa của người đó; nội dung hiển thị là lời của {attester}",
    ),
    info(
        "ROLE_CLAIMED",
        "the procedure names no holder of the role {role}: it is claimed",
        "quy trình không nêu người giữ vai trò {role}: vai trò chỉ là khai báo",
    ),
    info(
        "STEP_NOT_DONE",
        "step {step} has not been done",
        "bước {step} chưa được thực hiện",
        "continue with this step",
        "tiếp tục thực hiện bước này",
    ),
    info(
        "DOSSIER_ENDED",
        "the dossier was ended at step {step} by the action {action}",
        "hồ sơ kết thúc ở bước {step} bởi thao tác {action}",
    ),
)
