"""Tables of documents: a file is its digest; what hangs on a matter is an attachment."""

from typing import ClassVar

from django.db import models


class Document(models.Model):
    """A stored file (文书), named by the SHA-256 of its bytes as they are stored.

    One that is about a `person` is stored sealed under that person's key.
    """

    digest = models.CharField(max_length=64, primary_key=True)
    media_type = models.CharField(max_length=80)
    size = models.PositiveIntegerField()
    stored_at = models.DateTimeField()
    person = models.ForeignKey("registry.Person", models.PROTECT, null=True)


class Draft(models.Model):
    """What an officer has sent and not yet confirmed: sealed, gone when it is taken or old."""

    under_master = ("sealed",)
    key = models.CharField(max_length=32, primary_key=True)
    officer = models.ForeignKey("registry.Officer", models.CASCADE)
    about = models.CharField(max_length=120)
    sealed = models.BinaryField()
    kept_at = models.DateTimeField(db_index=True)


class Attachment(models.Model):
    """A document hung on a matter under a name."""

    matter = models.ForeignKey("worklist.Matter", models.PROTECT, related_name="attachments")
    document = models.ForeignKey(Document, models.PROTECT)
    name = models.CharField(max_length=120)
    node = models.CharField(max_length=120, blank=True)
    officer = models.ForeignKey("registry.Officer", models.PROTECT, null=True)
    at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["matter", "document"], name="attachment_once")
        ]
