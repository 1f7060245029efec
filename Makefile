# The two commands to begin with: `make demo` and `make test`.
.PHONY: help demo build test test-clients fuzz bench lint deny pictures clean

# Where tests write what they could not run.
SKIPS := $(CURDIR)/target/skipped-tests.txt
LISTEN ?= 127.0.0.1:8080

help:
	@echo "make demo          install, build, take in all layers of this tree, serve them"
	@echo "make test          unit tests, and tests of the real programs"
	@echo "make test-clients  GDAL, QGIS, OWSLib, Chromium and OGC's demands against a running server"
	@echo "make fuzz          some thousand inputs for each fuzz target; docs/testing.md says how to run more"
	@echo "make bench         benchmarks; docs/performance.md says what they mean"
	@echo "make lint          formatting, clippy, licences of dependencies"

build:
	@.ci/install build
	cargo build --release --locked --features worker

demo: build
	target/release/causeway ingest
	target/release/causeway serve --listen $(LISTEN)

# The skipped are counted, because a test that cannot run must not look like one that passed.
test:
	@.ci/install build
	@mkdir -p target && rm -f $(SKIPS) && touch $(SKIPS)
	CAUSEWAY_SKIPS=$(SKIPS) cargo test --all-features --locked
	@echo "skipped for want of shared data: $$(wc -l < $(SKIPS))"; cat $(SKIPS)

test-clients:
	@.ci/install build
	cargo build --locked --features worker
	CAUSEWAY=$(CURDIR)/target/debug/causeway tests/clients/run --install

fuzz:
	@.ci/install build
	fuzz/run

# The picture of QGIS in the README, drawn by QGIS itself.
pictures:
	CAUSEWAY=$(CURDIR)/target/debug/causeway tests/clients/run --install --pictures docs/pictures qgis

bench:
	@.ci/install build
	cargo build --release --locked --features worker
	cargo bench --locked --features worker

lint: deny
	cargo fmt --check
	cargo clippy --all-features --all-targets --locked -- -D warnings

# The list of known vulnerabilities lies on another host, so `cargo deny check advisories` is for
# machines that reach it; what is checked here needs nothing but this tree.
deny:
	@command -v cargo-deny >/dev/null || cargo install --quiet --locked cargo-deny
	cargo deny --all-features check --hide-inclusion-graph bans licenses sources

clean:
	cargo clean
	rm -rf data
