"""Every address of the house: the office, the portal under r/, and what packs bring."""

from importlib.util import find_spec

from django.conf import settings
from django.urls import include, path

urlpatterns = [
    path("", include("qianshou.office.urls")),
    path("r/", include("qianshou.portal.urls")),
    *(
        path(f"p/{module.rpartition('.')[2]}/", include(f"{module}.urls"))
        for module in settings.PACKS
        if find_spec(f"{module}.urls")
    ),
]
