// SPDX-License-Identifier: Apache-2.0

// One import for embedders: everything public of every module below the command line.
@_exported public import Cancellation
@_exported public import Emitters
@_exported public import Fusion
@_exported public import Gate
@_exported public import GraphIR
@_exported public import Importers
@_exported public import IntegerProgramming
@_exported public import MemoryLayout
@_exported public import Ordering
@_exported public import Planning
