"""Templates: escaped and strict."""

import pytest

from core.errors import InvalidInput
from reports.engine import render
from reports.presentation import present
from tests.reports.snapshots import snapshot


def test_render_names_the_field_that_is_missing() -> None:
    shown = present(snapshot())
    del shown["plan"]["claim"]
    with pytest.raises(InvalidInput, match=r"plan\.claim"):
        render("plan.html", shown)


def test_render_escapes_what_comes_from_outside() -> None:
    document = snapshot(title='<img src=x onerror="1"> & co')
    document["steps"][0]["summary"] = "<script>alert(1)</script>"
    html = render("report.html", present(document))
    assert "<script>" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert "&lt;img src=x onerror=&quot;1&quot;&gt; &amp; co" in html


def test_render_says_that_the_instrument_is_not_calibrated_for_every_step() -> None:
    html = render("report.html", present(snapshot()))
    assert html.count("Not yet: no calibration record for this instrument, version and hardware.") == 5


def test_render_says_what_is_not_shown_and_not_examined_for_every_step() -> None:
    html = render("report.html", present(snapshot()))
    assert html.count("<b>Does not show</b>") == html.count("<b>Not examined:</b>") == 5


def test_render_says_so_when_nothing_is_linked_used_or_listed() -> None:
    document = snapshot()
    document["systems"], document["requirements"]["rows"], document["requirements"]["coverage"], document["run"]["others"] = [], [], [], []
    html = render("report.html", present(document))
    said = ("No system in the register uses it at present.", "This run is linked to no requirement.", "No catalogue of requirements", "None on record up to")
    assert [sentence for sentence in said if sentence not in html] == []


def test_render_lists_other_runs_of_the_same_weights() -> None:
    html = render("plan.html", present(snapshot()))
    assert "(the plan of this report)" in html
    assert "<td>Failed</td>" in html


def test_render_says_that_an_attachment_was_too_large_to_embed() -> None:
    document = snapshot()
    document["attachments"].append({"name": "big.parquet", "media_type": "", "sha256": "ab" * 32, "size": 1 << 40, "title": "Big", "embedded": False})
    assert "Big; too large to embed, in the case file" in render("attachments.html", present(document))


def test_render_names_a_base_model_without_chat_template_as_such() -> None:
    document = snapshot()
    document["subject"]["template_digest"] = ""
    assert "none (base model)" in render("subject.html", present(document))
