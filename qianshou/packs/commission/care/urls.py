"""Addresses of care's own pages."""

from django.urls import URLPattern, URLResolver, path

from qianshou.packs.commission.care.pages import child, children, month, vetting, visit

urlpatterns: list[URLPattern | URLResolver] = [
    path("", children.page, name="care-children"),
    path("export/", children.export, name="care-children-export"),
    path("c/<str:code>/", child.page, name="care-child"),
    path("c/<str:code>/contact/", child.contact, name="care-contact"),
    path("c/<str:code>/<slug:register>/correct/", child.correct, name="care-correct"),
    path("visit/<whole:task>/", visit.page, name="care-visit"),
    path("visit/<whole:task>/send/", visit.send, name="care-visit-send"),
    path("visit/<whole:task>/draft/", visit.draft, name="care-visit-draft"),
    path("month/", month.page, name="care-month"),
    path("month/urge/", month.urge, name="care-month-urge"),
    path("vetting/", vetting.page, name="care-vetting"),
]
