"""Install the questionnaires that come with the program. What an organisation made its own is left alone."""

from django.db import transaction

from accounts.models import Organisation, User
from accounts.permissions import require
from core import clock
from inventory.rows import row_insert, row_log
from questionnaires.document import Document
from questionnaires.models import Template, TemplateVersion
from questionnaires.services.templates import VERB
from questionnaires.shipped import shipped

NOTE = "As it comes with the program."


@transaction.atomic
def shipped_install(*, actor: User, organisation: Organisation) -> int:
    """Publish each shipped questionnaire for ``organisation``, and its new edition where the file changed. Returns versions written; a second call writes none.

    A questionnaire that the organisation has published a version of itself, or withdrawn, stays as it is.
    """
    require(actor, VERB, Template(organisation=organisation))
    return sum(_install(actor, organisation, document) for document in shipped().values())


def _install(actor: User, organisation: Organisation, document: Document) -> int:
    template = Template.objects.select_for_update(of=("self",)).filter(organisation=organisation, name=document.title).first()
    if template is None:
        template = Template(organisation=organisation, name=document.title, created_by=actor)
        row_insert(template)
        return _publish(actor, template, 1, document)
    versions = list(TemplateVersion.objects.filter(template=template, published_at__isnull=False).order_by("-number"))
    own = not versions or template.withdrawn_at is not None or versions[0].note != NOTE
    if own or any(row.digest == document.digest() for row in versions):
        return 0
    # An open draft keeps its text and makes room for the number.
    TemplateVersion.objects.filter(template=template, published_at__isnull=True).update(number=versions[0].number + 2)
    return _publish(actor, template, versions[0].number + 1, document)


def _publish(actor: User, template: Template, number: int, document: Document) -> int:
    facts = {"document": document.stored(), "digest": document.digest(), "note": NOTE, "published_at": clock.now(), "published_by": actor}
    row = TemplateVersion(template=template, number=number, created_by=actor, **facts)
    row_insert(row)
    row_log(actor, "questionnaires.template.installed", template, {"name": template.name, "number": number, "digest": row.digest})
    return 1
