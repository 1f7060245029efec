//! The one place that decides.

use super::{Action, Audience, Caller, PermittedLayer, Subject};
use crate::base::Class;

/// The rules in force. Open layers may be read by everybody; what is not open is denied until
/// identities and grants exist.
#[derive(Clone, Debug, Default)]
pub struct Policy {}

/// A denial. It does not say why: to the public a layer that may not be read is not there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no layer \"{layer}\" that this caller may read")]
pub struct Denied {
    pub layer: crate::base::LayerId,
}

impl Policy {
    pub fn decide(&self, caller: &Caller, subject: Subject<'_>, action: Action) -> Result<PermittedLayer, Denied> {
        let audience = match (caller, subject.class) {
            (Caller::Operator, _) => Audience("operator"),
            (Caller::Public, Class::Open) => Audience("public"),
            (Caller::Public, Class::Registered | Class::Restricted) => {
                return Err(Denied { layer: subject.layer.clone() });
            }
        };
        Ok(PermittedLayer { layer: subject.layer.clone(), action, audience })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_public_reads_open_layers_and_nothing_else() {
        let layer = "lcsd-libraries".parse().unwrap();
        for (caller, class, allowed) in [
            (Caller::Public, Class::Open, true),
            (Caller::Public, Class::Registered, false),
            (Caller::Public, Class::Restricted, false),
            (Caller::Operator, Class::Restricted, true),
        ] {
            let subject = Subject { layer: &layer, class };
            let decision = Policy::default().decide(&caller, subject, Action::ReadFeatures);
            assert_eq!(decision.is_ok(), allowed, "{caller:?} {class:?}");
        }
    }
}
