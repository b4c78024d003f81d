"""Writing a letter home with a child: what to ask her, paper to write on, and that it was sent."""

from collections.abc import Mapping

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from qianshou.design.desk import officer_page, show
from qianshou.design.refused import by_field
from qianshou.kernel.access import Actor
from qianshou.kernel.clock import now
from qianshou.kernel.refusal import Refusal, Refusals
from qianshou.packs.commission.care.letter import open_letter
from qianshou.packs.commission.care.pages.reach import after_opening, find_near
from qianshou.packs.commission.care.register import masked_names


def way_words() -> dict[str, str]:
    """Return the ways in which a letter goes with their names."""
    return {
        "post": _("邮寄"),
        "phone": _("拍照发给父母"),
        "call": _("视频时念给父母听"),
        "person": _("托人带去"),
    }


def prompts() -> list[tuple[str, str]]:
    """Return what to talk about with a child while she writes: a heading, and a question."""
    return [
        (_("称呼"), _("信写给谁？平时怎样叫他们，就怎样写。")),
        (_("最近的一天"), _("昨天你做了什么？和谁一起？有没有好笑的事？")),
        (_("学校"), _("最喜欢哪节课？有没有学会什么新东西想给爸爸妈妈看？")),
        (_("家里"), _("谁照顾你？家里有什么变化？饭菜里你最喜欢什么？")),
        (_("心里话"), _("有没有高兴、难过、害怕的事想告诉他们？不想写的可以不写。")),
        (_("想问的"), _("想问爸爸妈妈什么？希望他们什么时候打电话、什么时候回来？")),
        (_("结尾"), _("写上祝福、自己的名字和日期，也可以画一幅画。")),
    ]


@require_http_methods(["GET", "POST"])
@officer_page
def page(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Show the prompts and the paper for the child in the address; take in that it was sent.

    What is written on the paper stays in the browser: no field of it is sent.
    """
    child, is_pupil = find_near(actor, request.GET.get("child", ""))
    errors: Mapping[str, list[str]] = {}
    if request.method == "POST":
        try:
            receipt = open_letter(child, request.POST.get("way", ""), by=actor, at=now())
            messages.success(request, _("已登记 %(number)s") % {"number": receipt.number})
            return after_opening(actor, child, receipt.matter)
        except (Refusal, Refusals) as refusal:
            if isinstance(refusal, Refusal) and refusal.code == "access.denied":
                raise
            errors = by_field(refusal)
    letters = child.letters.select_related("matter").order_by("-sent_at")
    if is_pupil:
        letters = letters.filter(officer=actor.officer)
    context = {
        "child": child,
        "is_pupil": is_pupil,
        "name": masked_names([child])[child.pk],
        "prompts": prompts(),
        "ways": way_words(),
        "way": request.POST.get("way", ""),
        "letters": list(letters[:10]),
        "errors": errors,
        "here": "care-wishes",
    }
    return show(request, actor, "care/letter.html", context, 422 if errors else 200)
