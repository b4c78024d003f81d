"""Loads the demonstration district into an empty database."""

from collections.abc import Callable
from datetime import date, timedelta
from random import Random

from django.conf import settings
from django.db import transaction

from qianshou.demo.campaigns import play_campaign
from qianshou.demo.care import build_care
from qianshou.demo.cast import ACCOUNTS, PASSWORD, TOTP_SECRET
from qianshou.demo.children import CHILDREN
from qianshou.demo.district import build_district
from qianshou.demo.month import play_month
from qianshou.demo.planner import tell_planner
from qianshou.demo.played import play_care
from qianshou.demo.publications import play_publications
from qianshou.demo.years import play_years
from qianshou.kernel.campaigns.declaration import declared_campaigns
from qianshou.kernel.campaigns.install import install_campaigns
from qianshou.kernel.clock import now
from qianshou.kernel.door.registering import change_row
from qianshou.kernel.installing import INSTALLER
from qianshou.kernel.ledger.seals import seal_entries
from qianshou.kernel.refusal import Refusal
from qianshou.kernel.registry.models import Mark, Organisation
from qianshou.kernel.registry.synthetic import SYNTHETIC, remember

SEED = 20241119
FEWEST, MOST = 100, 4500
CAMPAIGN_BEGAN = date(2024, 1, 2)
Say = Callable[[str, str], None]


def load_demo(*, if_empty: bool, say: Say, children: int = CHILDREN) -> int:
    """Load the district and return 0; where there is one already, return 0 or refuse.

    `children` is how many girls are enrolled. Raises Refusal demo.not_empty when the database
    holds organisations and `if_empty` is not asked for: the demonstration is never mixed with a
    district's own data; demo.children for a number that the cadres could not stand by.
    """
    if not FEWEST <= children <= MOST:
        raise Refusal(
            "demo.children",
            f"演示女童数应在 {FEWEST} 到 {MOST} 之间",
            f"The demonstration holds {FEWEST} to {MOST} girls",
        )
    if Organisation.objects.exists():
        if if_empty:
            return 0
        raise Refusal(
            "demo.not_empty",
            "数据库里已有数据，演示区只能装入空库",
            "The database is not empty; the demonstration goes into an empty one only",
        )
    at = now()
    say("装入演示区（合成数据）……", "Loading the demonstration district (synthetic data)…")
    with transaction.atomic():
        change_row(Mark(), {"name": SYNTHETIC}, by=INSTALLER, at=at)
        remember(True)
        build_district(at, SEED)
        say("  27 个镇街、309 个村（社区）、岗位与值班", "  27 towns, 309 villages, posts, shifts")
        girls = build_care(at, SEED, say, children)
        play_month(girls, at - timedelta(minutes=1), SEED)
        say("  本月走访任务已派发", "  this month's visits are given out")
        play_care(girls, at - timedelta(minutes=1), SEED)
        say(
            "  入册、隐患、心愿、家书、交接、督查、强制报告：近几周经办",
            "  the last weeks of care: enrolments, hazards, wishes, letters, a sample, a report",
        )
        install_campaigns(declared_campaigns(), by=INSTALLER, at=at)
        play_campaign("commission.care.girls", Random(SEED), began=CAMPAIGN_BEGAN, at=at)
        say("  专项行动：19 项措施、经费与佐证", "  campaign: 19 measures, money and evidence")
        play_publications(SEED)
        say("  警情登记与两次发布", "  the register of incidents, published twice")
        play_years(at - timedelta(minutes=1), SEED, say)
    while seal_entries(at):
        pass
    tell_planner()
    (settings.VAR / "demo.txt").write_text(accounts_note(), encoding="utf-8")
    return 0


def accounts_note() -> str:
    """Return the demonstration accounts as text, for the start of the product."""
    lines = [f"演示账号 demonstration accounts（密码 password：{PASSWORD}）"]
    lines += [f"  {username:<12} {name}  {what}" for username, name, _, _, _, what in ACCOUNTS]
    lines += [
        "  三个管理员登录还要验证码 administrators also need a code: "
        ".venv/bin/python -m qianshou users code sys_admin",
        f"  （演示密钥，仅供演示 demonstration secret, for the demonstration only: {TOTP_SECRET}）",
    ]
    return "\n".join(lines) + "\n"
