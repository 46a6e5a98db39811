# SPDX-License-Identifier: MIT
# The command ends up at build/zarrc; every other kind of build has its own folder below build/. See CMakePresets.json.

PREFIX = /usr/local
JOBS =
TALLY = python3 scripts/tally
CTEST = ctest --output-on-failure --no-tests=error
SOURCES = $(wildcard include/zarrc/*.h src/*/*.[ch] cli/*.[ch] examples/*.c fuzz/*.[ch] bench/*.[ch] tests/*/*.[ch])

# $(call build,PRESET): configured once, then kept up to date by ninja.
define build
@mkdir -p build
@cmake --preset $(1) >build/$(1).log 2>&1 || { cat build/$(1).log; exit 1; }
@cmake --build --preset $(1) $(if $(JOBS),-j $(JOBS))
endef

.PHONY: all demo test check install bench fuzz coverage clean format tidy help \
  check-format check-layers check-symbols check-headers unit asan tsan clang interop install-test

all:
	$(call build,release)

install: all
	cmake --install build --prefix $(PREFIX)

demo: all
	sh examples/demo.sh build/zarrc

# ------------------------------------------------------------------------------------------------------- checks
check: check-format check-layers unit check-symbols check-headers

check-format:
	clang-format --dry-run -Werror $(SOURCES)

check-layers:
	python3 scripts/check_layers

check-symbols:
	python3 scripts/check_symbols build/dev

check-headers:
	python3 scripts/check_headers

format:
	clang-format -i $(SOURCES)

tidy:
	$(call build,dev)
	clang-tidy --quiet -p build/dev $(filter src/%.c cli/%.c,$(SOURCES))

# -------------------------------------------------------------------------------------------------------- tests
unit:
	$(call build,dev)
	cd build/dev && $(CTEST)

asan tsan clang:
	$(call build,$@)
	$(CTEST) --preset $@

install-test: all
	sh tests/install/test_install.sh build

interop: all build/venv/ready
	ZARRC=$(CURDIR)/build/zarrc build/venv/bin/python -m pytest -q tests/interop

build/venv/ready: tests/interop/requirements.txt
	python3 -m venv build/venv
	build/venv/bin/python -m pip install -q -r tests/interop/requirements.txt
	touch $@

test:
	@$(TALLY) start
	@$(TALLY) run check -- $(MAKE) check
	@$(TALLY) run asan -- $(MAKE) asan
	@$(TALLY) run tsan -- $(MAKE) tsan
	@$(TALLY) run clang -- $(MAKE) clang
	@$(TALLY) run install -- $(MAKE) install-test
	@$(TALLY) run interop -- $(MAKE) interop
	@$(TALLY) run demo -- $(MAKE) demo
	@$(TALLY) report

# ------------------------------------------------------------------------------------------------ by hand only
clean:
	rm -rf build
