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
VERSION := 1.0.0
SOVERSION := 1

SWIFT_FLAGS := -c release --static-swift-stdlib
BIN := $(shell swift build $(SWIFT_FLAGS) --show-bin-path)
ROOT := $(DESTDIR)$(PREFIX)
LIB := $(DESTDIR)$(LIBDIR)
SHARED := libgraphopt.so.$(VERSION)

.PHONY: all install uninstall package

all: $(BIN)/$(SHARED)
	swift build $(SWIFT_FLAGS) --product graphopt

$(BIN)/$(SHARED): FORCE
	scripts/link_library "$@" libgraphopt.so.$(SOVERSION)

install: all
	install -d "$(ROOT)/bin" "$(ROOT)/include" "$(LIB)/pkgconfig" "$(DESTDIR)$(MANDIR)/man1" \
	  "$(ROOT)/share/bash-completion/completions" "$(ROOT)/share/zsh/site-functions" \
	  "$(ROOT)/share/fish/vendor_completions.d"
	install -s -m 755 "$(BIN)/graphopt" "$(ROOT)/bin/graphopt"
	install -m 644 Sources/CGraphopt/include/graphopt.h "$(ROOT)/include/graphopt.h"
	install -m 755 "$(BIN)/$(SHARED)" "$(LIB)/$(SHARED)"
	ln -sf $(SHARED) "$(LIB)/libgraphopt.so.$(SOVERSION)"
	ln -sf libgraphopt.so.$(SOVERSION) "$(LIB)/libgraphopt.so"
	sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@LIBDIR@|$(LIBDIR)|' -e 's|@VERSION@|$(VERSION)|' \
	  Sources/CGraphopt/graphopt.pc.in > "$(LIB)/pkgconfig/graphopt.pc"
	install -m 644 Documentation/graphopt.1 "$(DESTDIR)$(MANDIR)/man1/graphopt.1"
	"$(BIN)/graphopt" --generate-completion-script bash \
	  > "$(ROOT)/share/bash-completion/completions/graphopt"
	"$(BIN)/graphopt" --generate-completion-script zsh \
	  > "$(ROOT)/share/zsh/site-functions/_graphopt"
	"$(BIN)/graphopt" --generate-completion-script fish \
	  > "$(ROOT)/share/fish/vendor_completions.d/graphopt.fish"

uninstall:
	rm -f "$(ROOT)/bin/graphopt" "$(ROOT)/include/graphopt.h" "$(LIB)"/libgraphopt.so* \
	  "$(LIB)/pkgconfig/graphopt.pc" "$(DESTDIR)$(MANDIR)/man1/graphopt.1" \
	  "$(ROOT)/share/bash-completion/completions/graphopt" \
	  "$(ROOT)/share/zsh/site-functions/_graphopt" \
	  "$(ROOT)/share/fish/vendor_completions.d/graphopt.fish"

FORCE:
