#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes onnx.pb-c.c and include/onnx.pb-c.h from onnx.proto. Needs protoc-c
# (Debian, Ubuntu: protobuf-c-compiler). With --check it only compares.
set -eu
cd "$(dirname "$0")"
made=$(mktemp -d)
trap 'rm -rf "$made"' EXIT
protoc-c --c_out="$made" onnx.proto
if [ "${1:-}" = --check ]; then
  diff -u onnx.pb-c.c "$made/onnx.pb-c.c"
  diff -u include/onnx.pb-c.h "$made/onnx.pb-c.h"
else
  mkdir -p include
  cp "$made/onnx.pb-c.c" .
  cp "$made/onnx.pb-c.h" include/
fi
