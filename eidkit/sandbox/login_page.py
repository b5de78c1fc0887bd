"""The login page of the sandbox's provider: who are you, how sure shall I say it, in English and Vietnamese; no script.

Nobody proves anything here: the page asks who is to be played.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from eidkit.errors import Text, spoken

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from eidkit.identity import Identity

_WORDS = {
    "title": Text("Sandbox login", "Đăng nhập sandbox"),
    "for": Text("{client} asks who you are.", "{client} hỏi bạn là ai."),
    "who": Text("Who are you today?", "Hôm nay bạn là ai?"),
    "sure": Text("How sure shall we say it is?", "Mức xác thực sẽ báo"),
    "login": Text("Log in", "Đăng nhập"),
    "deny": Text("Cancel", "Hủy"),
    "warning": Text(
        "Everything here is make-believe: these people do not exist, and no password is asked.",
        "Mọi thứ ở đây đều giả lập: những người này không có thật và không cần mật khẩu.",
    ),
    "refused": Text("This login was not started properly", "Yêu cầu đăng nhập không hợp lệ"),
    "nobody": Text("Nobody was chosen.", "Chưa chọn người nào."),
}
_STYLE = """
body{font:1rem/1.5 system-ui,sans-serif;margin:0;background:#eef2f6;color:#1b2733}
main{max-width:28rem;margin:2rem auto;padding:1.5rem;background:#fff;border-radius:.75rem;box-shadow:0 1px 4px #0003}
h1{font-size:1.35rem;margin:0 0 .5rem}fieldset{border:0;margin:1rem 0;padding:0}legend{font-weight:600}
label.person{display:flex;gap:.6rem;align-items:center;padding:.55rem .4rem;border-bottom:1px solid #dde4ea}
label.person span{flex:1}label.person small{color:#566}
select,button{font:inherit;padding:.5rem .8rem;border-radius:.4rem}
select{width:100%;border:1px solid #9aa;background:#fff}button{border:1px solid #0b5fa5;background:#0b5fa5;color:#fff}
button.second{background:#fff;color:#0b5fa5}p.warning{font-size:.85rem;color:#7a4b00;background:#fff6e3;padding:.6rem}
p.error{color:#9b1c1c;font-weight:600}nav{text-align:right;font-size:.9rem}
"""


class LoginForm(NamedTuple):
    """What the page needs: who can be chosen (``sub`` → Identity), the ``acr`` values, the request to carry along."""

    client: str
    people: Sequence[tuple[str, Identity]]
    acr: Sequence[str]
    usual_acr: str
    request: str
    action: str
    back: str


def login_page(form: LoginForm, language: str, *, nobody: bool = False) -> bytes:
    """The page, in Vietnamese for ``"vi"``, in English for anything else."""
    said = spoken(language)
    words = {name: escape(text.in_language(said)) for name, text in _WORDS.items()}
    people = "".join(_person(subject, identity) for subject, identity in form.people)
    values = "".join(_option(value, chosen=value == form.usual_acr) for value in form.acr)
    hidden = f'<input type="hidden" name="request" value="{escape(form.request)}">'
    error = f'<p class="error" role="alert">{words["nobody"]}</p>' if nobody else ""
    return _page(
        said,
        words["title"],
        f"""<nav>{_other_language(form, said)}</nav>
<h1>{words["title"]}</h1><p>{words["for"].format(client=f"<strong>{escape(form.client)}</strong>")}</p>{error}
<form method="post" action="{escape(form.action)}">{hidden}
<input type="hidden" name="language" value="{said}">
<fieldset><legend>{words["who"]}</legend>{people}</fieldset>
<fieldset><label for="acr"><b>{words["sure"]}</b></label><select id="acr" name="acr">{values}</select></fieldset>
<button name="decision" value="login">{words["login"]}</button>
<button name="decision" value="deny" class="second" formnovalidate>{words["deny"]}</button>
</form><p class="warning">{words["warning"]}</p>""",
    )


def refusal_page(why: Text, language: str) -> bytes:
    """What a browser sees that cannot be sent back."""
    said = spoken(language)
    title = escape(_WORDS["refused"].in_language(said))
    return _page(said, title, f'<h1>{title}</h1><p class="error">{escape(why.in_language(said))}</p>')


def headers(back: str | None = None) -> dict[str, str]:
    """The page's headers: no script, no frame, no cache; the form may only lead to itself and back to the client."""
    home = "" if back is None else " {0.scheme}://{0.netloc}".format(urlsplit(back))
    policy = f"default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; form-action 'self'{home}"
    return {
        "content-type": "text/html; charset=utf-8",
        "content-security-policy": policy,
        "cache-control": "no-store",
        "referrer-policy": "no-referrer",
        "x-content-type-options": "nosniff",
    }


def _person(subject: str, identity: Identity) -> str:
    value, name, number = escape(subject), escape(identity.name), escape(identity.identifier)
    return (
        f'<label class="person"><input type="radio" name="person" value="{value}" required>'
        f"<span>{name}</span><small>{number}</small></label>"
    )


def _option(value: str, *, chosen: bool) -> str:
    return f'<option value="{escape(value)}"{" selected" if chosen else ""}>{escape(value)}</option>'


def _other_language(form: LoginForm, said: str) -> str:
    other, name = ("en", "English") if said == "vi" else ("vi", "Tiếng Việt")
    address = escape(f"{form.action.rpartition('/')[0]}/authorize?{form.request}&lang={other}")
    return f'<a href="{address}" hreflang="{other}" lang="{other}">{name}</a>'


def _page(language: str, title: str, body: str) -> bytes:
    parts: Iterable[str] = (
        f'<!DOCTYPE html><html lang="{language}"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width,initial-scale=1">',
        f"<title>{title}</title><style>{_STYLE}</style></head><body><main>",
        body,
        "</main></body></html>",
    )
    return "".join(parts).encode()
