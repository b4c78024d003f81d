"""Every address of the house: the office, the portal under r/, health, and what packs bring."""

from importlib.util import find_spec

from django.conf import settings
from django.urls import include, path
from django.views.i18n import set_language

from qianshou.exchange.api.urls import api

urlpatterns = [
    path("", include("qianshou.health.urls")),
    path("", include("qianshou.office.urls")),
    path("r/", include("qianshou.portal.urls")),
    path("api/v1/", api.urls),
    path("x/", include("qianshou.exchange.urls")),
    path("language/", set_language, name="language-switch"),
    *(
        path(f"p/{module.rpartition('.')[2]}/", include(f"{module}.urls"))
        for module in settings.PACKS
        if find_spec(f"{module}.urls")
    ),
]
handler403 = "qianshou.office.errors.denied"
handler404 = "qianshou.office.errors.missing"
handler500 = "qianshou.office.errors.broken"
