"""What coverage is shown for: the day, the framework, and whose evidence."""

import datetime
from typing import Any

from django import forms

from frameworks.models import Framework, FrameworkVersion
from reports.coverage import today

KINDS = (("systems", "All AI systems"), ("versions", "All model versions"))
FIRST = "eu-ai-act"
"""The framework shown when none is chosen."""


class CoverageForm(forms.Form):
    """Read from the address, so that a view of coverage can be cited; everything has a default."""

    as_of = forms.DateField(label="Law as of", required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    framework = forms.ChoiceField(label="Framework", required=False)
    of = forms.ChoiceField(label="For", choices=KINDS, required=False)
    named = forms.CharField(label="Whose name contains", required=False, max_length=200)
    known_at = forms.DateField(label="As it was known on", required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    system = forms.UUIDField(required=False, widget=forms.HiddenInput)
    version = forms.UUIDField(required=False, widget=forms.HiddenInput)
    finding = forms.UUIDField(required=False, widget=forms.HiddenInput)
    page = forms.IntegerField(required=False, min_value=1, max_value=100_000, widget=forms.HiddenInput)

    def __init__(self, data: Any, frameworks: list[Framework]) -> None:
        slugs = [row.slug for row in frameworks]
        self.framework_slug = FIRST if FIRST in slugs else next(iter(slugs), "")
        filled = {"as_of": today().isoformat(), "framework": self.framework_slug, "of": KINDS[0][0], "known_at": today().isoformat()}
        super().__init__({**filled, **{key: value for key, value in data.items() if value}})
        chosen: Any = self.fields["framework"]
        chosen.choices = [(row.slug, row.name) for row in frameworks]

    def day(self, name: str) -> datetime.date:
        """A date as chosen, today when the field was left empty."""
        return self.cleaned_data[name] or today()

    def shown(self) -> list[forms.BoundField]:
        """The fields in the bar; which subjects are listed is no question once one is chosen."""
        names = ("as_of", "framework") if self.kept() else ("as_of", "framework", "of", "named")
        return [self[name] for name in names]

    def kept(self) -> list[tuple[str, str]]:
        """The chosen subject, as hidden fields that travel along."""
        return [(name, str(self.data[name])) for name in ("system", "version", "finding") if self.data.get(name)]


class ChangesForm(forms.Form):
    """Two days of knowledge and the day the law is asked about; read from the address, with a default for everything."""

    framework = forms.ChoiceField(label="Framework", required=False)
    known_before = forms.DateField(label="Earlier text, as known on", required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    known_at = forms.DateField(label="Later text, as known on", required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    as_of = forms.DateField(label="Law as of", required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    named = forms.CharField(label="For systems whose name contains", required=False, max_length=200)
    page = forms.IntegerField(required=False, min_value=1, max_value=100_000, widget=forms.HiddenInput)

    def __init__(self, data: Any, frameworks: list[Framework]) -> None:
        slugs = [row.slug for row in frameworks]
        first = FIRST if FIRST in slugs else next(iter(slugs), "")
        given = {key: value for key, value in data.items() if value}
        newest = _newest(given.get("framework", first))
        filled = {"framework": first, "as_of": today().isoformat(), "known_at": today().isoformat(), "known_before": newest.isoformat()}
        super().__init__({**filled, **given})
        chosen: Any = self.fields["framework"]
        chosen.choices = [(row.slug, row.name) for row in frameworks]

    def clean(self) -> dict[str, Any] | None:
        """The earlier day comes first; a day that was read must not lie behind the other."""
        before, after = self.cleaned_data.get("known_before"), self.cleaned_data.get("known_at")
        if before and after and before > after:
            self.add_error("known_before", "Choose a day no later than the one it is held against.")
        return self.cleaned_data


def _newest(framework: str) -> datetime.date:
    """The last day before the newest wording of a framework was known; yesterday when nothing is known of it yet."""
    day = (
        FrameworkVersion.objects.filter(framework__slug=framework, known_from__lte=today()).order_by("-known_from").values_list("known_from", flat=True).first()
    )
    return (day or today()) - datetime.timedelta(days=1)
