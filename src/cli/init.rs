//! `mxaudit init`.

use std::fs::File;
use std::io::{ErrorKind, Write as _};

use jiff::Zoned;

use super::args::InitArgs;
use super::config::template;
use super::exit::{Exit, Failure};
use super::print;

pub(super) fn init(args: &InitArgs) -> Result<Exit, Failure> {
    let path = args.output.display();
    let written = File::create_new(&args.output)
        .and_then(|mut file| file.write_all(template(Zoned::now().date()).as_bytes()));
    match written {
        Ok(()) => print(&format!(
            "wrote {path}: as it stands it permits loopback only; say in it who you are and which \
             networks and domains are yours\n"
        )),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Err(Failure::usage(format!(
            "{path} exists and is left as it is; name another file with --output"
        ))),
        Err(error) => Err(Failure::usage(format!("{path}: cannot be written: {error}"))),
    }
}
