"""The invitation by mail, where a mail server is set up; nothing depends on it."""

import logging
from smtplib import SMTPException

from django.conf import settings
from django.core.mail import send_mail
from django.template.loader import render_to_string

from accounts.models import User

log = logging.getLogger(__name__)


def send_invitation(person: User, link: str) -> bool:
    """Whether the link went out by mail; a mail server that fails is noted and holds nothing up."""
    if not settings.EMAIL_HOST or not person.email:
        return False
    text = render_to_string("web/settings/invitation.txt", {"person": person, "link": link})
    try:
        send_mail("Your account in Assay", text, None, [person.email])
    except (SMTPException, OSError) as error:
        log.warning("an invitation could not be mailed: %s", type(error).__name__)
        return False
    return True
