# SPDX-License-Identifier: Apache-2.0
#
# Installs the command and the C interface, for whoever has Swift here; what is installed runs on
# machines without it.
#
#   make install PREFIX=/usr/local [DESTDIR=staging]     make uninstall     make package

PREFIX ?= /usr/local
DESTDIR ?=
LIBDIR ?= $(PREFIX)/lib
MANDIR ?= $(PREFIX)/share/man
ZSHDIR ?= $(PREFIX)/share/zsh/site-functions
VERSION := 1.0.0
SOVERSION := $(firstword $(subst ., ,$(VERSION)))

SWIFT_FLAGS := -c release --static-swift-stdlib
BIN = $(shell swift build $(SWIFT_FLAGS) --show-bin-path)
BUILT := .build/install
SHARED := libgraphopt.so.$(VERSION)
ROOT := $(DESTDIR)$(PREFIX)
LIB := $(DESTDIR)$(LIBDIR)
MAN := $(DESTDIR)$(MANDIR)
BASH := $(ROOT)/share/bash-completion/completions/graphopt
ZSH := $(DESTDIR)$(ZSHDIR)/_graphopt
FISH := $(ROOT)/share/fish/vendor_completions.d/graphopt.fish

.PHONY: all install uninstall package

all:
	swift build $(SWIFT_FLAGS) --product graphopt
	scripts/link_library $(BUILT) $(VERSION)

install: all
	install -D -s -m 755 "$(BIN)/graphopt" "$(ROOT)/bin/graphopt"
	install -D -m 644 Sources/CGraphopt/include/graphopt.h "$(ROOT)/include/graphopt.h"
	install -D -m 755 $(BUILT)/$(SHARED) "$(LIB)/$(SHARED)"
	ln -sf $(SHARED) "$(LIB)/libgraphopt.so.$(SOVERSION)"
	ln -sf libgraphopt.so.$(SOVERSION) "$(LIB)/libgraphopt.so"
	install -m 644 $(BUILT)/libgraphopt.a "$(LIB)/libgraphopt.a"
	install -d "$(LIB)/pkgconfig"
	sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@LIBDIR@|$(LIBDIR)|' -e 's|@VERSION@|$(VERSION)|' \
	  Sources/CGraphopt/graphopt.pc.in > "$(LIB)/pkgconfig/graphopt.pc"
	install -D -m 644 Documentation/graphopt.1 "$(MAN)/man1/graphopt.1"
	install -d "$(dir $(BASH))" "$(dir $(ZSH))" "$(dir $(FISH))"
	"$(BIN)/graphopt" --generate-completion-script bash > "$(BASH)"
	"$(BIN)/graphopt" --generate-completion-script zsh > "$(ZSH)"
	"$(BIN)/graphopt" --generate-completion-script fish > "$(FISH)"

uninstall:
	rm -f "$(ROOT)/bin/graphopt" "$(ROOT)/include/graphopt.h" "$(LIB)"/libgraphopt.so* \
	  "$(LIB)/libgraphopt.a" "$(LIB)/pkgconfig/graphopt.pc" "$(MAN)/man1/graphopt.1" \
	  "$(BASH)" "$(ZSH)" "$(FISH)"

# Debian packages: the command, the shared library, and what compilers read.
package:
	scripts/package .build/packages $(VERSION)
