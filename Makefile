# Softphone Doctor. Two commands on a fresh Debian machine:
#   make run    installs what it needs, builds, and opens the window
#   make test   installs the real peers as well and runs everything
# One set of build flags everywhere: another set costs Fyne's four minutes again.

SHELL      := /bin/bash
BIN        := bin/softphone-doctor
SUDO       := $(shell [ "$$(id -u)" = 0 ] || echo sudo)
PACKAGES   := $(shell go list ./... 2>/dev/null | grep -v -e '^softphonedoctor$$' -e /lab$$)
# Real calls in real time: these packages run one after the other, so that the
# machine and not the tests keeps the beat.
REALTIME   := $(filter %/session %/cli %/sipclient %/practice,$(PACKAGES))

# What building needs, what the window's own tests need, and the real peers.
BUILD_DEBS := gcc libc6-dev pkg-config libgl1-mesa-dev xorg-dev libwayland-dev libxkbcommon-dev
TEST_DEBS  := xvfb xauth xdotool imagemagick libgl1-mesa-dri chromium fonts-dejavu-core poppler-utils desktop-file-utils libxml2-utils man-db
PACKAGE_DEBS := binutils-mingw-w64-x86-64 xz-utils $(if $(WINDOWS),gcc-mingw-w64-x86-64)
PEER_DEBS  := kamailio kamailio-extra-modules baresip-core sip-tester tshark tcpdump iproute2 rtpengine-daemon kamailio-tls-modules dnsmasq-base openssl \
              coturn nftables iptables iputils-ping sngrep gnome-keyring dbus linphone-cli
SOUND_DEBS := pulseaudio pulseaudio-utils

.PHONY: package package-test run build cli test lab screens lint bench benchmarks fuzz clean build-deps test-deps

run: build
	@if [ -n "$$DISPLAY$$WAYLAND_DISPLAY" ] || [ "$$(uname)" = Darwin ]; then exec $(BIN); \
	else echo "There is no display here, so the program practises in the terminal."; exec $(BIN) practise; fi

build: build-deps
	go build -o $(BIN) .

# One static binary without the window, also for Windows and macOS.
cli:
	CGO_ENABLED=0 go build -tags nogui -o bin/softphone-doctor-cli .
	CGO_ENABLED=0 GOOS=windows GOARCH=amd64 go build -tags nogui -o bin/softphone-doctor-cli.exe .
	CGO_ENABLED=0 GOOS=darwin GOARCH=arm64 go build -tags nogui -o bin/softphone-doctor-cli-macos .

# dist/: a Debian package, an archive, the command line for Linux, Windows and macOS.
# WINDOWS=1 adds the window for Windows, which takes minutes. docs/packages.md has the rest.
package: build
	@$(call install,$(PACKAGE_DEBS))
	packaging/build.sh

# The package, installed into a fresh root folder, opens its window by its menu entry.
package-test: package test-deps
	packaging/try.sh

test: build-deps test-deps lint build
	go test -race -timeout 15m $(filter-out $(REALTIME),$(PACKAGES))
	go test -race -timeout 15m -p 1 -parallel 5 $(REALTIME)
	go test -timeout 10m . ./sipclient/codec
	go test -short -timeout 10m ./lab

# Every row against real peers.
lab: build test-deps
	go test -timeout 30m -count=1 -v ./lab
	go test -run "^$$" -bench PaceUnderLoad -benchtime 1x ./sipclient/media

# Pictures of every page in both themes, into docs/screens.
screens:
	go test ./app -run '^TestScreens$$' -update

lint:
	@unformatted=$$(gofmt -l $$(git ls-files '*.go')); if [ -n "$$unformatted" ]; then echo "gofmt these: $$unformatted"; exit 1; fi
	go vet ./...
	go tool staticcheck ./...
	go test -count=1 -run '^TestLicences$$' ./docs
	@out=$$(timeout 600 go tool govulncheck ./... 2>&1); status=$$?; case $$status in \
	0) echo "No known vulnerability is reachable." ;; \
	3) echo "$$out"; exit 1 ;; \
	*) echo "Known vulnerabilities: not checked, because the database cannot be read (vuln.go.dev)." ;; esac

# The standard capture of 1,200,000 packets: this program beside tshark and sngrep.
# make benchmarks runs those of the packages.
bench: cli
	@$(call install,tshark sngrep)
	go run ./sipclient/capture/generate/bench -program bin/softphone-doctor-cli

benchmarks:
	go test -run '^$$' -bench . -benchmem $(PACKAGES)

# A short run of every fuzz target, one after the other.
FUZZTIME ?= 10s
fuzz:
	@for p in $(PACKAGES); do for f in $$(go test -list '^Fuzz' $$p | grep ^Fuzz); do \
	echo "$$p $$f"; go test -run '^$$' -fuzz "^$$f$$" -fuzztime $(FUZZTIME) $$p || exit 1; done; done

clean:
	rm -rf bin dist

# Packages are asked for by name and installed only when missing, so that a
# machine that has them needs neither root nor a network.
build-deps:
	@command -v go >/dev/null || { echo "Go is missing: install Go 1.26 or newer (https://go.dev/dl), then run make again."; exit 1; }
	@$(call install,$(BUILD_DEBS))

test-deps:
	@$(call install,$(TEST_DEBS) $(PEER_DEBS) $(SOUND_DEBS))

define install
missing=""; if command -v dpkg-query >/dev/null; then for p in $(1); do \
dpkg-query -W -f '$${Status}' $$p 2>/dev/null | grep -q 'ok installed' || missing="$$missing $$p"; done; fi; \
if [ -n "$$missing" ]; then echo "Installing$$missing"; $(SUDO) apt-get update -qq && \
$(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing >/dev/null; fi
endef
