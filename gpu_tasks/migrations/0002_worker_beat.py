from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('gpu_tasks', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='WorkerBeat',
            fields=[
                ('name', models.CharField(max_length=200, primary_key=True, serialize=False)),
                ('queues', models.JSONField()),
                ('host', models.CharField(max_length=200)),
                ('pid', models.PositiveIntegerField()),
                ('seen_at', models.DateTimeField()),
            ],
        ),
    ]
