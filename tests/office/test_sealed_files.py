"""Files about a person lie sealed, are given to the circle, and are gone with the person's key."""

import io
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from qianshou.kernel import door
from qianshou.kernel.access import CLOCK, actor_of
from qianshou.kernel.clock import day_of, now
from qianshou.kernel.documents.models import Document
from qianshou.kernel.documents.store import path_of
from qianshou.kernel.door import acts
from qianshou.kernel.door.sealing import erase_person, register_person
from qianshou.kernel.ledger.replay import verify
from qianshou.kernel.registry.models import Circle, CircleMember, Officer
from qianshou.kernel.worklist.models import Matter, Task
from tests.office.calls import TRIAGE, open_task, send, village_of

Browse = Callable[[str], Client]
FACTS = {"source": "110", "summary": "孩子夜里独自在家", "text": "连续三晚"}


def picture() -> SimpleUploadedFile:
    kept = io.BytesIO()
    Image.new("RGB", (40, 30), "teal").save(kept, "JPEG")
    return SimpleUploadedFile("屋里.jpg", kept.getvalue())


@pytest.fixture
def matter(browse: Browse) -> Matter:
    """Return a matter about a child, which Zhang and Tang may know of."""
    circle = Circle.objects.create(about="child")
    for username in ("zhang_min", "tang_li"):
        CircleMember.objects.create(
            circle=circle, role="cadre", officer=Officer.objects.get(username=username),
            from_date=day_of(now()),
        )  # fmt: skip
    child = register_person({}, circle=circle, by=CLOCK, at=now())
    facts = {**FACTS, "place": {"division": village_of(), "address": "文化广场旁"}}
    act = acts.Open("police.gate", facts, "register", circle=circle.pk, person=child.pk)
    zhang = actor_of(Officer.objects.get(username="zhang_min"), now())
    receipt = door.act(act, by=zhang, at=now())
    assert receipt is not None
    return Matter.objects.get(pk=receipt.matter)


def attach(browse: Browse, matter: Matter) -> Document:
    answer = browse("zhang_min").post(f"/m/{matter.pk}/attach/", {"files": [picture()]})
    assert answer.status_code == 302
    return Document.objects.get()


def test_an_attachment_is_sealed_and_given_to_the_circle_in_clear(
    browse: Browse, matter: Matter
) -> None:
    document = attach(browse, matter)
    assert document.person_id == matter.person_id
    assert not path_of(document.digest).read_bytes().startswith(b"\xff\xd8")
    address = f"/m/{matter.pk}/f/{document.digest}/"
    given = browse("tang_li").get(address)
    assert given.content.startswith(b"\xff\xd8")
    assert given.headers["Cache-Control"] == "no-store"
    assert browse("jiang_yue").get(address).status_code == 404
    assert list(verify()) == []


def test_a_photo_of_a_step_is_sealed_too(browse: Browse, matter: Matter) -> None:
    zhang, tang = browse("zhang_min"), browse("tang_li")
    send(zhang, matter.pk, "claim")
    send(zhang, matter.pk, "complete", **TRIAGE)
    send(zhang, matter.pk, "complete", informed="spoken", told="已转镇政府办理")
    send(tang, matter.pk, "complete", sign="accept")
    worked: dict[str, Any] = {"need": "none", "result": "已有人照看", "photos": [picture()]}
    name = photo_field(matter)
    worked[name] = worked.pop("photos")
    assert send(tang, matter.pk, "complete", **worked).status_code == 302
    document = Document.objects.get()
    assert document.person_id == matter.person_id
    given = zhang.get(f"/m/{matter.pk}/f/{document.digest}/")
    assert given.content.startswith(b"\xff\xd8")


def photo_field(matter: Matter) -> str:
    """Return the name of the photo field at the matter's open step."""
    from qianshou.kernel.procedures.versions import compiled, form_of

    digest = Matter.objects.select_related("version").get(pk=matter.pk).version.digest
    form = form_of(digest, compiled(digest).node(open_task(matter.pk).node).form)
    return next(field.id for field in form.fields if field.widget == "photos")


def test_a_file_is_gone_with_the_person_s_key(browse: Browse, matter: Matter) -> None:
    document = attach(browse, matter)
    assert matter.person_id is not None
    erase_person(matter.person_id, by=CLOCK, at=now(), reason="期满")
    zhang = browse("zhang_min")
    answer = zhang.get(f"/m/{matter.pk}/f/{document.digest}/")
    assert answer.status_code == 410
    assert "已按要求删除" in answer.content.decode()
    refused = zhang.post(f"/m/{matter.pk}/attach/", {"files": [picture()]})
    assert refused.status_code == 422
    assert "已按要求删除" in refused.content.decode()
    assert list(verify()) == []


def test_a_digest_does_not_open_another_person_s_file(browse: Browse, matter: Matter) -> None:
    document = attach(browse, matter)
    other = register_person({}, by=CLOCK, at=now())
    Document.objects.filter(pk=document.pk).update(person=other)
    address = f"/m/{matter.pk}/f/{document.digest}/"
    assert browse("zhang_min").get(address).status_code == 404
    assert Task.objects.filter(matter=matter).exists()
