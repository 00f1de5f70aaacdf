"""What a user name, an e-mail address and a password must be."""

import re

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from accounts.models import User
from core.errors import InvalidInput

USERNAME = re.compile(r"[\w.+-]{1,150}")


def checked_username(username: str) -> str:
    """``username`` without blanks around it; ``InvalidInput`` when malformed or taken, whatever its case.

    An “@” is refused: whoever could be called like another's e-mail address could be signed in for them.
    """
    name = username.strip()
    if not USERNAME.fullmatch(name):
        raise InvalidInput("username", "use letters, digits and . + - _ only, at most 150 of them")
    if User.objects.filter(username__iexact=name).exists():
        raise InvalidInput("username", f"“{name}” is taken; choose another")
    return name


def checked_email(email: str, user: User | None = None) -> str:
    """``email`` in lower case; ``InvalidInput`` when malformed or of another user. Empty is allowed."""
    address = email.strip().lower()
    if not address:
        return ""
    try:
        validate_email(address)
    except ValidationError as error:
        raise InvalidInput("email", "write the whole address, such as name@example.org") from error
    others = User.objects.exclude(pk=user.pk) if user else User.objects.all()
    if others.filter(email__iexact=address).exists():
        raise InvalidInput("email", "another user of this installation has this address; one address stands for one person")
    return address


def checked_name(name: str) -> str:
    """A person's name without blanks around it."""
    if len(name.strip()) > 150 or "\x00" in name:
        raise InvalidInput("name", "write at most 150 characters")
    return name.strip()


def password_set(user: User, password: str) -> None:
    """Give ``user`` a password that the rules accept; the caller saves."""
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise InvalidInput("password", " ".join(error.messages)) from error
    user.set_password(password)
