# Everything here works on a fresh Debian or Ubuntu with Python 3.11: missing parts are installed first.
SHELL := /bin/bash
.ONESHELL:
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:

export PATH := $(CURDIR)/.venv/bin:$(PATH)

# The system's, even after the virtual environment stands first in PATH.
PYTHON ?= $(shell PATH=$$(echo $$PATH | sed 's|[^:]*/.venv/bin:||g') command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)

APT_RUN := xvfb xterm openbox x11-apps x11-xserver-utils fonts-nanum fonts-dejavu-core tk8.6 libxcb1 libxcb-shm0 libxcb-damage0 libxcb-xfixes0 libxcb-randr0 libxcb-xtest0
APT_TEST := $(APT_RUN) chromium chromium-driver xdotool xclip ffmpeg imagemagick postgresql binutils makeself nsis systemd-container cups printer-driver-cups-pdf gammu

.PHONY: help demo test check web frozen installer bench clean

help:  ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/'

demo: $(VENV)/.agent web/dist/.built  ## the main job, with demo accounts, on a virtual desktop
	tools/apt-need $(APT_RUN)
	exec $(BIN)/python tools/demo.py $(DEMO)

test: $(VENV)/.dev web/dist/.built  ## every test there is
	tools/apt-need $(APT_TEST)
	$(MAKE) --no-print-directory lint
	$(MAKE) --no-print-directory frozen
	cd web && npm test --silent && cd ..
	$(BIN)/python -m pytest tests

check: $(VENV)/.dev web/node_modules/.installed lint  ## the fast half
	cd web && npm test --silent && cd ..
	$(BIN)/python -m pytest tests -m "not slow" -q

.PHONY: lint
lint: $(VENV)/.dev web/node_modules/.installed
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	cd web && npm run --silent check && npm run --silent lint

web: web/dist/.built  ## the web apps

frozen: dist/programs/.built  ## appliance and access program, one file each

installer: dist/installers/.built  ## Linux .run and .deb, Windows set-up, from the frozen programs

bench: $(VENV)/.dev web/dist/.built  ## figures of docs/performance.md
	$(BIN)/python -m bench.relay
	$(BIN)/python -m bench.encode
	$(BIN)/python -m bench.statistics

clean:  ## what was built, not what was installed
	rm -rf build dist web/dist *.egg-info

# --- set-up -----------------------------------------------------------------------------------------------------------

$(VENV)/bin/pip:
	tools/apt-python $(PYTHON)
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install -q --upgrade pip "setuptools>=70"

$(VENV)/.agent: setup.cfg | $(VENV)/bin/pip
	$(BIN)/pip install -q -e ".[server,agent]"
	touch $@

$(VENV)/.dev: setup.cfg | $(VENV)/bin/pip
	$(BIN)/pip install -q -e ".[server,agent,video,postgresql,dev]"
	touch $@ $(VENV)/.agent

web/node_modules/.installed: web/package-lock.json | $(VENV)/bin/pip
	tools/node-need $(VENV)
	cd web && npm ci --silent --no-audit --no-fund
	touch node_modules/.installed

WEB_SOURCES := $(shell find web/src web/public web/*.html web/*.ts -type f 2>/dev/null)

web/dist/.built: web/node_modules/.installed $(WEB_SOURCES)
	cd web && npm run --silent build -- --logLevel warn
	touch dist/.built

FROZEN_SOURCES := tools/freeze tools/parts.py $(shell find agent wizhelper installer/pyinstaller -name '*.py' -o -name '*.spec' 2>/dev/null)

dist/programs/.built: $(VENV)/.dev web/dist/.built $(FROZEN_SOURCES)
	tools/apt-need binutils xvfb
	tools/freeze
	touch $@

INSTALLER_SOURCES := $(wildcard tools/make-*) $(shell find installer -type f 2>/dev/null)

dist/installers/.built: dist/programs/.built $(INSTALLER_SOURCES)
	tools/apt-need makeself nsis
	tools/make-run
	tools/make-deb
	tools/make-nsis
	cd dist/installers && sha256sum setup_* wizhelper*_* > SHA256SUMS && cd ../..
	touch $@
