"""Addresses of care's own pages."""

from django.urls import URLPattern, URLResolver, path

from qianshou.packs.commission.care.pages import (
    enrol,
    enrolling,
    guardian,
    handover,
    pairing,
    pledges,
    samples,
)

urlpatterns: list[URLPattern | URLResolver] = [
    path("enrol/", enrol.page, name="care-enrol"),
    path("enrol/export/", enrol.export, name="care-enrol-export"),
    path("enrol/new/", enrol.add, name="care-candidate"),
    path("c/<str:code>/enrol/", enrolling.page, name="care-enrolling"),
    path("c/<str:code>/enrol/notice/", enrolling.notice, name="care-notice"),
    path("c/<str:code>/enrol/<slug:name>/", enrolling.register, name="care-register"),
    path("pledges/", pledges.page, name="care-pledges"),
    path("pledges/export/", pledges.export, name="care-pledges-export"),
    path("c/<str:code>/pledges/", pledges.child_page, name="care-child-pledges"),
    path("c/<str:code>/pledges/<slug:kind>/blank/", pledges.blank, name="care-pledge-blank"),
    path("c/<str:code>/pledges/<slug:kind>/sign/", pledges.sign, name="care-pledge-sign"),
    path(
        "c/<str:code>/pledges/<whole:pledge>/<slug:part>/read/",
        pledges.read,
        name="care-pledge-read",
    ),
    path("c/<str:code>/link/<slug:signer>/", pledges.link, name="care-link"),
    path("g/<str:token>/", guardian.page, name="care-guardian"),
    path("g/<str:token>/code/", guardian.enter, name="care-guardian-code"),
    path("g/<str:token>/sign/<slug:kind>/", guardian.sign, name="care-guardian-sign"),
    path("g/<str:token>/ask/", guardian.request_change, name="care-guardian-ask"),
    path("g/<str:token>/<whole:pledge>/<slug:part>/", guardian.file, name="care-guardian-file"),
    path("g/<str:token>/leave/", guardian.leave, name="care-guardian-leave"),
    path("pairing/", pairing.page, name="care-pairing"),
    path("pairing/export/", pairing.export, name="care-pairing-export"),
    path("pairing/<slug:code>/", pairing.town, name="care-pairing-town"),
    path("pairing/<slug:code>/change/", pairing.change, name="care-pairing-change"),
    path("pairing/<slug:code>/share/", pairing.share_out, name="care-share-out"),
    path("handover/new/", handover.new, name="care-handover-new"),
    path("handover/<whole:handover>/summary/", handover.summary, name="care-handover-summary"),
    path("samples/", samples.page, name="care-samples"),
    path("samples/draw/", samples.draw, name="care-sample-draw"),
    path("samples/<whole:sample>/", samples.show_sample, name="care-sample"),
    path("samples/<whole:sample>/reproduce/", samples.again, name="care-sample-again"),
    path("samples/<whole:sample>/export/", samples.export, name="care-sample-export"),
]
