from django.db import migrations


def only_organisation(apps, schema_editor):
    """Statements made before this column belong to the one organisation there is; with several, nobody can say, and they stay the installation's."""
    organisations = list(apps.get_model("accounts", "Organisation").objects.all()[:2])
    if len(organisations) == 1:
        apps.get_model("evidence", "Attestation").objects.update(organisation=organisations[0])


class Migration(migrations.Migration):

    dependencies = [
        ('evidence', '0002_attestation_organisation'),
    ]

    operations = [
        migrations.RunPython(only_organisation, migrations.RunPython.noop),
    ]
