"""What is published is read at once: nobody writes between its numbers and its records."""

from threading import Thread

import pytest
from django.db import connection

from qianshou.kernel.clock import now
from qianshou.kernel.indicators.publish import one_snapshot
from qianshou.kernel.limits.models import Allowance


@pytest.mark.django_db(transaction=True)
def test_what_somebody_writes_meanwhile_is_not_counted():
    def write() -> None:
        Allowance.objects.create(key="a", began_at=now(), count=1)
        connection.close()

    other = Thread(target=write)
    with one_snapshot():
        before = Allowance.objects.count()
        other.start()
        other.join(1 if connection.vendor == "postgresql" else 0.1)
        assert Allowance.objects.count() == before
    other.join()
    assert Allowance.objects.count() == before + 1
