"""Words that a password here must not lean on: what everybody who attacks this house tries first."""

from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

WORDS = (
    "qianshou", "千手", "dazu", "大足", "chongqing", "重庆", "admin", "guanliyuan", "管理员",
    "police", "gongan", "公安", "zhengfu", "政府", "mima", "密码",
)  # fmt: skip
LEAST_BESIDE = 8


class NoHouseWords:
    """Django's validator: without the words of this house, enough of a password must be left."""

    def validate(self, password: str, user: Any = None) -> None:
        """Raise ValidationError where less than eight signs stand beside such words."""
        left = password.lower()
        for word in WORDS:
            left = left.replace(word, "")
        if left != password.lower() and len(left) < LEAST_BESIDE:
            raise ValidationError(self.get_help_text(), code="house_words")

    def get_help_text(self) -> str:
        """Return what is asked, in the page's language."""
        return _("密码不能主要由本系统、本地或单位的名称组成。")
