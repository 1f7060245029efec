//! The same facts in the codes of each standard.

use crate::definition::Frequency;

/// ISO 19115 `MD_MaintenanceFrequencyCode`.
pub fn iso_frequency(frequency: Frequency) -> &'static str {
    match frequency {
        Frequency::Continual => "continual",
        Frequency::Daily => "daily",
        Frequency::Weekly => "weekly",
        Frequency::Monthly => "monthly",
        Frequency::Quarterly => "quarterly",
        Frequency::Annually => "annually",
        Frequency::AsNeeded => "asNeeded",
        Frequency::NotPlanned => "notPlanned",
        Frequency::Unknown => "unknown",
    }
}

/// The EU's frequency vocabulary, which DCAT-AP asks for.
pub fn eu_frequency(frequency: Frequency) -> String {
    let code = match frequency {
        Frequency::Continual => "CONT",
        Frequency::Daily => "DAILY",
        Frequency::Weekly => "WEEKLY",
        Frequency::Monthly => "MONTHLY",
        Frequency::Quarterly => "QUARTERLY",
        Frequency::Annually => "ANNUAL",
        Frequency::AsNeeded => "IRREG",
        Frequency::NotPlanned => "NEVER",
        Frequency::Unknown => "UNKNOWN",
    };
    format!("http://publications.europa.eu/resource/authority/frequency/{code}")
}

/// ISO 8601 repeating duration, as DCAT-US writes it; `None` where there is no rhythm.
pub fn iso8601_frequency(frequency: Frequency) -> Option<&'static str> {
    match frequency {
        Frequency::Continual => Some("R/PT1S"),
        Frequency::Daily => Some("R/P1D"),
        Frequency::Weekly => Some("R/P1W"),
        Frequency::Monthly => Some("R/P1M"),
        Frequency::Quarterly => Some("R/P3M"),
        Frequency::Annually => Some("R/P1Y"),
        Frequency::AsNeeded => Some("irregular"),
        Frequency::NotPlanned | Frequency::Unknown => None,
    }
}

/// The English name of a concept of the EU's data themes, by its address.
pub fn eu_theme_name(address: &str) -> &'static str {
    const NAMES: [(&str, &str); 13] = [
        ("AGRI", "Agriculture, fisheries, forestry and food"),
        ("ECON", "Economy and finance"),
        ("EDUC", "Education, culture and sport"),
        ("ENER", "Energy"),
        ("ENVI", "Environment"),
        ("GOVE", "Government and public sector"),
        ("HEAL", "Health"),
        ("INTR", "International issues"),
        ("JUST", "Justice, legal system and public safety"),
        ("REGI", "Regions and cities"),
        ("SOCI", "Population and society"),
        ("TECH", "Science and technology"),
        ("TRAN", "Transport"),
    ];
    let code = address.rsplit('/').next().unwrap_or_default();
    NAMES.iter().find(|(known, _)| *known == code).map_or("Other", |(_, name)| name)
}
