"""Django's registration of this room."""

from django.apps import AppConfig


class SimulationsConfig(AppConfig):
    """The room of this name."""

    name = "qianshou.kernel.simulations"
    label = "simulations"

    def ready(self) -> None:
        """Register what the worker carries out."""
        from qianshou.kernel.simulations import running  # noqa: F401
