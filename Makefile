# make run   a pretend company and the whole road from code to app
# make test  everything, real browser, keyring and databases included
# make check the quick part of it
# make bench speed and memory, each with the floor beside it
# NOAPT=1    install no system packages

GO      ?= go
TOOLS   := $(CURDIR)/.cache/bin
LINT    := $(TOOLS)/golangci-lint
LINT_V  := v2.15.0
PROVIDER := cmd/testdata/provider
LDFLAGS := -s -w

.PHONY: run build check test lint bench clean need-run need-test

run: need-run build
	@.ci/demo

build:
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '$(LDFLAGS)' -o bin/ ./cmd/lanyard ./cmd/lanyard-server

check:
	$(GO) vet ./...
	$(GO) test -short ./auth/... ./app/... ./cmd/...

test: need-test lint $(PROVIDER)/node_modules
	$(GO) build ./...
	for os in linux darwin windows; do GOOS=$$os CGO_ENABLED=0 $(GO) vet ./... || exit 1; done
	$(GO) test -race -timeout 20m ./...

lint: $(LINT)
	$(LINT) run ./...

bench: need-test
	$(GO) test -run '^$$' -bench . -benchtime 2s ./auth/... ./app/...
	$(GO) test -run '^$$' -bench . -benchtime 1x -timeout 20m ./cmd/

clean:
	@.ci/demo clean
	rm -rf bin .run .cache $(PROVIDER)/node_modules

need-run:
	@.ci/need run

need-test:
	@.ci/need test

$(LINT):
	GOBIN=$(TOOLS) $(GO) install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(LINT_V)

# An OpenID provider that no one here wrote, with the Node.js it needs.
$(PROVIDER)/node_modules: $(PROVIDER)/package-lock.json
	cd $(PROVIDER) && npm ci --no-audit --no-fund
	@touch $@
