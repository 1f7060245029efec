//! Says which symbols of `causeway-worker` libgdal may see: the allocator's, and not those of the
//! bundled SQLite, because libgdal brings its own, and two copies with the same symbols would take
//! each other's place and crash on every GeoPackage.
fn main() {
    const EXPORTS: &str = "src/bin/worker/exports.map";
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed={EXPORTS}");
    let tree = std::env::var("CARGO_MANIFEST_DIR").unwrap_or_default();
    println!("cargo:rustc-link-arg-bin=causeway-worker=-Wl,--version-script={tree}/{EXPORTS}");
}
