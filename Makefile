# Weir. `make help` lists the targets.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

STATICCHECK_VERSION := v0.8.2
GOFUMPT_VERSION := v0.12.0
TOOLS := $(CURDIR)/.cache/bin
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
GOFLAGS_BUILD := -trimpath -ldflags "-s -w -X main.version=$(VERSION)"
WEB_SOURCES := $(shell find web -path web/node_modules -prune -o -path web/dist -prune -o -type f -print)
FUZZTIME ?= 30s

.PHONY: help run build test test-go test-web lint bench bench-serving bench-ingest bench-start bench-vod bench-windows players chaos partition explore fuzz clean packages FORCE

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: build ## build all, then serve the demo channel and the player page at http://localhost:8080/
	bin/weir serve

build: bin/weir ## bin/weir, with the player page in it

bin/weir: web/dist/index.html FORCE
	go build $(GOFLAGS_BUILD) -o $@ ./cmd/weir

web/node_modules/.package-lock.json: web/package-lock.json web/package.json
	cd web && npm ci --no-audit --no-fund --loglevel=error
	touch $@

web/dist/index.html: web/node_modules/.package-lock.json $(WEB_SOURCES)
	cd web && npm run --silent build

packages: # what the tests drive: broadcasters, players, a browser, a schema validator
	.ci/packages

test: packages test-web test-go ## set up all that is needed and run all tests

test-web: web/dist/index.html
	cd web && npm test --silent

# Packages with property tests: `make test` draws the same cases each time, `make explore` draws others.
DRAWN = go list -test -f '{{if eq .Name "main"}}{{range .Deps}}{{if eq . "pgregory.net/rapid"}}{{$$.ImportPath}}{{"\n"}}{{end}}{{end}}{{end}}' ./... | sed -n 's/\.test$$//p'

# Many tests wait, for a sender in real time or for a silence to be noticed: more of them at once than there are processors.
OVERLAPPED = -p 3 -parallel 4

test-go: web/dist/index.html
	drawn=$$($(DRAWN)); \
	go test -race $(OVERLAPPED) $$(go list ./... | grep -v internal/e2e | grep -vxF "$$drawn") && \
	go test -race $(OVERLAPPED) $$drawn -args -rapid.seed=1
	go test -race -timeout 55m -parallel 3 ./internal/e2e # alone: players in a browser need the processors

lint: web/dist/index.html $(TOOLS)/staticcheck-$(STATICCHECK_VERSION) $(TOOLS)/gofumpt-$(GOFUMPT_VERSION) ## go vet, staticcheck, gofumpt, go mod tidy
	go vet ./...
	$(TOOLS)/staticcheck-$(STATICCHECK_VERSION) ./...
	@unformatted=$$($(TOOLS)/gofumpt-$(GOFUMPT_VERSION) -l $$(git ls-files '*.go')); \
	if [ -n "$$unformatted" ]; then echo "not gofumpt'd:"; echo "$$unformatted"; exit 1; fi
	go mod tidy -diff

$(TOOLS)/staticcheck-$(STATICCHECK_VERSION):
	GOBIN=$(TOOLS) go install honnef.co/go/tools/cmd/staticcheck@$(STATICCHECK_VERSION)
	mv $(TOOLS)/staticcheck $@

$(TOOLS)/gofumpt-$(GOFUMPT_VERSION):
	GOBIN=$(TOOLS) go install mvdan.cc/gofumpt@$(GOFUMPT_VERSION)
	mv $(TOOLS)/gofumpt $@

bench: web/dist/index.html ## benchmarks: of the parts, then of the whole program against nginx and nginx-rtmp where they are installed
	go test -run '^$$' -bench . -benchmem $$(go list ./... | grep -v internal/e2e)
	go test -run '^$$' -bench . -timeout 30m ./internal/e2e

bench-serving: web/dist/index.html ## what it costs to serve playlists and segments, against nginx and, where it is installed, Varnish
	go test -run '^$$' -bench '^BenchmarkServing$$' -benchtime 1x -v -timeout 30m ./internal/e2e

bench-ingest: web/dist/index.html ## CPU seconds a gigabyte of RTMP, SRT, MPEG-TS and CMAF coming in, against ffmpeg that writes HLS from the same feeds
	go test -run '^$$' -bench '^BenchmarkIngest$$' -benchtime 1x -v -timeout 30m ./internal/e2e

bench-vod: web/dist/index.html ## files on demand: what segments cost cold and warm, against nginx and ffmpeg; many players of many assets; how soon a film begins
	go test -run '^$$' -bench '^BenchmarkVOD' -benchtime 1x -v -timeout 30m ./internal/e2e

bench-windows: web/dist/index.html ## how soon an edge serves a window that is there: 1 GB, and WEIR_DEEP (24h) with little memory; what 500 channels cost
	go test -run '^$$' -bench '^Benchmark(Window|Channels)$$' -benchtime 1x -v -timeout 40m ./internal/e2e

bench-start: web/dist/index.html ## how soon a track sounds in a browser, and what is heard between two tracks of an album
	go test -run '^$$' -bench '^BenchmarkStart$$' -benchtime 1x -v -timeout 30m ./internal/e2e

players: web/dist/index.html ## every file of ../shared/media in every player: browser, ffmpeg, GStreamer (`make test` has each in one of the browser's)
	WEIR_PLAYERS=all go test -run '^TestEveryFilePlays$$' -count=1 -v -timeout 40m ./internal/e2e

CHAOS ?= 30
chaos: web/dist/index.html ## a cluster of processes that are killed and paused, CHAOS times (30) or CHAOS=TIMES,SEED, with a ledger of every sample
	WEIR_CHAOS=$(CHAOS) go test -run '^TestCluster' -count=1 -v -timeout 60m ./internal/e2e

partition: web/dist/index.html ## as root: a cluster in network namespaces, cut in two in three ways, and with the writer cut off, with the same ledger
	WEIR_NETNS=1 go test -run '^TestPartition(ByNamespaces|CutsTheWriterOff)$$' -count=1 -v -timeout 30m ./internal/e2e

explore: web/dist/index.html ## property tests, with cases that were not drawn before
	go test -race -count=1 $$($(DRAWN))

fuzz: web/dist/index.html ## every fuzz target for FUZZTIME (30s); new inputs stay in testdata/fuzz
	@for package in $$(go list ./...); do \
	  for target in $$(go test -list '^Fuzz' $$package | grep '^Fuzz' || true); do \
	    echo "$$package $$target"; \
	    go test -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 5x $$package; \
	  done; \
	done

clean: ## remove what was built, downloaded and recorded
	rm -rf bin .cache web/node_modules data
	find web/dist -mindepth 1 ! -name .gitkeep -delete
