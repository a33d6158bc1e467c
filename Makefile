# Fovea: a thin front of Meson. The command ends up at build/fovea.
#   make            build                         make test       all tests, the last line counts them
#   make demo       LeNet-5 learns to read        make bench      speed, beside its peers
#   make deps       install Debian packages       make accuracy   training to published figures
#   make install    to PREFIX below DESTDIR       make soak       sanitizers, other CPUs, long runs
#   make format     clang-format                  make lint       clang-format, clang-tidy, cppcheck
#   make pictures   drawings of the manual
# Variables: PREFIX DESTDIR bindir libdir includedir datadir mandir CC CFLAGS LDFLAGS JOBS
#   DEPS=skip       install no packages           SANITIZE=1      address and undefined behaviour, in build-asan
#   QUICK=1         fewer shapes a test           SANITIZE=thread data races, in build-tsan
PREFIX ?= /usr/local
JOBS ?=
SANITIZE ?=
QUICK ?=
TESTS ?=

BUILD_FOR_ = build
BUILD_FOR_1 = build-asan
BUILD_FOR_thread = build-tsan
FLAGS_FOR_ =
# object-size: takes gcc minutes on the unrolled kernels, and the address sanitizer sees the same accesses.
FLAGS_FOR_1 = -Db_sanitize=address,undefined \
              '-Dc_args=-fno-sanitize-recover=all -fno-sanitize=object-size -fno-var-tracking'
FLAGS_FOR_thread = -Db_sanitize=thread
BUILD ?= $(or $(BUILD_FOR_$(SANITIZE)),$(error SANITIZE is '$(SANITIZE)', and may be 1 or thread))
FLAGS = --prefix=$(PREFIX) $(foreach dir,bindir libdir includedir datadir mandir,$(if $($(dir)),--$(dir)=$($(dir)))) \
        $(FLAGS_FOR_$(SANITIZE)) \
        $(if $(SANITIZE),-Doptimization=1 -Ddebug=true -Db_ndebug=false -Db_lundef=false)
NINJA = ninja -C $(BUILD) $(if $(JOBS),-j $(JOBS))
# Prerequisites run in the order written; ninja does what can be done at once.
.NOTPARALLEL:

all: configure
	@$(NINJA) product

configure:
	@tools/configure $(BUILD) $(FLAGS)

deps:
	@tools/deps build test

deps-build:
	@tools/deps build

deps-soak:
	@tools/deps build test soak

deps-lint:
	@tools/deps build test lint

demo: deps-build all
	@tools/demo $(BUILD)

test: deps all
	@$(NINJA) tests
	@QUICK=$(QUICK) tests/run $(BUILD) $(if $(JOBS),--jobs $(JOBS)) $(TESTS)

bench: deps-build all
	@tools/bench $(BUILD)

accuracy: deps-build all
	@tools/accuracy $(BUILD)

soak: deps-soak
	@tools/soak

format:
	@tools/format

lint: deps-lint
	@JOBS=$(JOBS) tools/lint

pictures: all
	@tools/pictures $(BUILD)

install: all
	@DESTDIR="$(DESTDIR)" meson install -C $(BUILD) --no-rebuild $(if $(STRIP),--strip)

install-strip: STRIP = 1
install-strip: install

# Removes what install would write now, folders of our own included.
uninstall: configure
	@tools/uninstall $(BUILD) "$(DESTDIR)"

clean:
	rm -rf build build-asan build-tsan build-arm64 build-fuzz build-lint-*

.PHONY: all configure deps deps-build deps-soak deps-lint demo test bench accuracy soak format lint pictures install \
        install-strip uninstall clean
