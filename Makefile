# make run   a pretend company and the whole road from code to app
# make test  everything, real browser, keyring, panel and databases included
# make check the quick part of it
# make bench speed and memory, each with the floor beside it
# NOAPT=1    install no system packages

GO       ?= go
LINT_V   := v2.15.0
LINT     := .cache/$(LINT_V)/golangci-lint
PROVIDER := cmd/testdata/provider
CLIENT   := cmd/testdata/client
NODE     := $(PROVIDER)/node_modules/.package-lock.json $(CLIENT)/node_modules/.package-lock.json
GLEWLWYD := cmd/testdata/glewlwyd
# No -trimpath: the slow part of Fyne is then compiled once for programs and tests.
FLAGS    := -ldflags '-s -w'
# cgo asks gcc about each of OpenGL's thousands of names with a program that is wrong where
# the name is no type, and gcc ponders for every mistake what name may have been meant:
# five minutes. A name of a header that is not included it knows at once.
export CGO_CFLAGS ?= -O2 -g0 -D__cgo_undefined__2=LDBL_MIN
# Fyne is drawn by one program alone; everything else builds without cgo.
WINDOW   := -tags no_emoji
VETS     := vet-linux vet-darwin vet-windows
NOWINDOW  = $$($(GO) list ./... | grep -v -e /app/window -e /cmd/lanyard-window)

.PHONY: run build window windows check test lint vet $(VETS) bench clean

run:
	@.ci/demo

build:
	CGO_ENABLED=0 $(GO) build $(FLAGS) -o bin/ ./cmd/lanyard ./cmd/lanyard-server

window:
	$(GO) build $(FLAGS) $(WINDOW) -o bin/ ./cmd/lanyard-window

# The Windows programs: console, no console, window.
windows:
	GOOS=windows CGO_ENABLED=0 $(GO) build $(FLAGS) -o bin/windows/lanyard.exe ./cmd/lanyard
	GOOS=windows CGO_ENABLED=0 $(GO) build -ldflags '-s -w -H=windowsgui' -o bin/windows/lanyardw.exe ./cmd/lanyard
	GOOS=windows CGO_ENABLED=1 CC=x86_64-w64-mingw32-gcc $(GO) build -ldflags '-s -w -H=windowsgui' \
		$(WINDOW) -o bin/windows/lanyard-window.exe ./cmd/lanyard-window

check:
	$(GO) vet $(NOWINDOW)
	$(GO) test -short $$($(GO) list ./auth/... ./app/... | grep -v /app/window)

test:
	@.ci/need test
	@# Each keeps about one core busy: with OpenGL's bindings, or with SQLite for its system.
	@$(MAKE) --no-print-directory -j2 -Otarget lint windows $(VETS)
	@$(MAKE) --no-print-directory build window $(NODE) $(GLEWLWYD)
	.ci/tidy $(GO) test $(WINDOW) -timeout 15m ./app/window/... ./cmd/lanyard-window
	.ci/tidy $(GO) test -race -timeout 60m $(NOWINDOW)

vet: $(VETS)

$(VETS): vet-%:
	GOOS=$* CGO_ENABLED=0 $(GO) vet $(NOWINDOW)

lint: $(LINT)
	$(LINT) run ./...

bench:
	@.ci/need test
	.ci/tidy $(GO) test -run '^$$' -bench . -benchtime 2s ./auth/... ./app/agent ./app/tray
	.ci/tidy $(GO) test -run '^$$' -bench . -benchtime 1x -timeout 30m ./cmd/

clean:
	@.ci/demo clean
	rm -rf bin .cache $(PROVIDER)/node_modules $(CLIENT)/node_modules $(GLEWLWYD) $(GLEWLWYD).new

$(LINT):
	GOBIN="$(CURDIR)/$(@D)" $(GO) install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(LINT_V)

# An OpenID provider and an OpenID relying party that no one here wrote; the first brings
# the Node.js that runs both. npm writes this file last.
%/node_modules/.package-lock.json: %/package-lock.json
	@if command -v npm >/dev/null; then cd $* && npm ci --no-audit --no-fund; \
		else echo 'No npm here: what needs $(@D) will be absent.' >&2; fi
	@[ ! -f $@ ] || touch $@

# A provider of another family, in C, as Debian packages it.
$(GLEWLWYD):
	@.ci/unpack $@ glewlwyd dbconfig-no-thanks
