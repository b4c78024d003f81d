"""Loads every pack once Django's models are ready."""

from django.apps import AppConfig


class KernelConfig(AppConfig):
    """The kernel as one application; its rooms keep the tables."""

    name = "qianshou.kernel"
    label = "kernel"

    def ready(self) -> None:
        """Import each pack's own code, which fills the registers, then freeze them."""
        import qianshou.kernel.migrating  # noqa: F401 - registers what the worker carries out
        from qianshou.kernel.pack import load_packs

        load_packs()
