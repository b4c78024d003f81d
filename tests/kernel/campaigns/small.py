"""A small campaign of the gate's pack, for tests: two groups, three measures, two lines."""

from datetime import datetime
from pathlib import Path

from qianshou.kernel.access import Actor, actor_of
from qianshou.kernel.campaigns.declaration import read_campaigns
from qianshou.kernel.campaigns.install import install_campaigns
from qianshou.kernel.campaigns.models import Campaign
from qianshou.kernel.door.registering import change_row
from qianshou.kernel.installing import INSTALLER
from qianshou.kernel.registry.models import Officer, Post

SMALL = """
[quiet]
name = { zh = "静夜行动", en = "Quiet nights" }

[[quiet.groups]]
id = "sites"
name = { zh = "工地", en = "Building sites" }

[[quiet.groups]]
id = "streets"
name = { zh = "街面", en = "Streets" }

[[quiet.measures]]
no = 1
group = "sites"
name = { zh = "夜间施工许可公示", en = "Publish permits for work at night" }
owner = "city"
due_days = 100
source = "our reading"

[[quiet.measures]]
no = 2
group = "sites"
name = { zh = "高噪设备更换", en = "Replace loud machines" }
owner = "environment"
due_days = 10
source = "our reading"

[[quiet.measures]]
no = 3
group = "streets"
name = { zh = "广场舞音量公约", en = "Agree on music in squares" }
owner = "nobody-yet"
due_days = 30
source = "our reading"

[[quiet.mechanisms]]
id = "search"
name = { zh = "排查机制", en = "Search" }
procedure = "police.gate"

[[quiet.mechanisms]]
id = "count"
name = { zh = "统计机制", en = "Counting" }
indicator = "calls"

[[quiet.mechanisms]]
id = "watch"
name = { zh = "值守机制", en = "Watch" }
page = "/registry/"

[[quiet.mechanisms]]
id = "round"
name = { zh = "巡查机制", en = "Rounds" }
duty = "quiet.round"

[[quiet.budget]]
id = "meters"
name = { zh = "噪声监测仪", en = "Meters" }
fen = 100_000

[[quiet.budget]]
id = "leaflets"
name = { zh = "宣传", en = "Leaflets" }
fen = 50_000
"""


def install_small(folder: Path, at: datetime, text: str = SMALL) -> Campaign:
    """Install the campaign and let the district's seats manage campaigns."""
    path = folder / "campaign.toml"
    path.write_text(text, encoding="utf-8")
    declared = read_campaigns(path, "police.gate")
    post = Post.objects.get(pk="district_seat")
    change_row(post, {"acts": sorted({*post.acts, "campaign"})}, by=INSTALLER, at=at)
    [campaign] = install_campaigns(declared, by=INSTALLER, at=at)
    return campaign


def actor(username: str, at: datetime) -> Actor:
    """Return an account of the cast as it acts."""
    return actor_of(Officer.objects.get(username=username), at)


MANAGER = "jiang_yue"
OTHER_MANAGER = "feng_yi"
OWNER = "xie_bo"
STRANGER = "zhang_min"
