"""A policy from TOML: what it extends and what it changes; nothing unknown is passed over, nothing guessed.

1. ``extends`` names a known policy with its version; without it every member has its default.
2. Every key is known, and has its type; an unknown one is refused by name.
3. Clauses and listings are added to the inherited ones; one that is inherited is not defined again.
4. What contradicts itself or has no effect is refused: it would say less than its writer believes.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from eidkit import algorithms, canonical, catalogue
from eidkit.errors import EidkitError, Text
from eidkit.findings import ROWS
from eidkit.policy.value import ANY_ERROR, Clause, Listing, Policy

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Mapping

MAX_POLICY = 256 * 1024
_NAME = re.compile(r"[a-z][a-z0-9-]{0,63}")
_VERSION = re.compile(r"[0-9]{1,4}(?:\.[0-9]{1,4}){0,2}")
_KEY = re.compile(r"(rsa|ec|dsa)(?:-([0-9]{2,5}))?")
_LEVELS = ("B", "T", "LT", "LTA")


def read(path: str | os.PathLike[str], known: Mapping[str, Policy]) -> Policy:
    """The policy in the file at ``path``; a refusal says which file it was."""
    from eidkit.files import read_bounded

    data = read_bounded(path, MAX_POLICY)
    try:
        return loads(data, known)
    except EidkitError as error:
        where = Path(path).name
        problem = Text(f"{where}: {error.problem.en}", f"{where}: {error.problem.vi}")
        raise EidkitError(error.code, problem, error.remedy, kind="configuration") from error


def loads(data: bytes, known: Mapping[str, Policy]) -> Policy:
    """The policy in TOML ``data``; ``known`` by ``name@version`` are those that it may extend."""
    from eidkit.files import toml

    try:
        table = toml(data)
    except ValueError as error:
        _refuse("policy-malformed", f"not TOML: {str(error)[:200]}", f"không phải TOML: {str(error)[:200]}")
    canonical.check_strict(table)
    _known_keys(table, ("name", "version", "extends", *_MEMBERS), "the policy")
    for required in ("name", "version"):
        if required not in table:
            _refuse("policy-incomplete", f"{required} is missing", f"thiếu {required}")
    name, version = _spelt(table["name"], _NAME, "name"), _spelt(table["version"], _VERSION, "version")
    base = _base(table["extends"], known) if "extends" in table else Policy(name, version)
    changed = {_FIELDS.get(key, key): reads(table[key], key) for key, reads in _MEMBERS.items() if key in table}
    changed["clauses"] = _joined(base.clauses, changed.get("clauses", ()), "clauses", lambda one: one.name)
    changed["listings"] = _joined(base.listings, changed.get("listings", ()), "listings", lambda one: one.clause)
    policy = replace(base, name=name, version=version, **({"dated": None} | changed))
    _check(policy, known)
    return policy


def _base(value: Any, known: Mapping[str, Policy]) -> Policy:
    if not isinstance(value, str) or value not in known:
        listed = ", ".join(known)
        _refuse(
            "policy-extends",
            f"extends must name a known policy with its version, not {str(value)[:80]!r}",
            f"extends phải là chính sách đã biết kèm phiên bản, không phải {str(value)[:80]!r}",
            f"write one of {listed}",
            f"ghi một trong {listed}",
        )
    return known[value]


def _check(policy: Policy, known: Mapping[str, Policy]) -> None:
    if policy.label in known:
        _refuse(
            "policy-released",
            f"{policy.label} is a released policy and is never edited",
            f"{policy.label} đã phát hành, không được sửa",
            "give it a name of its own, and extends = " + f'"{policy.label}"',
            f'đặt tên khác và ghi extends = "{policy.label}"',
        )
    listed = {digest for listing in policy.listings for digest in listing.digests}
    for weak in sorted(policy.weak_algorithms_allowed & listed):
        _refuse(
            "policy-conflict",
            f"{weak} is called weak by weak_algorithms_allowed and conforming by listings",
            f"{weak} vừa bị coi là yếu vừa được coi là phù hợp",
        )


def _known_keys(table: Any, allowed: tuple[str, ...], what: str) -> None:
    if not isinstance(table, dict):
        _refuse("policy-type", f"{what} must be a table", f"{what} phải là một bảng")
    for key in table:
        if key not in allowed:
            _refuse(
                "policy-key-unknown",
                f"{what} has an unknown key {key[:80]!r}",
                f"{what} có khóa không biết {key[:80]!r}",
                f"known keys: {', '.join(allowed)}",
                f"các khóa hợp lệ: {', '.join(allowed)}",
            )


def _joined(base: tuple[Any, ...], own: tuple[Any, ...], what: str, name: Callable[[Any], str]) -> tuple[Any, ...]:
    joined = (*base, *own)
    names = [name(one) for one in joined]
    again = next((one for one in names if names.count(one) > 1), None)
    if again is not None:
        _refuse("policy-conflict", f"{what}: {again[:80]!r} is defined twice", f"{what}: {again[:80]!r} bị lặp lại")
    return joined


def _spelt(value: Any, spelling: re.Pattern[str], what: str) -> str:
    if not isinstance(value, str) or not spelling.fullmatch(value):
        pattern = spelling.pattern
        _refuse("policy-spelling", f"{what} must be a string like {pattern}", f"{what} phải có dạng {pattern}")
    return value


def _one_of(allowed: tuple[str, ...]) -> Callable[[Any, str], str]:
    def read_one(value: Any, what: str) -> str:
        if value not in allowed:
            listed = ", ".join(allowed)
            _refuse("policy-value", f"{what} must be one of {listed}", f"{what} phải là một trong {listed}")
        return str(value)

    return read_one


def _true_or_false(value: Any, what: str) -> bool:
    if not isinstance(value, bool):
        _refuse("policy-type", f"{what} must be true or false", f"{what} phải là true hoặc false")
    return value


def _whole(value: Any, what: str) -> int:
    if type(value) is not int or not 1 <= value <= 1_000_000:
        _refuse("policy-type", f"{what} must be a whole number from 1", f"{what} phải là số nguyên từ 1")
    return value


def _strings(value: Any, what: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(one, str) and one for one in value):
        _refuse("policy-type", f"{what} must be a list of strings", f"{what} phải là danh sách chuỗi")
    return tuple(value)


def _hours(value: Any, what: str) -> timedelta:
    return timedelta(hours=_whole(value, what))


def _date(value: Any, what: str) -> date:
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError):
        _refuse("policy-value", f"{what} must be a string like 2026-11-24", f"{what} phải có dạng 2026-11-24")


def _weak(value: Any, what: str) -> frozenset[str]:
    names = _strings(value, what)
    for name in names:
        if not _may_be_weak(name):
            _refuse(
                "policy-no-effect",
                f"{what}: {name[:40]!r} is not the name of an algorithm that has an end",
                f"{what}: {name[:40]!r} không phải thuật toán có thời hạn",
                "write digests (sha1), schemes (rsa-pkcs1), kinds of keys (rsa) or sizes (rsa-1024)",
                "ghi hàm băm (sha1), phương thức ký (rsa-pkcs1), loại khóa (rsa) hoặc độ dài (rsa-1024)",
            )
    return frozenset(names)


def _may_be_weak(name: str) -> bool:
    named = catalogue.row_of("hash", name) or catalogue.row_of("scheme", name)
    if named is not None:
        return named.end is not None
    key = _KEY.fullmatch(name)
    if key is None:
        return False
    row = catalogue.row_of("key", key[1], int(key[2])) if key[2] else None
    return row is None or row.end is not None


def _version(value: Any, what: str) -> str:
    if value != catalogue.VERSION:
        _refuse(
            "policy-catalogue",
            f"{what}: there is no algorithm catalogue {str(value)[:40]!r}",
            f"{what}: không có danh mục thuật toán {str(value)[:40]!r}",
            f'this release has "{catalogue.VERSION}"',
            f'phiên bản này có "{catalogue.VERSION}"',
        )
    return catalogue.VERSION


def _text(value: Any, what: str) -> Text:
    _known_keys(value, ("en", "vi"), what)
    if not all(isinstance(value.get(each), str) and value[each] for each in ("en", "vi")):
        _refuse("policy-type", f"{what} needs a sentence as en and as vi", f"{what} cần câu en và vi")
    return Text(value["en"], value["vi"])


def _clauses(value: Any, what: str) -> tuple[Clause, ...]:
    return tuple(_clause(one, f"{what}[{number}]") for number, one in enumerate(_tables(value, what)))


def _clause(table: dict[str, Any], what: str) -> Clause:
    _known_keys(table, ("name", "demand", "broken_by", "level", "by_use"), what)
    codes = _strings(table.get("broken_by", []), f"{what}.broken_by")
    unknown = next((code for code in codes if code not in ROWS and code != ANY_ERROR), None)
    if unknown is not None:
        _refuse(
            "policy-value", f"{what}: there is no finding {unknown[:80]!r}", f"{what}: không có mã {unknown[:80]!r}"
        )
    level: Any = _one_of(_LEVELS)(table["level"], f"{what}.level") if "level" in table else None
    by_use = _text(table["by_use"], f"{what}.by_use") if "by_use" in table else None
    if (by_use is None) == (not codes and level is None):
        _refuse(
            "policy-conflict",
            f"{what} needs either broken_by or level, or by_use alone",
            f"{what} cần broken_by hoặc level, hoặc chỉ by_use",
        )
    if not isinstance(table.get("name"), str) or not table["name"]:
        _refuse("policy-incomplete", f"{what} has no name", f"{what} thiếu tên")
    return Clause(table["name"], _text(table.get("demand"), f"{what}.demand"), codes, level, by_use)


def _listings(value: Any, what: str) -> tuple[Listing, ...]:
    return tuple(_listing(one, f"{what}[{number}]") for number, one in enumerate(_tables(value, what)))


def _listing(table: dict[str, Any], what: str) -> Listing:
    _known_keys(table, ("clause", "schemes", "digests", "rsa_bits", "ec_bits"), what)
    if not isinstance(table.get("clause"), str) or not table["clause"] or len(table) == 1:
        _refuse("policy-incomplete", f"{what} needs a clause and what it lists", f"{what} thiếu nội dung")
    schemes, digests = (_strings(table.get(each, []), f"{what}.{each}") for each in ("schemes", "digests"))
    families = {row.family for row in algorithms.SIGNATURES}
    unknown = next((one for one in schemes if one not in families), None) or next(
        (one for one in digests if one not in algorithms.DIGEST_BY_NAME), None
    )
    if unknown is not None:
        _refuse("policy-value", f"{what}: there is no algorithm {unknown[:40]!r}", f"{what}: không có {unknown[:40]!r}")
    sizes = {each: _whole(table[each], f"{what}.{each}") for each in ("rsa_bits", "ec_bits") if each in table}
    return Listing(table["clause"], schemes, digests, **sizes)


def _tables(value: Any, what: str) -> list[dict[str, Any]]:
    if not isinstance(value, list) or len(value) > 200:
        _refuse("policy-type", f"{what} must be tables ([[{what}]])", f"{what} phải là các bảng ([[{what}]])")
    return value


_MEMBERS: dict[str, Callable[[Any, str], Any]] = {
    "dated": _date,
    "revocation": _one_of(("require", "warn")),
    "freshness_hours": _hours,
    "timestamp_required": _true_or_false,
    "form_filling_allowed": _true_or_false,
    "weak_algorithms_allowed": _weak,
    "catalogue": _version,
    "clauses": _clauses,
    "listings": _listings,
}
_FIELDS = {"freshness_hours": "freshness"}
"""The member of :class:`Policy` that a key is read into, where the two are not spelt alike."""


def _refuse(
    code: str,
    en: str,
    vi: str,
    remedy_en: str = "correct the policy file; docs/how-to/policies.md shows one",
    remedy_vi: str = "sửa tệp chính sách; xem docs/how-to/policies.md",
) -> NoReturn:
    raise EidkitError(code, Text(en, vi), Text(remedy_en, remedy_vi), kind="configuration")
