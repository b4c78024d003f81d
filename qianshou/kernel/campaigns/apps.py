"""Django's registration of this room."""

from django.apps import AppConfig


class CampaignsConfig(AppConfig):
    """The room of this name."""

    name = "qianshou.kernel.campaigns"
    label = "campaigns"
