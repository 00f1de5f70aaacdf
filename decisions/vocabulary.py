"""The words of incidents: facts that have a time, roles that have duties, and kinds of incident that set them off."""

from collections.abc import Mapping

FACTS: Mapping[str, str] = {
    "occurred": "Occurred",
    "detected": "Detected",
    "aware": "Became aware",
    "model_involvement_aware": "Learned that the model was involved",
    "discovered": "Discovered",
    "reasonable_belief": "Had reasonable belief",
    "determined": "Determined",
    "classified": "Classified as major",
    "causal_link": "Causal link established or likely",
    "fixed": "Fix available",
    "resolved": "Resolved",
    "extortion_paid": "Extortion paid",
}
"""Each is a point in time of its own, because laws start their clocks at different ones."""

ROLES: Mapping[str, str] = {
    "high_risk_provider": "Provider of a high-risk AI system (EU AI Act)",
    "high_risk_deployer": "Deployer of a high-risk AI system (EU AI Act)",
    "gpai_provider": "Provider of a general-purpose model (EU AI Act)",
    "gpai_systemic": "Provider of a general-purpose model with systemic risk (EU AI Act)",
    "code_signatory": "Signatory of the GPAI Code, Safety and Security chapter",
    "frontier_developer": "Frontier developer (California, New York, Illinois)",
    "controller": "Controller of personal data (GDPR)",
    "nis2_entity": "Essential or important entity (NIS2)",
    "financial_entity": "Financial entity (DORA)",
    "dora_bank": "Bank, central counterparty, trading venue or similar (DORA: no weekend rule)",
    "product_manufacturer": "Manufacturer of a product with digital elements (CRA)",
    "nydfs_covered_entity": "Covered entity of the New York Department of Financial Services",
    "us_bank": "US banking organisation",
    "us_bank_service_provider": "Service provider of US banks",
    "hipaa_covered_entity": "Covered entity (HIPAA)",
    "device_manufacturer": "Manufacturer of medical devices (FDA)",
    "device_user_facility": "User facility of medical devices (FDA)",
}

KINDS: Mapping[str, str] = {
    "serious_incident": "Serious incident (AI Act, Art. 3(49))",
    "death": "Death of a person",
    "critical_infrastructure": "Disruption of critical infrastructure",
    "widespread_infringement": "Widespread infringement",
    "serious_harm": "Serious harm to health, rights, property or the environment",
    "cyber_breach": "Serious cybersecurity breach, or model weights taken out",
    "presents_risk": "A high-risk system presents a risk",
    "systemic_risk_threshold": "A model meets the condition for systemic risk, or will",
    "critical_safety_incident": "Critical safety incident (US state laws)",
    "imminent_danger": "Imminent risk of death or serious injury",
    "personal_data_breach": "Personal data breach with a risk to people",
    "significant_incident": "Significant incident (NIS2)",
    "ict_incident": "ICT-related incident (DORA: reported once classified as major)",
    "exploited_vulnerability": "Actively exploited vulnerability in a product",
    "severe_product_incident": "Severe incident with an effect on a product's security",
    "cybersecurity_incident": "Cybersecurity incident (NYDFS)",
    "extortion_payment": "Extortion payment",
    "notification_incident": "Notification incident (US banks)",
    "bank_service_disruption": "Disruption of services to banks for four hours or more",
    "health_data_breach": "Breach of unsecured health information",
    "health_data_breach_500": "Breach of unsecured health information of 500 or more people",
    "device_event": "Reportable device event (FDA)",
    "urgent_device_event": "Device event that needs urgent action against substantial harm (FDA)",
}

STAGES: Mapping[str, str] = {"early": "Early warning", "initial": "Initial report", "intermediate": "Intermediate report", "final": "Final report"}

ZONES: Mapping[str, str] = {
    "Europe/Brussels": "Brussels, Paris, Berlin, Madrid, Rome, Warsaw (central European time)",
    "Europe/Dublin": "Dublin",
    "Europe/Lisbon": "Lisbon",
    "Europe/Helsinki": "Helsinki, Tallinn, Riga, Vilnius",
    "Europe/Athens": "Athens, Nicosia",
    "Europe/Bucharest": "Bucharest, Sofia",
}
"""Where the authorities of EU countries live."""
