//! Hides the bundled SQLite inside `causeway-worker`: libgdal brings its own, and two copies
//! with the same symbols would take each other's place and crash on every GeoPackage.
fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rustc-link-arg-bin=causeway-worker=-Wl,--exclude-libs,ALL");
}
