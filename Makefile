GO   ?= go
TOOL  = $(GO) tool -modfile=.ci/tools.mod

# How much faster than life the world's time runs in make practice.
SPEED ?= 20

.DEFAULT_GOAL := help

.PHONY: help
help: ## list what can be made
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "%-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: practice
practice: ## learn the procedure on the simulated world (SPEED=1 is life, SCENARIO=thursday is another day)
	@$(GO) run . practice --speed $(SPEED) $(SCENARIO)

.PHONY: test
test: ## run all tests
	$(GO) test ./...

.PHONY: race
race: ## run all tests under the race detector
	$(GO) test -race -p 2 ./...

.PHONY: bench
bench: ## run the benchmarks
	$(GO) test -run '^$$' -bench . -benchmem ./...

.PHONY: shots
shots: ## draw the pictures of the README anew, from drills that are played
	$(GO) test -count 1 -run TestShots ./ui/cli -shots $(CURDIR)/ui/shots

.PHONY: build
build: ## build bin/sop
	CGO_ENABLED=0 $(GO) build -trimpath -o bin/sop .

.PHONY: format
format: ## format the code
	$(TOOL) gofumpt -w .

.PHONY: lint
lint: formatted tidy reachable ## look for what is wrong without running anything
	$(TOOL) golangci-lint run

# The sums hold the modules for every platform; a difference means that a dependency was added or dropped by hand.
.PHONY: tidy
tidy:
	$(GO) mod tidy -diff

.PHONY: formatted
formatted:
	@files="$$($(TOOL) gofumpt -l .)" && test -z "$$files" || { echo "make format would change:"; echo "$$files"; exit 1; }

# What no command and no test reaches is dead, but for the method that only marks a type.
.PHONY: reachable
reachable:
	@all="$$($(TOOL) deadcode -test ./...)" || exit 1; \
		dead="$$(echo "$$all" | grep -v 'unreachable func: unrecorded.volatile$$')"; \
		test -z "$$dead" || { echo "nothing uses:"; echo "$$dead"; exit 1; }
