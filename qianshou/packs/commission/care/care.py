"""What care's declarations cannot say, gathered here so that its registers fill at start."""

from qianshou.packs.commission.care import hazard as hazard
from qianshou.packs.commission.care import report as report
