//! The `mxaudit` command. Everything is in the library.

/// A sweep is many small texts in many tasks; this allocator spends a good deal less time on them
/// than the system's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    mxaudit::cli::main()
}
