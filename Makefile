# Every target says what it does: make help.
GO       ?= go
GOLANGCI := v2.12.2
ACTIONLINT := v1.7.7
TOOLS    := $(CURDIR)/.tools/bin
FUZZTIME ?= 30s

.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 16

.PHONY: check
check: fmt vet lint test ## fast, and offline once the linter is installed

.PHONY: ci
ci: contract-deps browser-deps lint-tool fmt vet lint test-whole test-race oracle clean-tree ## what CI runs: everything

.PHONY: fmt
fmt: ## fail on files that gofmt would change
	@out=$$(gofmt -l $$(git ls-files '*.go')); test -z "$$out" || { echo "gofmt -w these:"; echo "$$out"; exit 1; }

.PHONY: vet
vet: ## go vet
	$(GO) vet ./...

.PHONY: lint-tool
lint-tool: $(TOOLS)/golangci-lint-$(GOLANGCI) $(TOOLS)/actionlint-$(ACTIONLINT) ## install the pinned linters
$(TOOLS)/golangci-lint-$(GOLANGCI):
	@mkdir -p $(TOOLS)
	GOBIN=$(TOOLS) GOFLAGS=-mod=mod $(GO) install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI)
	mv $(TOOLS)/golangci-lint $@

$(TOOLS)/actionlint-$(ACTIONLINT):
	@mkdir -p $(TOOLS)
	GOBIN=$(TOOLS) GOFLAGS=-mod=mod $(GO) install github.com/rhysd/actionlint/cmd/actionlint@$(ACTIONLINT)
	mv $(TOOLS)/actionlint $@

.PHONY: lint
lint: lint-tool ## golangci-lint, and actionlint for workflows, examples and the action
	@# Without the programs that it would call where a machine has them, for then machines differ.
	$(TOOLS)/actionlint-$(ACTIONLINT) -shellcheck= -pyflakes= .github/workflows/*.yml docs/examples/*.yml
	@for f in .github/action/*.sh; do bash -n $$f || exit 1; done
	@# A cache of its own: a shared one remembers other checkouts' paths, and exclusions by path then miss.
	GOLANGCI_LINT_CACHE=$(TOOLS)/../lint-cache $(TOOLS)/golangci-lint-$(GOLANGCI) run ./...

.PHONY: test
test: ## all tests but the oracle's downloads
	$(GO) test -short ./...

.PHONY: soak
soak: ## 500 runs with random changes and faults; SOAK=n for others, SEED=n to repeat one
	$(GO) test ./cmd/bot -run '^TestSoak$$' -count=1 -v -timeout 60m -soak $(or $(SOAK),500) -soak.seed $(or $(SEED),0)

.PHONY: test-race
test-race: ## race detector, random order: all packages in which anything goes on at once, and of the program the runs in which most does
	$(GO) test -race -shuffle=on -timeout 30m $$($(GO) list ./... | grep -v -E '/cmd/bot$$|/internal/($(PURE))$$')
	$(GO) test -race -shuffle=on -short -timeout 30m -run '$(RACED)' ./cmd/bot

# In these nothing is started and nothing is shared (internal/archtest holds them to that), so there is nothing to detect.
PURE := usage|insight|gate|kep|changelog|cycle|docpage|feed|snapshot|diff|trace|report

# The rest of the program's tests are one command after another; they run without the race detector (test-whole), and with
# it by: go test -race ./cmd/bot
RACED := ^Test(OneIssue|KilledAnywhere$$|FaultMatrix$$|Serve|ADay|Interrupted|Lock|Recorded|RequestsOfAllSources|Soak|Weeks|Milestones|BranchTells|Several|Docs|Manifests|Doctor)

.PHONY: test-whole
test-whole: ## all tests in random order, with their tables whole, of which the race detector takes a sample
	$(GO) test -shuffle=on -timeout 40m ./cmd/... ./internal/...

.PHONY: crash
crash: ## the crash tables and fault matrices whole: the program killed at each of its requests and writes, each call failing
	$(GO) test ./cmd/bot -run '^(TestKilledAnywhere|TestFaultMatrix)' -count=1 -v -timeout 60m -crash.all

.PHONY: contract-deps
contract-deps: test/contract/node_modules/.installed ## install GitHub's own descriptions for the contract test
test/contract/node_modules/.installed: test/contract/package-lock.json
	cd test/contract && npm ci --ignore-scripts --no-audit --no-fund && touch node_modules/.installed

.PHONY: browser-deps
browser-deps: test/browser/node_modules/.installed ## install what the test of the service's pages in Chromium needs
test/browser/node_modules/.installed: test/browser/package-lock.json
	cd test/browser && npm ci --ignore-scripts --no-audit --no-fund && touch node_modules/.installed

.PHONY: screenshots
screenshots: browser-deps ## the service's pages as Chromium shows them, into out/
	@mkdir -p out
	$(GO) test ./cmd/bot -run '^TestPagesInABrowser$$' -count=1 -v -screenshots $(CURDIR)/out

.PHONY: oracle
oracle: ## static parse against eight releases' own registries
	$(GO) test -count=1 -v -run 'TestParseEqualsRegistry|TestAnswersAreWhole' ./test/oracle

.PHONY: update-oracle
update-oracle: ## ask the registries of the pinned releases anew (about a minute)
	$(GO) run ./test/oracle/cmd/update

.PHONY: real
real: ## four real digests from the real modules, against the stand-in
	$(GO) run ./test/real

.PHONY: data
data: ## put a release into the embedded table: MIRROR=/srv/mirrors/kubernetes.git RELEASE=v1.37; then make update
	$(GO) run ./internal/facts/renew -mirror '$(MIRROR)' -release '$(RELEASE)'

.PHONY: update
update: ## write golden files and generated documents anew; then read the diff
	$(GO) test ./internal/... ./cmd/... -update

.PHONY: bench
bench: ## benchmarks, readable by benchstat
	$(GO) test -run '^$$' -bench . -benchmem -count=$(or $(COUNT),6) ./internal/... ./cmd/... | tee bench.new

.PHONY: fuzz
fuzz: ## each fuzz target for FUZZTIME
	@for p in $$($(GO) list ./...); do \
	  for f in $$($(GO) test -list '^Fuzz' $$p | grep '^Fuzz'); do \
	    $(GO) test -run '^$$' -fuzz "^$$f\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 20x $$p || exit 1; done; done

.PHONY: clean-tree
clean-tree: ## fail when the tests left the work tree changed
	git diff --exit-code
