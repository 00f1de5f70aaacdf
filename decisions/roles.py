"""Which duties the register already tells us of: roles that follow from the affected AI systems."""

from collections.abc import Iterable

from inventory.models import AISystem, OurRole, RiskClass

HIGH = frozenset({RiskClass.HIGH_ANNEX_III.value, RiskClass.HIGH_ANNEX_I.value})
OF_MODELS = {OurRole.GPAI_PROVIDER.value: ("gpai_provider",), OurRole.GPAI_SYSTEMIC.value: ("gpai_provider", "gpai_systemic")}
OF_HIGH_RISK = {OurRole.PROVIDER.value: ("high_risk_provider",), OurRole.DEPLOYER.value: ("high_risk_deployer",)}
UNION = "EU"


def roles_of(systems: Iterable[AISystem]) -> set[str]:
    """Roles under the EU AI Act of systems that are used in the EU; other regimes must be chosen by a person."""
    found: set[str] = set()
    for system in systems:
        if system.jurisdiction.strip().upper() != UNION:
            continue
        found.update(OF_MODELS.get(system.our_role, ()))
        if system.risk_class in HIGH:
            found.update(OF_HIGH_RISK.get(system.our_role, ()))
    return found
