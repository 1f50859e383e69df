//! The `mxaudit` command. Everything is in the library.

fn main() -> std::process::ExitCode {
    mxaudit::cli::main()
}
