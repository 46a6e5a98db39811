# SPDX-License-Identifier: MIT
# The command ends up at build/zarrc; every other kind of build has its own folder below build/. See CMakePresets.json.

MAKEFLAGS += --no-print-directory
PREFIX = /usr/local
JOBS =
FUZZ_SECONDS = 60
BENCH = whole
TALLY = python3 scripts/tally
CTEST = ctest -j $(shell nproc) --output-on-failure --no-tests=error
SOURCES = $(wildcard include/zarrc/*.h include/zarrc/plugin/*.h src/*/*.[ch] cli/*.[ch] examples/*.c fuzz/*.[ch] bench/*.[ch] tests/*/*.[ch])

# $(call build,PRESET): configured once, then kept up to date by ninja.
define build
@mkdir -p build
@cmake --preset $(1) $(WARNINGS) >build/$(1).log 2>&1 || { cat build/$(1).log; exit 1; }
@cmake --build --preset $(1) $(if $(JOBS),-j $(JOBS)) -- --quiet
endef

.PHONY: all demo test check install bench bench-remote nightly fuzz coverage clean format tidy help \
  python test-python test-python-tsan test-wheel test-xarray test-zarr check-format check-layers check-codec-table check-symbols check-headers unit asan tsan clang nightly-property nightly-kill interop install-test cross

all:
	$(call build,release)

install: all
	cmake --install build --prefix $(PREFIX)
	@sh scripts/after_install $(PREFIX)

help:
	@sh run help

demo: all
	sh examples/demo.sh build/zarrc

# ------------------------------------------------------------------------------------------------------- checks
check: check-format check-layers check-codec-table unit check-symbols check-headers

check-format:
	@sh scripts/clang_format --dry-run -Werror $(SOURCES)

check-layers:
	python3 scripts/check_layers

check-codec-table:
	python3 scripts/check_codec_table

check-symbols:
	python3 scripts/check_symbols build/dev

check-headers:
	sh scripts/check_headers
	python3 scripts/check_statuses
	python3 scripts/check_structs

format:
	sh scripts/clang_format -i $(SOURCES)

tidy:
	$(call build,dev)
	clang-tidy --quiet -p build/dev --extra-arg=-Wno-unknown-warning-option $(filter src/%.c cli/%.c,$(SOURCES))

# -------------------------------------------------------------------------------------------------------- tests
unit:
	$(call build,dev)
	cd build/dev && $(CTEST)

# QUICK=--quick: a part of the tests; all of them run in `check` without a sanitizer. asan: not those that take long.
# tsan: those of what starts threads, but not of the command, whose threads are the library's.
asan: PART = -LE long
tsan: PART = -L threads -LE cli
asan tsan clang:
	$(call build,$@)
	$(CTEST) --preset $@ $(if $(QUICK),$(PART))

install-test: all
	sh tests/install/test_install.sh build

interop: all
	@cmake --build --preset release $(if $(JOBS),-j $(JOBS)) --target interop-programs -- --quiet
	sh tests/interop/run.sh build

# The Python package, with each Python of scripts/pythons: its environment, its own tests, and zarr-python's own tests
# with zarrc in place of its pipeline and of its codecs. QUICK=--quick takes a part of those. ZARRC_PYTHON=system or
# =newer takes one Python alone. test-xarray runs the tests of xarray's Zarr backend. test-python-tsan runs the threads' tests under the thread sanitizer; test-wheel builds
# and tries what is distributed.
QUICK =

python:
	sh python/tests/run.sh build install

test-python: all
	sh python/tests/run.sh build package

test-zarr:
	sh python/tests/run.sh build zarr $(QUICK)

test-xarray: python
	sh python/tests/xarray_tests.sh build

test-wheel:
	sh python/tests/wheel.sh build

test-python-tsan:
	sh python/tests/tsan.sh build $(if $(QUICK),-k "64-i4 or parts or forked")

# In tests gcc's warnings are errors in the release build, too: it sees more than the others.
test: export WARNINGS = -DZARRC_WERROR=ON

# Every stage runs, whatever fails; the last line counts. gcc builds all but tsan, which clang does.
test:
	@$(TALLY) start
	@$(TALLY) run check --ctest build/dev -- $(MAKE) -k check
	@$(TALLY) run asan --ctest build/asan -- $(MAKE) asan QUICK=--quick
	@$(TALLY) run tsan --ctest build/tsan -- $(MAKE) tsan QUICK=--quick
	@$(TALLY) run install -- $(MAKE) install-test
	@$(TALLY) run interop -- $(MAKE) interop
	@$(TALLY) run python -- $(MAKE) test-python
	@$(TALLY) run zarr -- $(MAKE) test-zarr QUICK=--quick
	@$(TALLY) run wheel -- $(MAKE) test-wheel
	@$(TALLY) run python-tsan -- $(MAKE) test-python-tsan QUICK=--quick
	@$(TALLY) run demo -- $(MAKE) demo
	@$(TALLY) report

# ------------------------------------------------------------------------------------------------ by hand only
# What takes too long for every day: the property test with 20,000 draws, from a seed of the day, under the sanitizers;
# the Python package's with 300 draws each; the unit tests with clang, and all of them under the sanitizers; all of
# zarr-python's tests and those of xarray's Zarr backend; the unit tests for other processors.
nightly:
	@$(TALLY) start
	@$(TALLY) run property -- $(MAKE) nightly-property
	@$(TALLY) run kill --ctest build/asan -- $(MAKE) nightly-kill
	@ZARRC_DRAWS=300 ZARRC_ROUNDS=20 ZARRC_SEED=$(shell date +%Y%m%d) $(TALLY) run python -- $(MAKE) test-python
	@ZARRC_UPDATES=10000 ZARRC_COPIED_MIB=4096 $(TALLY) run interop -- $(MAKE) interop
	@$(TALLY) run asan --ctest build/asan -- $(MAKE) asan
	@$(TALLY) run clang --ctest build/clang -- $(MAKE) clang
	@$(TALLY) run tsan --ctest build/tsan -- $(MAKE) tsan
	@$(TALLY) run zarr -- $(MAKE) test-zarr
	@$(TALLY) run xarray -- $(MAKE) test-xarray
	@$(TALLY) run wheel -- $(MAKE) test-wheel
	@$(TALLY) run python-tsan -- $(MAKE) test-python-tsan
	@$(TALLY) run cross -- $(MAKE) cross
	@$(TALLY) report

nightly-property:
	$(call build,asan)
	ZARRC_DRAWS=20000 ZARRC_SEED=$(shell date +%Y%m%d) build/asan/tests/array/test_property

nightly-kill:
	$(call build,asan)
	ZARRC_DRAWS=200 ctest --test-dir build/asan -R cli/test_overwrite_kill --output-on-failure --no-tests=error

# The unit tests for other processors, under emulation: arm64, s390x (big-endian), armhf (32 bits).
cross:
	sh scripts/cross

# Speed beside the bare loop and the peers that are installed: docs/performance.md. BENCH=quick takes some minutes.
bench: all
	@cmake --build --preset release $(if $(JOBS),-j $(JOBS)) --target bench-programs -- --quiet
	python3 bench/run.py $(BENCH)

# The same over networks: peers and servers (nginx, seaweedfs) are installed into build/venv-remote.
bench-remote: export BENCH := $(filter-out whole,$(BENCH))
bench-remote: all
	@cmake --build --preset release $(if $(JOBS),-j $(JOBS)) --target bench-programs -- --quiet
	@sh bench/remote.sh build $(BENCH)

# Each target for FUZZ_SECONDS; what is found lands in build/fuzz, inputs worth keeping in build/fuzz/corpus.
fuzz:
	$(call build,fuzz)
	@for source in $(filter-out fuzz/replay.c,$(wildcard fuzz/*.c)); do name=$$(basename $$source .c); \
	  mkdir -p build/fuzz/corpus/$$name; echo "== $$name"; \
	  dict=$$(ls fuzz/$$name.dict 2>/dev/null); \
	  build/fuzz/fuzz/$$name $${dict:+-dict=$$dict} -max_total_time=$(FUZZ_SECONDS) -print_final_stats=1 -artifact_prefix=build/fuzz/$$name- \
	    build/fuzz/corpus/$$name fuzz/corpus/$$name || exit 1; done

coverage:
	$(call build,coverage)
	$(CTEST) --preset coverage
	gcovr --root . --object-directory build/coverage --exclude-directories '.*CompilerIdC' --filter src/ --filter cli/ --txt --print-summary \
	  --html-details build/coverage/index.html

clean:
	rm -rf build
