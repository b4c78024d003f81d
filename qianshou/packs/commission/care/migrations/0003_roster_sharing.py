"""A bureau's list says for what purpose and by which law it is shared (article row 17).

Lists that were taken in before do not say so, and no reader may think that they did.
"""

from django.db import migrations, models


def say_unknown(apps, schema_editor):
    lists = apps.get_model('care', 'Roster').objects.exclude(kind='town')
    lists.update(purpose='未写明（规则施行前接收）', legal_basis='未写明（规则施行前接收）')


class Migration(migrations.Migration):

    dependencies = [
        ('care', '0002_name_sheet'),
    ]

    operations = [
        migrations.AddField(
            model_name='roster',
            name='purpose',
            field=models.CharField(blank=True, default='', max_length=200),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name='roster',
            name='legal_basis',
            field=models.CharField(blank=True, default='', max_length=200),
            preserve_default=False,
        ),
        migrations.RunPython(say_unknown, migrations.RunPython.noop),
        migrations.AddConstraint(
            model_name='roster',
            constraint=models.CheckConstraint(condition=models.Q(('kind', 'town'), models.Q(('purpose', ''), ('legal_basis', ''), _connector='OR', _negated=True), _connector='OR'), name='roster_shared_for_a_purpose'),
        ),
    ]
