//! Postfix: `main.cf`, what `postconf -n` prints, and the overrides in `master.cf`.

mod expand;
mod master;
mod postscreen;
mod restrictions;
mod syntax;

use super::filter::{Accepted, Filter};
use super::octets::Octets;
use super::reading::{Reading, mentions_lists};
use super::{ConfiguredZone, NoteKind};
use expand::Expander;
use restrictions::Restrictions;
use syntax::Parameter;

pub(super) use master::read_master;

/// The parameters whose value is a list of restrictions.
const RESTRICTIONS: [&str; 8] = [
    "smtpd_client_restrictions",
    "smtpd_helo_restrictions",
    "smtpd_sender_restrictions",
    "smtpd_relay_restrictions",
    "smtpd_recipient_restrictions",
    "smtpd_data_restrictions",
    "smtpd_end_of_data_restrictions",
    "smtpd_etrn_restrictions",
];

/// Parameters that have a word for lists in their name or value and name none.
const WITHOUT_ZONES: [&str; 5] = [
    "default_rbl_reply",
    "maps_rbl_reject_code",
    "rbl_reply_maps",
    "smtpd_restriction_classes",
    "maps_rbl_domains",
];

/// Reads a `main.cf`.
pub(super) fn read_main(text: &str, reading: &mut Reading) {
    let parameters = syntax::parameters(text, reading);
    read_parameters(&parameters, reading);
}

/// Reads parameters of one origin: those of a main.cf, or the overrides of one service.
fn read_parameters(parameters: &[Parameter], reading: &mut Reading) {
    let mut expander = Expander::new(parameters, reading);
    let mut restrictions = Restrictions::new(&mut expander, reading);
    for parameter in parameters {
        if RESTRICTIONS.contains(&parameter.setting()) {
            restrictions.read(parameter);
        }
    }
    restrictions.read_unreferenced_classes();
    restrictions.read_old_domains();
    postscreen::read(parameters, &mut expander, reading);
    if expander.is_exhausted() {
        let line = parameters.first().map_or(1, |parameter| parameter.line);
        reading.not_followed(
            line,
            "$",
            "the parameters refer to each other too often to be followed",
        );
    }
    for parameter in parameters {
        let setting = parameter.setting();
        let known = WITHOUT_ZONES.contains(&setting) || setting.starts_with("postscreen_");
        if !known && !expander.has_used(parameter) && mentions_lists(&parameter.text()) {
            reading.not_followed(
                parameter.line,
                &parameter.text(),
                format!(
                    "`{}` names lists, and nothing in this file uses it; give the other file too",
                    parameter.name
                ),
            );
        }
    }
}

/// Splits `zone=filter`, puts the filter into the zone, and notes what Postfix could not read either.
fn set_filter(zone: &mut ConfiguredZone, text: &str, reading: &mut Reading) {
    match Octets::postfix(text) {
        Ok(octets) => zone.filter = Some(Filter::any(vec![Accepted::Octets(octets)], text)),
        Err(fault) => {
            zone.unread_filter = Some(text.to_owned());
            let message = format!("the filter `{text}` of {} cannot be read: {fault}", zone.zone);
            reading.note(NoteKind::NotFollowed, zone.line, text, message);
        }
    }
}
