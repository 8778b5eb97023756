from tortoise import migrations
from tortoise.migrations import operations as ops

class Migration(migrations.Migration):
    dependencies = [('trainings', '0002_constraints')]

    initial = False

    operations = [
        ops.AlterModelOptions(
            name='SessionText',
            options={'table': 'session_text', 'app': 'trainings', 'pk_attr': 'session_id', 'table_description': "The session's VEVENT as text, written whenever what it shows changes, so that a feed is only joined."},
        ),
    ]
