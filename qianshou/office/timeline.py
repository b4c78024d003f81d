"""The ledger of a matter in words: what each act was, by whom, with what."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from qianshou.kernel.procedures.compiled import Procedure
from qianshou.kernel.procedures.versions import compiled
from qianshou.kernel.registry.models import Organisation
from qianshou.office.facts import Told, Words

ICONS = {
    "open": ("plus", "b"),
    "complete": ("circle-check", "g"),
    "claim": ("writing", ""),
    "release": ("arrow-back-up", ""),
    "transfer": ("arrows-right-left", ""),
    "delegate": ("user-check", ""),
    "resolve": ("user-check", "g"),
    "recall": ("arrow-back-up", ""),
    "reassign": ("users", "y"),
    "return": ("arrow-back-up", "y"),
    "withdraw": ("arrow-back-up", "y"),
    "urge": ("bell", "y"),
    "supervise": ("eye", "r"),
    "suspend": ("hand-stop", "y"),
    "resume": ("clock", ""),
    "add_signer": ("user-plus", ""),
    "sign": ("signature", "g"),
    "remove_signer": ("circle-x", "y"),
    "split": ("git-compare", ""),
    "split_from": ("git-compare", ""),
    "copy": ("mail", ""),
    "read": ("mail-opened", "g"),
    "comment": ("message-2", ""),
    "attach": ("paperclip", ""),
    "link": ("link", ""),
    "merge": ("link", ""),
    "absorb": ("link", ""),
    "disclose": ("shield", "y"),
    "fire": ("clock", ""),
    "deliver": ("mail", ""),
    "warn": ("alert-triangle", "r"),
    "migrate": ("git-compare", ""),
}


@dataclass(frozen=True)
class Line:
    """One entry of the ledger, ready for a template."""

    seq: int
    id: int
    hash: str
    at: datetime
    title: str
    who: str
    text: str
    facts: list[Told]
    documents: list[dict[str, str]]
    icon: str
    tone: str


def act_words(act: str) -> str:
    """Return the name of an act."""
    return {
        "open": _("登记"),
        "complete": _("办结"),
        "claim": _("签收"),
        "release": _("退签"),
        "transfer": _("转办"),
        "delegate": _("委托"),
        "resolve": _("交回"),
        "recall": _("收回委托"),
        "reassign": _("退回岗位"),
        "return": _("退回"),
        "withdraw": _("撤回"),
        "urge": _("催办"),
        "supervise": _("督办"),
        "suspend": _("挂起"),
        "resume": _("恢复计时"),
        "add_signer": _("加签"),
        "ask_first": _("请人先签"),
        "sign": _("先签"),
        "remove_signer": _("减签"),
        "split": _("拆分"),
        "split_from": _("拆分而来"),
        "copy": _("抄送"),
        "read": _("阅办"),
        "comment": _("批注"),
        "attach": _("上传附件"),
        "link": _("关联"),
        "merge": _("并案"),
        "absorb": _("并入其他事项"),
        "disclose": _("查看当事人信息"),
        "fire": _("到时"),
        "deliver": _("收到消息"),
        "warn": _("时限提醒"),
        "migrate": _("迁移到新版规范"),
        "register": _("登入底册"),
        "amend": _("更改底册"),
    }.get(act, act)


def timeline_of(entries: Iterable[Mapping[str, Any]], words: Words, language: str) -> list[Line]:
    """Return the entries of a matter in words, the newest first (one query); each names its step
    as the version of then did.
    """
    entries = list(entries)
    zh = language.startswith("zh")
    organisations = {
        pk: name if zh else name_en
        for pk, name, name_en in Organisation.objects.filter(
            pk__in={entry["by"]["organisation"] for entry in entries} - {None}
        ).values_list("pk", "name", "name_en")
    }
    procedures = _versions_of(entries)
    told = zip(entries, procedures, strict=True)
    lines = [_line(entry, words, procedure, organisations, zh) for entry, procedure in told]
    return lines[::-1]


def _versions_of(entries: Iterable[Mapping[str, Any]]) -> Iterator[Procedure]:
    """Yield the version under which each entry of a matter was written."""
    version = ""
    for entry in entries:
        version = version or entry["procedure"]
        yield compiled(version)
        version = entry["to"] if entry["act"] == "migrate" else version


def _line(
    entry: Mapping[str, Any],
    words: Words,
    procedure: Procedure,
    organisations: Mapping[int, str],
    zh: bool,
) -> Line:
    act = entry["act"]
    icon, tone = ICONS.get(act, ("circle-dot", ""))
    node = procedure.nodes.get(entry.get("node") or "")
    step = (node.name if zh else node.name_en or node.name) if node else ""
    by = entry["by"]
    protected = {"clock": _("系统时钟"), "resident": _("群众"), "reporter": _("受保护的举报人")}
    who = protected.get(by["kind"], by["name"])
    if "on_behalf_of" in by:
        who = _("%(who)s（代 %(name)s）") % {"who": who, "name": by["on_behalf_of"]["name"]}
    place = organisations.get(by["organisation"] or 0, "")
    submitted = entry.get("facts") or {}
    written = entry.get("draft") or {} if act == "resolve" else submitted
    return Line(
        seq=entry["seq"],
        id=entry["id"],
        hash=entry["hash"],
        at=datetime.fromisoformat(entry["at"]),
        title=f"{act_words(act)} · {step}" if step and act != "open" else act_words(act),
        who=" · ".join(part for part in (place, who) if part),
        text=_text(act, entry, submitted),
        facts=words.told(written) if act in ("open", "complete", "deliver", "resolve") else [],
        documents=list(entry.get("documents") or []),
        icon=icon,
        tone=tone,
    )


def _text(act: str, told: Mapping[str, Any], submitted: Mapping[str, Any]) -> str:
    if act == "transfer":
        return _("转给 %(name)s：%(reason)s") % {
            "name": told.get("to", ""),
            "reason": told.get("reason", ""),
        }
    if act == "add_signer" and "before" in told:
        return _("请 %(name)s 先签：%(reason)s") % {
            "name": told.get("to", ""),
            "reason": told.get("reason", ""),
        }
    if act in ("add_signer", "remove_signer"):
        return f"{told.get('to', '')} {told.get('reason', '')}".strip()
    if act == "delegate":
        return _("请 %(name)s 代办：%(reason)s") % {
            "name": told.get("to", ""),
            "reason": told.get("reason", ""),
        }
    if act == "copy":
        names, text = "、".join(told.get("names", ())), told.get("text", "")
        words = _("抄送给 %(names)s") if told.get("on") else _("不再抄送给 %(names)s")
        return f"{words % {'names': names}} {text}".strip()
    if act == "reassign":
        return _("%(name)s 已离开岗位，任务待重新签收") % {"name": told.get("name", "")}
    if act == "disclose":
        return _("用途：%(purpose)s") % {"purpose": told.get("purpose", "")}
    if act == "warn":
        return _("已超期") if submitted.get("late") else _("临近时限")
    if act == "merge":
        return _("并入 %(number)s：%(reason)s") % {
            "number": told.get("into", ""),
            "reason": submitted.get("merge_reason", ""),
        }
    if act == "migrate":
        return _("起草：%(drafter)s；批准：%(approver)s；原因：%(reason)s") % {
            "drafter": told["drafted_by"]["name"],
            "approver": told["approved_by"]["name"],
            "reason": told["reason"],
        }
    if act == "absorb":
        return str(told.get("merged", ""))
    if act in ("split", "split_from"):
        return f"{told.get('into') or told.get('from')} {told.get('reason', '')}".strip()
    if act == "link":
        return " ".join(str(told.get(name, "")) for name in ("other", "reason")).strip()
    if act == "supervise" and told.get("on") is False:
        return _("解除督办：%(text)s") % {"text": told.get("text", "")}
    if act == "return" and told.get("resume"):
        return _("%(reason)s（重办后直接送回）") % {"reason": submitted.get("return_reason", "")}
    reason = submitted.get(f"{act}_reason") if act in ("return", "withdraw") else None
    return str(reason or told.get("text", "") or "")
