# `make run` shows starjack at work, `make test` proves it; both set up what they need, or name it.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.SUFFIXES:
MAKEFLAGS += --no-print-directory --no-builtin-rules
# rustup's folder, where the login shell does not name it
export PATH := $(PATH):$(HOME)/.cargo/bin

# one test: make test T=NAME
T ?=
# how long a soak, a wedge or the fuzzing of a reader takes, and the seed of a soak: make soak SECONDS=600 SEED=7
SECONDS ?= 60
SEED ?=
# how many lives of orders a simulation lives, from SEED on: make sim SEEDS=2000
SEEDS ?= $(or $(seeds),2000)
# how many states of each world the model explores at most: make model STATES=1000000
STATES ?= 150000
# which moments, stories or outcomes of the crash matrix are played alone
ONLY ?=
# how often each lie of a supplier is told: make attack TIMES=100
TIMES ?= 20
# how many people log in while a stranger floods log-ins: make attack LOG_INS=300
LOG_INS ?= 1000
# how many generated requests a call gets: make schemathesis REQUESTS=500
REQUESTS ?= 100

.PHONY: help run test check production sbom crash-matrix model sim soak wedge fleet fuzz schemathesis attack fmt bless entity released

help: ## shows this list
	@sed -En 's/^([a-z-]+):[^#]*## (.*)/  make \1	\2/p' $(MAKEFILE_LIST) | expand -t 21

run: ## starts the demonstration: every supplier simulated, one basket buys itself (ends with Ctrl-C)
	@scripts/prepare run
	@exec cargo run --locked --bin starjack -- demo --buy

test: ## runs every test, with a PostgreSQL and a Redis of its own, as CI does (one: T=NAME)
	@scripts/prepare test
	@if [ -n "$(T)" ]; then exec scripts/released scripts/with_servers scripts/tests all "$(T)"; else exec scripts/whole; fi

check: ## before a commit: format, lints, crates, and the tests that need no server
	@scripts/prepare check
	@cargo fmt --all --check
	@cargo clippy --locked --workspace --all-targets -- -D warnings
	@cargo clippy --locked --no-default-features --bin starjack -- -D warnings
	@scripts/deny
	@scripts/tests fast "$(T)"

production: ## builds the program that production runs, without demonstration and faults: target/release/starjack
	@scripts/prepare production
	@scripts/production release

sbom: ## lists every crate of it for those who look for known faults: target/starjack.cdx.json
	@scripts/prepare sbom
	@scripts/sbom

fuzz: ## feeds the readers of hostile input, guided by coverage (SECONDS=60 each)
	@scripts/prepare fuzz
	@exec scripts/fuzz $(SECONDS)

schemathesis: ## sends generated requests to everything that openapi.json describes (REQUESTS=100 a call)
	@scripts/prepare schemathesis
	@exec scripts/schemathesis $(REQUESTS)

crash-matrix: ## kills the server at every commit and every call of an order, and prints what became of it (ONLY="issue: not sent")
	@scripts/prepare test
	@export STARJACK_CRASH_MATRIX=full STARJACK_CRASH_ONLY="$(ONLY)" && exec scripts/with_servers scripts/tests long crash::

model: ## tries every interleaving of one order, then with one rule off at a time (STATES=150000 a world)
	@scripts/prepare check
	@export STARJACK_MODEL_STATES=$(STATES) && exec scripts/tests model

sim: ## lives whole orders under random faults, then with one rule off at a time (SEEDS=2000, SEED=n is the first)
	@scripts/prepare check
	@export STARJACK_SIMULATION_SEEDS=$(SEEDS) STARJACK_SEED=$(or $(SEED),1) && exec scripts/tests sim

soak: ## breaks actors at random beside neighbours that must not notice (SECONDS=60, SEED=n repeats it)
	@scripts/prepare test
	@export STARJACK_SOAK_SECONDS=$(SECONDS) STARJACK_SEED=$(SEED) && exec scripts/with_servers scripts/tests long soak::whatever_breaks::postgres

wedge: ## blocks one operator's thread while others buy elsewhere, and prints what they feel of it (SECONDS=60)
	@scripts/prepare test
	@export STARJACK_WEDGE_SECONDS=$(SECONDS) && exec scripts/with_servers scripts/tests long wedged::

fleet: ## kills three replicas in turn under load, restarts Redis and PostgreSQL, and counts every cent (SECONDS=60)
	@scripts/prepare test
	@export STARJACK_FLEET_SECONDS=$(SECONDS) && exec scripts/with_servers scripts/tests long fleet::long::

attack: ## lets suppliers lie and strangers flood log-ins, and prints what it costs others (TIMES=20 each, LOG_INS=1000)
	@scripts/prepare check
	@export STARJACK_ATTACK_TIMES=$(TIMES) && scripts/tests long no_answer_to_the_client
	@export STARJACK_ATTACK_LOG_INS=$(LOG_INS) && exec scripts/tests long flooded::

fmt: ## formats all code
	@scripts/prepare check
	@cargo fmt --all

bless: ## writes openapi.json and the tables of ARCHITECTURE.md anew from the code
	@scripts/prepare run
	@BLESS=1 scripts/tests bless ""
	@git status --short

entity: ## writes entity/src anew from a migrated PostgreSQL
	@scripts/prepare entity
	@scripts/with_servers scripts/entities

released: ## keeps this commit as the version that the next one must be able to run beside
	@scripts/prepare run
	@RELEASE=$$(git rev-parse HEAD) cargo test --locked --test house_rules expansion::the_schema
	@git status --short
