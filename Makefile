# `make` lists the targets. Everything honours CARGO_TARGET_DIR.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help cargo demo test check bench lint docs generated model

# Options for `foresail demo`, as in `make demo DEMO='--once'`.
DEMO ?=

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

cargo:
	@command -v cargo >/dev/null || { echo "cargo is missing: get it from https://rustup.rs, then run make again" >&2; exit 3; }

demo: cargo ## Build and run the demo: results, then the report in your browser (DEMO='--once' stops after the results)
	cargo run --release --locked --bin foresail -- demo $(DEMO)

model: cargo ## Train the model that is built into the program (commit it when features, training or recordings change)
	cargo xtask model

test: cargo lint docs generated ## Everything that CI runs
	scripts/browser-test
	cargo run --quiet --locked --bin foresail -- bench --recording data --out out/bench-reduced --reduced >/dev/null
	scripts/python-test
	scripts/live-test
	scripts/helm-test
	scripts/test

lint: cargo
	cargo fmt --all --check
	cargo xtask layers
	cargo clippy --workspace --all-targets --all-features --locked -- -D warnings

docs: cargo
	RUSTDOCFLAGS='-D warnings' cargo doc --workspace --all-features --no-deps --locked --quiet

# A generated page that changes was out of date; only in a clone can that be seen.
generated: cargo
	cargo xtask gen
	if git rev-parse --is-inside-work-tree >/dev/null 2>&1; then git diff --exit-code -- docs/cli.md docs/recording.md docs/metrics.md docs/features.md docs/simulated-columns.md docs/config.md docs/rights.md docs/openapi.json charts/foresail/files/permissions.yaml; fi

check: cargo ## Slower checks by hand: licences, spelling, unused dependencies, each crate with its own features alone
	scripts/check

bench: cargo ## Time and memory of a tick by number of pods; tables beside pandas, scikit-learn and LightGBM
	cargo run --release --locked --example tick_cost
	scripts/bench-references
