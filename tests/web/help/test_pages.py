"""Help and style guide: every word is explained at its anchor, every mark has its meaning, every component is shown."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.template import Context, Template
from django.test import Client
from django.urls import reverse

from accounts.models import Role
from reports.vocabulary import vocabulary
from tests import factories
from web import words
from web.help.samples import PARTS

pytestmark = pytest.mark.django_db


def shown(template: str, **context: Any) -> str:
    return Template(template).render(Context(context))


def test_every_word_of_the_vocabulary_is_explained_at_its_anchor(admin_client: Client) -> None:
    body = admin_client.get(reverse("web:glossary")).content.decode()
    anchors = re.findall(r'<dt id="term-([^"]+)"', body)
    assert anchors == list(words.all_words())
    assert len(anchors) == len(set(anchors)) >= len(vocabulary()["glossary"])


def test_every_verdict_is_shown_with_its_meaning(admin_client: Client) -> None:
    body = admin_client.get(reverse("web:glossary")).content.decode()
    for tier, row in vocabulary()["tiers"].items():
        assert f'verdict verdict-{tier}"' in body
        assert row["meaning"] in body


def test_words_can_be_looked_for(admin_client: Client) -> None:
    whole = admin_client.get(reverse("web:glossary"), {"q": "merkle"})
    assert re.findall(r'<dt id="term-([^"]+)"', whole.content.decode()) == ["log"]
    part = admin_client.get(reverse("web:glossary"), {"q": "merkle"}, headers={"HX-Request": "true", "HX-Target": "words"})
    assert part.content.decode().count("<dt") == 1
    assert "<html" not in part.content.decode()
    assert "0 words with" in admin_client.get(reverse("web:glossary"), {"q": "zz<b>"}).content.decode()


def test_help_is_open_to_every_person_and_the_style_guide_to_administrators(as_role: Callable[[str], Client]) -> None:
    assert as_role(Role.VENDOR).get(reverse("web:glossary")).status_code == 200
    assert as_role(Role.AUDITOR).get(reverse("web:styleguide")).status_code == 403


def test_style_guide_shows_every_part(admin_client: Client, django_assert_max_num_queries: Any) -> None:
    with django_assert_max_num_queries(5):
        body = admin_client.get(reverse("web:styleguide")).content.decode()
    for key, _ in PARTS:
        assert f'<section class="card mb-3" id="{key}"' in body
    assert "This field is required." in body
    assert "<svg" in body.partition('id="figure"')[2]


def test_word_explains_itself_and_leads_to_the_glossary() -> None:
    html = shown('{% term "sealed" "sealed-plan" %}{% term "sealed" "sealed-plan" %}')
    keys = re.findall(r'<button type="button" class="term" popovertarget="([^"]+)"', html)
    assert len(set(keys)) == 2
    assert re.findall(r'<span popover id="([^"]+)"', html) == keys
    assert f'href="{reverse("web:glossary")}#term-sealed-plan"' in html
    assert str(vocabulary()["glossary"]["Sealed plan"]) in html


def test_word_that_only_its_page_explains_leads_to_the_foot_of_the_page() -> None:
    assert shown('{% term text "unheard-of" %}', text="<b>") == '<a class="term" href="#term-unheard-of">&lt;b&gt;</a>'


def test_digest_is_short_copies_whole_and_leads_to_its_proof() -> None:
    value = "ab" * 32
    html = shown("{% digest value url %}", value=value, url="/artifacts/1/")
    assert "sha256:abababab…ababab" in html
    assert f'data-copy="{value}"' in html
    assert 'href="/artifacts/1/"' in html
    assert "verify" not in shown("{% digest value %}", value=value)


def test_person_without_a_role_is_offered_no_sections(client: Client) -> None:
    client.force_login(factories.user(None))
    body = client.get(reverse("web:glossary")).content.decode()
    assert "Sign out" in body
    assert "masthead-nav" not in body
    assert 'id="palette"' not in body
