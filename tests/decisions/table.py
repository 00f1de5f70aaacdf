"""Every row of the table of incident regimes: which facts start each report, and when it is due, worked out by hand."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from decisions.clocks import Facts, Sent

BRUSSELS = ZoneInfo("Europe/Brussels")


def at(text: str, zone: str = "Europe/Brussels") -> datetime:
    """``2028-03-01 10:15`` in ``zone``."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


def facts(role: str, kinds: str, times: dict[str, str], sent: dict[str, str] | None = None, **more: object) -> Facts:
    """Facts with times in Brussels time; several kinds or roles are separated by blanks."""
    known = {name: at(text) for name, text in times.items()}
    rows = tuple(Sent(clock, at(text)) for clock, text in (sent or {}).items())
    return Facts(known, frozenset(kinds.split()), frozenset(role.split()), sent=rows, **more)  # type: ignore[arg-type]


# 1 March 2028 is a Wednesday; Brussels and New York change their clocks on 26 and 12 March.
WEDNESDAY = "2028-03-01 10:15"
AWARE, INVOLVED = {"aware": WEDNESDAY}, {"model_involvement_aware": WEDNESDAY}
AT_ONCE = "at once"

# clock, roles, kinds, times, submissions, due in UTC (or at once), words of its explanation
ROWS: list[tuple[str, str, str, dict[str, str], dict[str, str], str, str]] = [
    ("aia-73-2-initial", "high_risk_provider", "serious_incident", AWARE, {}, "2028-03-16 09:15", "15 days"),
    ("aia-73-3-initial", "high_risk_provider", "critical_infrastructure", AWARE, {}, "2028-03-03 09:15", "2 days"),
    ("aia-73-3-initial", "high_risk_provider", "widespread_infringement", AWARE, {}, "2028-03-03 09:15", "2 days"),
    ("aia-73-4-initial", "high_risk_provider", "death", AWARE, {}, "2028-03-11 09:15", "10 days"),
    ("aia-26-5-initial", "high_risk_deployer", "serious_incident", {"detected": WEDNESDAY}, {}, AT_ONCE, "At once"),
    ("aia-20-2-initial", "high_risk_provider", "presents_risk", AWARE, {}, AT_ONCE, "At once"),
    ("aia-52-1-initial", "gpai_provider", "systemic_risk_threshold", AWARE, {}, "2028-03-15 09:15", "2 weeks"),
    ("aia-55-1c-initial", "gpai_systemic", "serious_incident", AWARE, {}, AT_ONCE, "At once"),
    ("code-9-3-a-initial", "code_signatory", "critical_infrastructure", INVOLVED, {}, "2028-03-03 09:15", "2 days"),
    ("code-9-3-b-initial", "code_signatory", "cyber_breach", INVOLVED, {}, "2028-03-06 09:15", "5 days"),
    ("code-9-3-c-initial", "code_signatory", "death", INVOLVED, {}, "2028-03-11 09:15", "10 days"),
    ("code-9-3-d-initial", "code_signatory", "serious_harm", INVOLVED, {}, "2028-03-16 09:15", "15 days"),
    *(
        (f"code-9-3-{letter}-intermediate", "code_signatory", kind, INVOLVED, {f"code-9-3-{letter}-initial": "2028-03-02 09:00"}, "2028-03-30 07:00", "4 weeks")
        for letter, kind in (("a", "critical_infrastructure"), ("b", "cyber_breach"), ("c", "death"), ("d", "serious_harm"))
    ),
    *(
        (f"code-9-3-{letter}-final", "code_signatory", kind, {"resolved": WEDNESDAY}, {}, "2028-04-30 08:15", "60 days")
        for letter, kind in (("a", "critical_infrastructure"), ("b", "cyber_breach"), ("c", "death"), ("d", "serious_harm"))
    ),
    # 10:15 in Brussels is 01:15 in Los Angeles, and stays 01:15 on its wall after the change on 12 March.
    ("ca-sb53-c1-initial", "frontier_developer", "critical_safety_incident", {"discovered": WEDNESDAY}, {}, "2028-03-16 08:15", "15 days"),
    ("ca-sb53-c2-early", "frontier_developer", "imminent_danger", {"discovered": WEDNESDAY}, {}, "2028-03-02 09:15", "24 hours"),
    ("ny-raise-3a-initial", "frontier_developer", "critical_safety_incident", {"determined": WEDNESDAY}, {}, "2028-03-04 09:15", "72 hours"),
    ("ny-raise-3b-early", "frontier_developer", "imminent_danger", {"discovered": WEDNESDAY}, {}, "2028-03-02 09:15", "24 hours"),
    ("il-sb315-initial", "frontier_developer", "critical_safety_incident", {"reasonable_belief": WEDNESDAY}, {}, "2028-03-04 09:15", "72 hours"),
    ("il-sb315-initial", "frontier_developer", "imminent_danger", {"reasonable_belief": WEDNESDAY}, {}, "2028-03-02 09:15", "Shortened from 72 hours"),
    ("gdpr-33-initial", "controller", "personal_data_breach", AWARE, {}, "2028-03-04 09:15", "72 hours"),
    ("nis2-23-early", "nis2_entity", "significant_incident", AWARE, {}, "2028-03-02 09:15", "24 hours"),
    ("nis2-23-initial", "nis2_entity", "significant_incident", AWARE, {}, "2028-03-04 09:15", "72 hours"),
    ("nis2-23-final", "nis2_entity", "significant_incident", AWARE, {"nis2-23-initial": "2028-03-03 12:00"}, "2028-04-03 10:00", "1 month"),
    ("dora-19-initial", "financial_entity", "ict_incident", {**AWARE, "classified": "2028-03-01 14:00"}, {}, "2028-03-01 17:00", "4 hours"),
    ("dora-19-intermediate", "financial_entity", "ict_incident", AWARE, {"dora-19-initial": "2028-03-06 09:00"}, "2028-03-09 08:00", "72 hours"),
    ("dora-19-final", "financial_entity", "ict_incident", AWARE, {"dora-19-intermediate": "2028-03-09 09:00"}, "2028-04-10 10:00", "1 month"),
    ("cra-14-vulnerability-early", "product_manufacturer", "exploited_vulnerability", AWARE, {}, "2028-03-02 09:15", "24 hours"),
    ("cra-14-vulnerability-initial", "product_manufacturer", "exploited_vulnerability", AWARE, {}, "2028-03-04 09:15", "72 hours"),
    ("cra-14-vulnerability-final", "product_manufacturer", "exploited_vulnerability", {"fixed": WEDNESDAY}, {}, "2028-03-15 09:15", "14 days"),
    ("cra-14-incident-early", "product_manufacturer", "severe_product_incident", AWARE, {}, "2028-03-02 09:15", "24 hours"),
    ("cra-14-incident-initial", "product_manufacturer", "severe_product_incident", AWARE, {}, "2028-03-04 09:15", "72 hours"),
    (
        "cra-14-incident-final",
        "product_manufacturer",
        "severe_product_incident",
        AWARE,
        {"cra-14-incident-initial": "2028-01-31 12:00"},
        "2028-02-29 11:00",
        "1 month",
    ),
    ("nydfs-500-17a-initial", "nydfs_covered_entity", "cybersecurity_incident", {"determined": WEDNESDAY}, {}, "2028-03-04 09:15", "72 hours"),
    ("nydfs-500-17c-initial", "nydfs_covered_entity", "extortion_payment", {"extortion_paid": WEDNESDAY}, {}, "2028-03-02 09:15", "24 hours"),
    ("nydfs-500-17c-final", "nydfs_covered_entity", "extortion_payment", {"extortion_paid": WEDNESDAY}, {}, "2028-03-31 08:15", "30 days"),
    ("us-bank-initial", "us_bank", "notification_incident", {"determined": WEDNESDAY}, {}, "2028-03-02 21:15", "36 hours"),
    ("us-bank-service-provider-initial", "us_bank_service_provider", "bank_service_disruption", {"determined": WEDNESDAY}, {}, AT_ONCE, "At once"),
    ("hipaa-404-initial", "hipaa_covered_entity", "health_data_breach", {"discovered": WEDNESDAY}, {}, "2028-04-30 08:15", "60 days"),
    ("hipaa-408-many-initial", "hipaa_covered_entity", "health_data_breach_500", {"discovered": WEDNESDAY}, {}, "2028-04-30 08:15", "60 days"),
    ("hipaa-408-few-initial", "hipaa_covered_entity", "health_data_breach", {"discovered": WEDNESDAY}, {}, "2029-03-02 04:59", "the end of the year of"),
    ("fda-803-manufacturer-initial", "device_manufacturer", "device_event", AWARE, {}, "2028-03-31 08:15", "30 days"),
    ("fda-803-manufacturer-initial", "device_manufacturer", "urgent_device_event", AWARE, {}, "2028-03-08 09:15", "Shortened from 30 days"),
    ("fda-803-facility-initial", "device_user_facility", "device_event", AWARE, {}, "2028-03-15 08:15", "10 working days"),
]


def utc(text: str) -> datetime:
    """``2028-03-01 10:15`` in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
