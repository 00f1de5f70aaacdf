"""Who is signed in, read together with the roles."""

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts.models import Membership, Role, User
from tests import factories
from web.signin.backends import PersonBackend

pytestmark = pytest.mark.django_db


def test_roles_come_with_the_person_in_one_query(admin: User, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    other = factories.organisation()
    Membership.objects.create(user=admin, organisation=other, role=Role.AUDITOR)
    Membership.objects.create(user=admin, organisation=other, role=Role.APPROVER)
    with django_assert_num_queries(1):
        person = PersonBackend().get_user(admin.pk)
        assert person == admin
        assert person is not None
        held = sorted(person.roles_held)
    assert held == sorted(User.objects.get(pk=admin.pk).roles_held)
    assert len(held) == 3


def test_person_without_a_role_has_none(admin: User) -> None:
    person = PersonBackend().get_user(factories.user(None).pk)
    assert person is not None
    assert person.roles_held == ()


def test_deactivated_and_unknown_people_are_nobody(admin: User) -> None:
    gone = factories.user(is_active=False)
    assert [PersonBackend().get_user(key) for key in (gone.pk, "00000000-0000-4000-8000-000000000000")] == [None, None]


def test_role_that_is_taken_away_is_gone_with_the_next_page(admin: User) -> None:
    browser = Client()
    browser.force_login(admin)
    assert browser.get("/vendors/").status_code == 200
    Membership.objects.filter(user=admin).update(role=Role.VENDOR)
    assert browser.get("/vendors/").status_code == 403
