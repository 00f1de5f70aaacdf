"""Which rows of this app an actor may know of."""

from accounts.visibility import M, VisibleQuerySet

READ = "questionnaires.read"


class Owned(VisibleQuerySet[M]):
    """Rows of an organisation."""

    read_verb = READ


class ThroughTemplate(VisibleQuerySet[M]):
    """Rows that belong to an organisation through their template."""

    owner_path = "template__organisation"
    read_verb = READ


class ThroughRequest(VisibleQuerySet[M]):
    """Rows that belong to an organisation through their request."""

    owner_path = "request__organisation"
    read_verb = READ


class ThroughAnswer(VisibleQuerySet[M]):
    """Rows that belong to an organisation through the request of their answer."""

    owner_path = "answer__request__organisation"
    read_verb = READ
