"""Addresses of the survey in rounds."""

from django.urls import URLPattern, URLResolver, path

from qianshou.packs.commission.care.rounds.pages import (
    board,
    confer,
    mismatch,
    mismatches,
    review,
    roster,
    task,
)

urlpatterns: list[URLPattern | URLResolver] = [
    path("", board.rounds, name="care-rounds"),
    path("task/<whole:task>/", task.page, name="care-survey-task"),
    path("<whole:pk>/", board.board, name="care-round"),
    path("<whole:pk>/act/", board.act, name="care-round-act"),
    path("<whole:pk>/progress/", board.progress, name="care-round-progress"),
    path("<whole:pk>/roster/", roster.page, name="care-roster"),
    path("<whole:pk>/roster/row/<whole:number>/", roster.row, name="care-roster-row"),
    path("<whole:pk>/roster/template/", roster.template, name="care-roster-template"),
    path("<whole:pk>/roster/errors/", roster.wrong_rows, name="care-roster-errors"),
    path("<whole:pk>/mismatches/", mismatches.page, name="care-mismatches"),
    path("<whole:pk>/mismatches/export/", mismatches.export, name="care-mismatches-export"),
    path("<whole:pk>/review/", review.page, name="care-review"),
    path("<whole:pk>/confer/", confer.page, name="care-confer"),
    path("mismatch/<whole:pk>/", mismatch.page, name="care-mismatch"),
    path("mismatch/<whole:pk>/<whole:number>/", mismatch.evidence, name="care-evidence"),
]
