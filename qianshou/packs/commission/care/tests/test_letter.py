"""Letters home: written with the child, never kept, and the answer asked for after a fortnight."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.test import Client

from qianshou.kernel import worker
from qianshou.kernel.clock import now
from qianshou.kernel.ledger.replay import verify
from qianshou.kernel.refusal import Refusal
from qianshou.kernel.worklist.models import Matter, Task
from qianshou.packs.commission.care.letter import open_letter
from qianshou.packs.commission.care.models import Letter
from qianshou.packs.commission.care.tests.children import actor, ledger_text
from qianshou.packs.commission.care.tests.enrolled import do, enrolled, open_steps

Browse = Callable[[str], Client]


def test_a_letter_is_asked_after_until_it_is_answered(district: None, at: datetime) -> None:
    child = enrolled(at)
    matter = open_letter(child, "post", by=actor("lin_yue", at), at=at).matter
    row = Letter.objects.get(matter=matter)
    assert (row.sent_at, row.answered_at) == (at, None)
    assert row.officer is not None
    assert row.officer.username == "lin_yue"
    worker.tick(at + timedelta(days=13))
    assert open_steps(matter) == []
    later = at + timedelta(days=15)
    worker.tick(later)
    task = Task.objects.get(matter=matter, state=0)
    assert task.assignee is not None
    assert (task.node, task.assignee.username) == ("ask", "lin_yue")
    do(matter, "ask", "lin_yue", later, answered="wait")
    assert open_steps(matter) == []
    again = later + timedelta(days=15)
    worker.tick(again)
    do(matter, "ask", "lin_yue", again, answered="yes", answer_way="call")
    row.refresh_from_db()
    assert row.answered_at == again
    assert Matter.objects.get(pk=matter).outcome == "closed"
    assert list(verify()) == []


def test_a_letter_without_an_answer_is_closed_so(district: None, at: datetime) -> None:
    matter = open_letter(enrolled(at), "post", by=actor("lin_yue", at), at=at).matter
    later = at + timedelta(days=15)
    worker.tick(later)
    do(matter, "ask", "lin_yue", later, answered="no")
    assert Letter.objects.get(matter=matter).answered_at is None
    assert Matter.objects.get(pk=matter).closed_at == later


def test_only_her_circle_sends_one_and_says_how(district: None, at: datetime) -> None:
    child = enrolled(at)
    with pytest.raises(Refusal) as refused:
        open_letter(child, "", by=actor("lin_yue", at), at=at)
    assert refused.value.field == "way"
    with pytest.raises(Refusal) as refused:
        open_letter(child, "post", by=actor("jin_ke", at), at=at)
    assert refused.value.code == "access.denied"


def test_the_page_asks_prints_and_keeps_no_text(browse: Browse) -> None:
    child = enrolled(now())
    lin, address = browse("lin_yue"), f"/p/care/letter/?child={child.code}"
    text = lin.get(address).content.decode()
    assert "可以这样问" in text
    paper = text.partition('class="letter-paper"')[2].partition(">")[0]
    assert " name=" not in paper
    assert lin.post(address, {"way": ""}).status_code == 422
    assert lin.post(address, {"way": "post", "text": "亲爱的妈妈"}).status_code == 302
    assert "亲爱的妈妈" not in ledger_text()
    assert not any("亲爱的妈妈" in matter.state for matter in Matter.objects.all())
    assert "还没有回信" in lin.get(address).content.decode()
    for username in ("jin_ke", "hao_jian", "yuan_bo"):
        assert browse(username).get(address).status_code == 404
