"""Django's registration of this room."""

from django.apps import AppConfig


class DesignConfig(AppConfig):
    """The design language: templates, styles, icons, vendored assets."""

    name = "qianshou.design"
    label = "design"
